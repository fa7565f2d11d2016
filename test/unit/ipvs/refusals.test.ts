/** Refusals of the kernel in company: nothing is taken away for what is refused, and none waits because of another. */
import assert from 'node:assert/strict';
import { Refusals } from '@mainstay/ipvs/internal/refusals.js';
import type { IpvsEdit } from '@mainstay/sdk';
import { describe, it } from 'mocha';
import { FakeIpvs } from './fake-ipvs.js';
import { Stand } from './stand.js';

const virtual = (numbers: readonly number[], more = '') => `
virtual_server 192.0.2.1 80 {
  protocol TCP
  ${more}
  ${numbers.map((n) => `real_server 10.0.0.${n} 80 {\n TCP_CHECK {\n }\n }`).join('\n  ')}
}`;
const table = (...servers: readonly (readonly [number, number])[]) =>
  `TCP  192.0.2.1:80 wlc\n${servers.map(([n, weight]) => `  -> 10.0.0.${n}:80 Masq ${weight}\n`).join('')}`;
const refusing =
  (what: IpvsEdit['do'], code = 'ENOMEM') =>
  (edit: IpvsEdit) =>
    edit.do === what ? code : undefined;
const held =
  'the servers of TCP 192.0.2.1:80 that are to go stay, and go on getting connections: the kernel has taken none of those that are to serve';

describe('ipvs: servers whose replacement is refused', () => {
  it('stay until the kernel takes one of those that come, and that is said once', async () => {
    const stand = await Stand.start(virtual([1, 2]));
    const { ipvs } = stand;
    ipvs.refuse = refusing('addDestination');
    await stand.reload(virtual([3, 4]));
    await stand.clock.advance(200_000);
    assert.equal(ipvs.text, table([1, 1], [2, 1]));
    assert.deepEqual(
      stand.complaints().filter((one) => one === held),
      [held],
    );
    ipvs.refuse = (edit) => (edit.do === 'addDestination' && edit.destination.address === '10.0.0.3' ? 'ENOMEM' : undefined);
    await stand.clock.advance(61_000);
    assert.equal(ipvs.text, table([4, 1]));
    ipvs.refuse = undefined;
    await stand.clock.advance(61_000);
    assert.equal(ipvs.text, table([3, 1], [4, 1]));
  });

  it('stay where the sorry server is refused, also with inhibit_on_failure', async () => {
    for (const more of ['', 'inhibit_on_failure']) {
      const stand = await Stand.start(virtual([1, 2], `${more}\n sorry_server 10.0.0.9 80`));
      const { ipvs } = stand;
      ipvs.refuse = refusing('addDestination');
      await stand.tell('TCP_CHECK', false);
      assert.equal(ipvs.text, table([1, 1], [2, 1]));
      ipvs.refuse = undefined;
      await stand.clock.advance(1001);
      assert.equal(ipvs.text, more === '' ? table([9, 1]) : table([1, 0], [2, 0], [9, 1]));
    }
  });

  it('go where another serves, where none is to serve, and with their service', async () => {
    const stand = await Stand.start(virtual([1, 2]));
    const { ipvs } = stand;
    ipvs.refuse = refusing('addDestination');
    await stand.reload(virtual([2, 3]));
    assert.equal(ipvs.text, table([2, 1]));
    await stand.tell('TCP_CHECK', false);
    assert.equal(ipvs.text, table());
    await stand.reload(virtual([3]).replace('192.0.2.1', '192.0.2.2'));
    assert.equal(ipvs.text, 'TCP  192.0.2.2:80 wlc\n');
    assert.equal(stand.complaints().includes(held), false);
  });

  it('go where the kernel does not know the one that comes, once it was looked at', async () => {
    const stand = await Stand.start(virtual([1, 2]));
    const { ipvs } = stand;
    ipvs.refuse = refusing('addDestination', 'ENOENT');
    await stand.reload(virtual([2, 3]));
    assert.equal(ipvs.text, table([2, 1]));
  });

  it('stay where the one that serves as well was removed by somebody', async () => {
    const stand = await Stand.start(virtual([1, 2]));
    const { ipvs } = stand;
    ipvs.somebody({
      do: 'deleteDestination',
      service: { family: 4, protocol: 'tcp', address: '192.0.2.1', port: 80 },
      destination: { family: 4, address: '10.0.0.2', port: 80 },
    });
    ipvs.refuse = refusing('addDestination', 'ESRCH');
    await stand.reload(virtual([2, 3]));
    assert.equal(ipvs.text, table([1, 1]));
    ipvs.refuse = undefined;
    await stand.clock.advance(5000);
    assert.equal(ipvs.text, table([2, 1], [3, 1]));
  });

  it('are put in their places again when something else is wanted while the kernel is at work', async () => {
    const stand = await Stand.start(virtual([1, 2], 'sorry_server 10.0.0.9 80'));
    const { ipvs } = stand;
    await stand.tell('10.0.0.2', false);
    const apply = ipvs.apply.bind(ipvs);
    ipvs.apply = async (edits) => {
      ipvs.apply = apply;
      const results = await apply(edits);
      stand.checks.tell('10.0.0.1', true);
      return results;
    };
    ipvs.takeEdits();
    await stand.tell('10.0.0.1', false);
    assert.deepEqual(
      ipvs.takeEdits().map((edit) => edit.do),
      ['addDestination', 'deleteDestination'],
    );
    assert.equal(ipvs.text, table([1, 1]));
  });
});

describe('ipvs: pauses before the next try', () => {
  it('begin anew for another refusal, and for another reason', async () => {
    const ipvs = new FakeIpvs();
    const refused = new Map([['10.0.0.1', 'EPERM']]);
    ipvs.refuse = (edit) => ('destination' in edit ? refused.get(edit.destination.address) : undefined);
    const stand = await Stand.start(virtual([1, 2, 3]), { ipvs });
    await stand.clock.advance(300_000);
    refused.set('10.0.0.2', 'ENOMEM');
    await stand.tell('10.0.0.2', false);
    refused.delete('10.0.0.2');
    await stand.clock.advance(1001);
    assert.equal(ipvs.text, table([3, 1]));
    await stand.clock.advance(300_000);
    refused.set('10.0.0.1', 'ENOMEM');
    await stand.tell('10.0.0.3', true, { weight: 7 });
    await stand.clock.advance(61_000);
    const before = ipvs.takeEdits().length;
    assert.ok(before > 0);
    await stand.clock.advance(300_000);
    const tries = ipvs.takeEdits().length;
    assert.ok(tries <= 10, `${tries} tries`);
  });

  it('are not put off by one that is refused again and again', async () => {
    const ipvs = new FakeIpvs();
    const refused = new Set(['10.0.0.1', '10.0.0.2']);
    ipvs.refuse = (edit) => ('destination' in edit && refused.has(edit.destination.address) ? 'ENOMEM' : undefined);
    const stand = await Stand.start(virtual([1, 2, 3]), { ipvs });
    refused.delete('10.0.0.1');
    for (let i = 0; i < 5; i++) {
      stand.checks.tell('10.0.0.2', i % 2 === 1);
      await stand.clock.advance(300);
    }
    assert.equal(ipvs.text, table([1, 1], [3, 1]));
  });
});

describe('ipvs: what is refused', () => {
  const refusal = (message: string) => ({ message, since: 1 });

  it('is known by service and server, and forgotten when nobody wants it', () => {
    const refusals = new Refusals();
    assert.ok(refusals.add('A', undefined, refusal('no scheduler')));
    assert.ok(refusals.add('A', 'one', refusal('no memory')));
    assert.ok(refusals.add('B', 'one', refusal('no memory')));
    assert.equal(refusals.add('A', 'one', refusal('no memory')), false);
    assert.ok(refusals.add('A', 'one', refusal('not permitted')));
    refusals.keepOnly('A', () => ['one']);
    assert.equal(refusals.of('A'), undefined);
    assert.equal(refusals.of('A', 'one')?.message, 'not permitted');
    assert.equal(refusals.of('B', 'one')?.message, 'no memory');
    assert.equal(refusals.delete('A', 'one'), true);
    assert.equal(refusals.delete('A', 'one'), false);
    assert.equal(refusals.of('A', 'one'), undefined);
  });

  it('costs no more where a whole large table is refused', async () => {
    const group = Array.from({ length: 100 }, (_, i) => ` 10.1.${i}.1-200 80`).join('\n');
    const ipvs = new FakeIpvs();
    ipvs.refuse = () => 'EPERM';
    const config = `virtual_server_group G {\n${group}\n}\n${virtual([1]).replace('192.0.2.1 80', 'group G')}`;
    const stand = await Stand.start(config, { ipvs });
    ipvs.takeEdits();
    const began = process.cpuUsage().user;
    await stand.clock.advance(1001);
    assert.equal(ipvs.takeEdits().length, 40_000);
    const seconds = (process.cpuUsage().user - began) / 1e6;
    assert.ok(seconds < 5, `${seconds} s`);
  }).timeout(60_000);
});
