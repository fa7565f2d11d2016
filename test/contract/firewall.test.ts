/** Contract of the `firewall` port. */
import assert from 'node:assert/strict';
import { it } from 'mocha';
import { openEcho, openSolicitation } from '../support/echo.js';
import { describePortContract } from './support/suite.js';
import { lanLink, type World } from './support/world.js';

/** An IP protocol that nobody else speaks (RFC 3692). */
const protocol = 254;
const done = { outcome: 'done' };
const unchanged = { outcome: 'unchanged' };

/** Sources of `a` by family. */
const sources = { 4: '10.9.0.1', 6: 'fd09::1' } as const;
const familyOf = (address: string) => (address.includes(':') ? 6 : 4);

/** Whether `b` answers an echo request that `a` sends to this address. */
async function answers({ a, eventually }: World, destination: string, source?: string): Promise<void> {
  const question = { link: (await lanLink(a)).index, source: source ?? sources[familyOf(destination)], destination };
  const echo = await openEcho(a.ports, question);
  await eventually(`${destination} answers`, async () => {
    if ((await echo.replies()) > 0) return true;
    await echo.ask();
    return false;
  });
  await echo.close();
}

async function isSilent({ a, quiet }: World, destination: string, source?: string): Promise<void> {
  const question = { link: (await lanLink(a)).index, source: source ?? sources[familyOf(destination)], destination };
  const echo = await openEcho(a.ports, question);
  for (let asked = 0; asked < 2; asked++) {
    await echo.ask();
    await quiet();
  }
  assert.equal(await echo.replies(), 0, `${destination} should not answer`);
  await echo.close();
}

describePortContract('firewall', (world) => {
  const refuse = (set: string, ...addresses: string[]) => world().drive(world().b.ports.refuse(set, addresses));

  it('refuses addresses that are not assigned yet, and leaves the host its others', async () => {
    const { b } = world();
    assert.deepEqual(await refuse('one', '10.9.0.100', '10.9.0.101', 'fd09::100'), done);
    for (const prefix of ['10.9.0.100/24', '10.9.0.101/24', 'fd09::100/64']) await b.assign(prefix);
    await answers(world(), '10.9.0.2');
    await answers(world(), 'fd09::2');
    for (const address of ['10.9.0.100', '10.9.0.101', 'fd09::100']) await isSilent(world(), address);
    assert.deepEqual(await b.filters(), ['one']);
  });

  it('still answers who has the address: ARP and neighbour discovery', async () => {
    const { a, b, eventually } = world();
    const { mac } = await lanLink(b);
    for (const address of ['10.9.0.100', 'fd09::100'])
      await eventually(`the neighbour ${address} is known`, async () => (await a.neighbour(address)) === mac);
    const question = { link: (await lanLink(a)).index, source: 'fd09::1', destination: 'fd09::100' };
    const probe = await openSolicitation(a.ports, question);
    await probe.ask();
    await eventually('a probe of the neighbour is answered', async () => (await probe.replies()) > 0);
    await probe.close();
  });

  it('delivers no packet to a socket of the host', async () => {
    const { a, b, eventually, quiet } = world();
    const to = await b.ports.openRaw(4, protocol, (await lanLink(b)).index);
    const from = await a.ports.openRaw(4, protocol, (await lanLink(a)).index);
    const packet = { source: '10.9.0.1', hopLimit: 64, trafficClass: 0, payload: Uint8Array.of(1, 2, 3) };
    await a.ports.sendRaw(from, { ...packet, destination: '10.9.0.100' });
    await a.ports.sendRaw(from, { ...packet, destination: '10.9.0.2' });
    await eventually('the one to another address arrives', async () => (await b.ports.packets(to)).length > 0);
    await quiet();
    assert.deepEqual(
      (await b.ports.packets(to)).map(({ destination }) => destination),
      ['10.9.0.2'],
    );
    await a.ports.closeSocket(from);
    await b.ports.closeSocket(to);
  });

  it('replaces what the set refused, and keeps sets apart', async () => {
    assert.deepEqual(await refuse('two', '10.9.0.101'), done);
    assert.deepEqual(await refuse('one', 'fd09::100'), done);
    await answers(world(), '10.9.0.100');
    await isSilent(world(), '10.9.0.101');
    await isSilent(world(), 'fd09::100');
    assert.deepEqual([...(await world().b.filters())].sort(), ['one', 'two']);
  });

  it('takes effect in the order of the calls', async () => {
    const { b, drive } = world();
    const calls = [['10.9.0.100'], [], ['10.9.0.101', '10.9.0.100'], ['10.9.0.101']];
    const results = await drive(Promise.all(calls.map((addresses) => b.ports.refuse('two', addresses))));
    assert.deepEqual(results, [done, done, done, done]);
    await answers(world(), '10.9.0.100');
    await isSilent(world(), '10.9.0.101');
  });

  it('changes nothing where an address, a link or the name of the set is none', async () => {
    const wrong: (readonly [string, string])[] = [
      ['two', 'fd09::2 }; flush ruleset'],
      ['two', '10.9.0.100/24'],
      ['two', '10.9.0.100%eth0'],
      ['two', 'fe80::100%eth*'],
      ['two', 'fe80::100%'],
      ['Two words', '10.9.0.100'],
    ];
    for (const [set, address] of wrong) {
      const result = await refuse(set, '10.9.0.100', address);
      assert.ok(result.outcome === 'failed' && /\[EINVAL\]$/.test(result.error), `${set} ${address}: ${JSON.stringify(result)}`);
    }
    await answers(world(), '10.9.0.100');
    await isSilent(world(), '10.9.0.101');
  });

  it('refuses a link-local address on the link that it is bound to', async () => {
    const { a, b, eventually } = world();
    const own = (await a.ports.addresses()).find(({ address }) => address.startsWith('fe80:'))?.address;
    await b.assign('fe80::100/64');
    await answers(world(), 'fe80::100', own);
    assert.deepEqual(await refuse('two', 'fe80::100%eth7', 'FE80:0::100%eth9'), done);
    await answers(world(), 'fe80::100', own);
    assert.deepEqual(await refuse('two', `fe80::100%${b.link}`), done);
    await isSilent(world(), 'fe80::100', own);
    await eventually('its neighbour is known', async () => (await a.neighbour('fe80::100')) === (await lanLink(b)).mac);
  });

  it('leaves no trace of an empty set', async () => {
    const { b } = world();
    assert.deepEqual(await refuse('one'), done);
    assert.deepEqual(await b.filters(), ['two']);
    assert.deepEqual(await refuse('two'), done);
    assert.deepEqual(await refuse('two'), unchanged);
    assert.deepEqual(await b.filters(), []);
    for (const address of ['10.9.0.100', '10.9.0.101', 'fd09::100']) await answers(world(), address);
  });
});
