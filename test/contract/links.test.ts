/** Contract of the `links` port. */
import assert from 'node:assert/strict';
import { it } from 'mocha';
import { describePortContract } from './support/suite.js';
import { lanLink } from './support/world.js';

describePortContract('links', (world) => {
  it('lists the loopback link and the link to the LAN, with name, mac and mtu', async () => {
    const { a } = world();
    const links = await a.ports.links();
    const loopback = links.find(({ isLoopback }) => isLoopback);
    assert.deepEqual(loopback && { ...loopback, index: 1 }, {
      index: 1,
      name: 'lo',
      isUp: true,
      mac: '',
      mtu: 65536,
      isLoopback: true,
    });
    const { mac, mtu, isUp, index } = await lanLink(a);
    assert.match(mac, /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/);
    assert.deepEqual({ mtu, isUp, isPositive: index > 1 }, { mtu: 1500, isUp: true, isPositive: true });
  });

  it('finds a link by its name and by its index', async () => {
    const { a } = world();
    const link = await lanLink(a);
    assert.deepEqual([await a.ports.linkByName(a.link), await a.ports.linkByIndex(link.index)], [link, link]);
    assert.deepEqual([await a.ports.linkByName('none'), await a.ports.linkByIndex(9999)], [undefined, undefined]);
  });

  it('tells two hosts apart by mac', async () => {
    const { a, b } = world();
    assert.notEqual((await lanLink(a)).mac, (await lanLink(b)).mac);
  });

  it('follows a link that is set down and up, with events', async () => {
    const { a, eventually } = world();
    const before = (await a.ports.events()).length;
    await a.setLink('down');
    await eventually('the link is down', async () => !(await lanLink(a)).isUp);
    await a.setLink('up');
    await eventually('the link is up again', async () => (await lanLink(a)).isUp);
    const events = (await a.ports.events()).slice(before).filter(({ of }) => of === 'link');
    assert.ok(events.length >= 2, `only ${events.length} events`);
    assert.ok(events.every(({ kind, what }) => kind === 'changed' && what === a.link));
  });

  it('is not up without a carrier', async () => {
    const { a, eventually } = world();
    await a.setCarrier(false);
    await eventually('no carrier', async () => !(await lanLink(a)).isUp);
    await a.setCarrier(true);
    await eventually('carrier', async () => (await lanLink(a)).isUp);
  });

  it('forgets a link that is removed', async () => {
    const { b, eventually } = world();
    const { index } = await lanLink(b);
    await b.removeLink();
    await eventually('the link is gone', async () => !(await b.ports.links()).some(({ name }) => name === b.link));
    assert.deepEqual([await b.ports.linkByName(b.link), await b.ports.linkByIndex(index)], [undefined, undefined]);
    const last = (await b.ports.events()).filter(({ of }) => of === 'link').at(-1);
    assert.deepEqual(last, { of: 'link', kind: 'removed', what: b.link });
    assert.ok(!(await b.ports.addresses()).some(({ address }) => address === '10.9.0.2'), 'its addresses are gone too');
  });
});
