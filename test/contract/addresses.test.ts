/** Contract of the `addresses` port. */
import assert from 'node:assert/strict';
import type { AddressKey, NewAddress } from '@mainstay/sdk';
import { it } from 'mocha';
import { describePortContract } from './support/suite.js';
import { lanLink, type WorldHost } from './support/world.js';

const done = { outcome: 'done' };
const unchanged = { outcome: 'unchanged' };

async function v4(host: WorldHost, last: number): Promise<NewAddress> {
  return { link: (await lanLink(host)).index, family: 4, address: `10.9.1.${last}`, prefixLength: 32, scope: 'global' };
}

async function v6(host: WorldHost, last: number): Promise<NewAddress> {
  return {
    link: (await lanLink(host)).index,
    family: 6,
    address: `fd09:1::${last}`,
    prefixLength: 128,
    scope: 'global',
    noDad: true,
  };
}

async function find(host: WorldHost, { address }: AddressKey) {
  return (await host.ports.addresses()).find((held) => held.address === address);
}

describePortContract('addresses', (world) => {
  // The copy is read again now and then; for those milliseconds it may lag behind an answer.
  async function listed(host: WorldHost, key: AddressKey) {
    await world().eventually(`${key.address} is listed`, async () => (await find(host, key)) !== undefined);
    return find(host, key);
  }
  async function unlisted(host: WorldHost, key: AddressKey): Promise<void> {
    await world().eventually(`${key.address} is no longer listed`, async () => (await find(host, key)) === undefined);
  }
  async function told(host: WorldHost, what: string, count: number) {
    const about = async () => (await host.ports.events()).filter((event) => event.what === what);
    await world().eventually(`${count} events of ${what}`, async () => (await about()).length >= count);
    return about();
  }

  it('lists what somebody else assigned, as not ours', async () => {
    const { a } = world();
    const held = (await a.ports.addresses()).find(({ address }) => address === '10.9.0.1');
    const { index } = await lanLink(a);
    assert.deepEqual(held, {
      link: index,
      family: 4,
      address: '10.9.0.1',
      prefixLength: 24,
      scope: 'global',
      isOurs: false,
    });
  });

  it('answers for one address by its key, and for one link', async () => {
    const { a, drive } = world();
    const { index } = await lanLink(a);
    const [four, six] = [await v4(a, 30), await v6(a, 30)];
    await drive(a.ports.addAddresses([four, six]));
    for (const wanted of [four, six]) {
      await listed(a, wanted);
      assert.deepEqual(await a.ports.address(wanted), { ...wanted, isOurs: true });
      assert.equal(await a.ports.address({ ...wanted, prefixLength: 20 }), undefined, 'another prefix length');
      assert.equal(await a.ports.address({ ...wanted, link: 1 }), undefined, 'another link');
    }
    assert.equal((await a.ports.address({ ...six, address: 'FD09:1:0::30' }))?.address, six.address, 'however it is written');
    assert.deepEqual(
      await a.ports.addressesOn(index),
      (await a.ports.addresses()).filter(({ link }) => link === index),
    );
    assert.deepEqual(await a.ports.addressesOn(9999), []);
    await drive(a.ports.removeAddresses([four, six]));
    for (const wanted of [four, six]) await unlisted(a, wanted);
    assert.equal(await a.ports.address(four), undefined);
    assert.ok((await a.ports.addressesOn(index)).every(({ address }) => address !== four.address && address !== six.address));
  });

  for (const [name, make] of [
    ['IPv4', v4],
    ['IPv6', v6],
  ] as const) {
    it(`adds and removes ${name}: marked as ours, listed, told to watchers`, async () => {
      const { a, drive } = world();
      const wanted = await make(a, 1);
      assert.deepEqual(await drive(a.ports.addAddresses([wanted])), [done]);
      assert.deepEqual(await listed(a, wanted), { ...wanted, isOurs: true });
      assert.deepEqual(await drive(a.ports.removeAddresses([wanted])), [done]);
      await unlisted(a, wanted);
      assert.deepEqual(await told(a, wanted.address, 2), [
        { of: 'address', kind: 'added', what: wanted.address },
        { of: 'address', kind: 'removed', what: wanted.address },
      ]);
    });

    it(`answers "unchanged" for ${name} that is there already, or already gone`, async () => {
      const { a, drive } = world();
      const wanted = await make(a, 2);
      assert.deepEqual(await drive(a.ports.addAddresses([wanted, wanted])), [done, unchanged]);
      assert.deepEqual(await drive(a.ports.removeAddresses([wanted, wanted])), [done, unchanged]);
    });
  }

  it('carries label, scope, broadcast, peer, noprefixroute and a preferred lifetime of 0', async () => {
    const { a, drive } = world();
    const { index, name } = await lanLink(a);
    const wanted: NewAddress[] = [
      {
        link: index,
        family: 4,
        address: '10.9.2.1',
        prefixLength: 24,
        scope: 'link',
        label: `${name}:vip`,
        broadcast: '10.9.2.255',
        noPrefixRoute: true,
      },
      { link: index, family: 4, address: '10.9.3.1', peer: '10.9.3.2', prefixLength: 32, scope: 'global' },
      {
        link: index,
        family: 6,
        address: 'fd09:2::1',
        prefixLength: 64,
        scope: 'global',
        noDad: true,
        noPrefixRoute: true,
        preferredLifetime: 0,
      },
    ];
    assert.deepEqual(await drive(a.ports.addAddresses(wanted)), [done, done, done]);
    for (const address of wanted) assert.deepEqual(await listed(a, address), { ...address, isOurs: true });
    assert.deepEqual(await drive(a.ports.removeAddresses(wanted)), [done, done, done]);
    for (const address of wanted) await unlisted(a, address);
  });

  it('keeps the order of calls: removals overtake no additions', async () => {
    const { a, drive } = world();
    const many = await Promise.all(Array.from({ length: 150 }, (_, i) => v4(a, i + 50)));
    const [added, removed, again] = await drive(
      Promise.all([a.ports.addAddresses(many), a.ports.removeAddresses(many), a.ports.addAddresses(many.slice(0, 3))]),
    );
    assert.ok(added.every(({ outcome }) => outcome === 'done'));
    assert.ok(removed.every(({ outcome }) => outcome === 'done'));
    assert.deepEqual(again, [done, done, done]);
    const held = async () => (await a.ports.addresses()).filter(({ address }) => address.startsWith('10.9.1.'));
    await world().eventually('three are left', async () => (await held()).length === 3);
    await drive(a.ports.removeAddresses(many));
  });

  it('keeps the order of many calls of one address each, made in one moment', async () => {
    const { a, drive } = world();
    const many = await Promise.all(Array.from({ length: 200 }, (_, i) => v4(a, i + 20)));
    const before = (await a.ports.events()).length;
    const answers = await drive(
      Promise.all([
        ...many.map((one) => a.ports.addAddresses([one])),
        ...many.map((one) => a.ports.removeAddresses([one])),
        a.ports.addAddresses(many.slice(0, 1)),
      ]),
    );
    assert.equal(answers.length, 401);
    assert.ok(answers.every(([result]) => result?.outcome === 'done'));
    await world().eventually('every event has come', async () => (await a.ports.events()).length >= before + 401);
    const told = (await a.ports.events()).slice(before).map(({ kind, what }) => `${kind} ${what}`);
    const texts = many.map(({ address }) => address);
    const expected = [...texts.map((t) => `added ${t}`), ...texts.map((t) => `removed ${t}`), `added ${texts[0]}`];
    assert.deepEqual(told, expected);
    await drive(a.ports.removeAddresses(many));
  });

  it('removes an address with a peer that it was asked for a moment ago', async () => {
    const { a, drive } = world();
    const wanted = { ...(await v4(a, 20)), peer: '10.9.1.21' };
    const [added, removed] = await drive(Promise.all([a.ports.addAddresses([wanted]), a.ports.removeAddresses([wanted])]));
    assert.deepEqual([added, removed], [[done], [done]]);
    await unlisted(a, wanted);
  });

  it('tells of the link before the IPv6 addresses that go down with it', async () => {
    const { b, drive, eventually } = world();
    const six = await v6(b, 9);
    await drive(b.ports.addAddresses([six]));
    await told(b, six.address, 1);
    const before = (await b.ports.events()).length;
    await b.setLink('down');
    await eventually('IPv6 is gone', async () => (await find(b, six)) === undefined);
    const events = (await b.ports.events()).slice(before).filter(({ what }) => what === b.link || what === six.address);
    await b.setLink('up');
    assert.deepEqual(events, [
      { of: 'link', kind: 'changed', what: b.link },
      { of: 'address', kind: 'removed', what: six.address },
    ]);
  });

  it('reports the refusal of one request and does the others', async () => {
    const { a, drive } = world();
    const good = await v4(a, 5);
    const [first, second, third] = await drive(
      a.ports.addAddresses([{ ...good, link: 9999 }, good, { ...good, address: '10.9.1.6', prefixLength: 33 }]),
    );
    assert.ok(first?.outcome === 'failed' && /\[ENODEV\]$/.test(first.error), JSON.stringify(first));
    assert.deepEqual(second, done);
    assert.ok(third?.outcome === 'failed' && /\[EINVAL\]$/.test(third.error), JSON.stringify(third));
    await drive(a.ports.removeAddresses([good]));
  });

  it('follows what somebody else adds and removes', async () => {
    const { a, eventually } = world();
    await a.assign('10.9.4.1/24');
    await eventually('it is listed', async () => (await find(a, { address: '10.9.4.1' } as AddressKey))?.isOurs === false);
    await a.unassign('10.9.4.1/24');
    await eventually('it is gone', async () => (await find(a, { address: '10.9.4.1' } as AddressKey)) === undefined);
  });

  it('sees that somebody else took away what we added', async () => {
    const { a, drive, eventually } = world();
    const wanted = await v4(a, 7);
    await drive(a.ports.addAddresses([wanted]));
    await a.unassign('10.9.1.7/32');
    await eventually('it is gone', async () => (await find(a, wanted)) === undefined);
    assert.deepEqual(await drive(a.ports.removeAddresses([wanted])), [unchanged]);
  });

  it('forgets IPv6 addresses of a link that is set down, and keeps IPv4', async () => {
    const { b, drive, eventually } = world();
    const [four, six] = [await v4(b, 8), await v6(b, 8)];
    await drive(b.ports.addAddresses([four, six]));
    await b.setLink('down');
    await eventually('IPv6 is gone', async () => (await find(b, six)) === undefined);
    assert.deepEqual(await listed(b, four), { ...four, isOurs: true });
    await b.setLink('up');
  });
});
