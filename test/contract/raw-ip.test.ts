/** Contract of the `rawIp` port. */
import assert from 'node:assert/strict';
import type { OutgoingPacket } from '@mainstay/sdk';
import { it } from 'mocha';
import { describePortContract } from './support/suite.js';
import { lanLink, type World, type WorldHost } from './support/world.js';

/** An IP protocol that nobody else speaks: 253 and 254 are for experiments (RFC 3692). */
const protocol = 253;

const packet4: OutgoingPacket = {
  source: '10.9.0.1',
  destination: '224.0.0.18',
  hopLimit: 255,
  trafficClass: 0xc0,
  payload: Uint8Array.of(1, 2, 3),
};
const packet6: OutgoingPacket = { ...packet4, source: 'fd09::1', destination: 'ff02::12' };

async function open(host: WorldHost, family: 4 | 6, group?: string): Promise<number> {
  const socket = await host.ports.openRaw(family, protocol, (await lanLink(host)).index);
  if (group !== undefined) await host.ports.join(socket, group);
  return socket;
}

async function arrives(world: World, host: WorldHost, socket: number, count: number): Promise<void> {
  await world.eventually(`${count} packets arrive`, async () => (await host.ports.packets(socket)).length >= count);
  await world.quiet();
  assert.equal((await host.ports.packets(socket)).length, count);
}

describePortContract('rawIp', (world) => {
  for (const [family, packet] of [
    [4, packet4],
    [6, packet6],
  ] as const) {
    it(`carries an IPv${family} multicast packet with source, destination, hop limit and exact payload`, async () => {
      const { a, b } = world();
      const to = await open(b, family, packet.destination);
      const from = await open(a, family, packet.destination);
      await a.ports.sendRaw(from, packet);
      await arrives(world(), b, to, 1);
      const [received] = await b.ports.packets(to);
      assert.ok(received);
      const { receivedAt, payload, ...rest } = received;
      assert.deepEqual(rest, {
        source: packet.source,
        destination: packet.destination,
        hopLimit: 255,
        link: (await lanLink(b)).index,
      });
      assert.deepEqual([...payload], [1, 2, 3]);
      assert.ok(Number.isFinite(receivedAt));
      assert.equal((await a.ports.counters(from)).sent, 1);
      assert.equal((await a.ports.counters(from)).received, 0, 'a sender does not hear itself');
      assert.equal((await b.ports.counters(to)).received, 1);
      await a.ports.closeSocket(from);
      await b.ports.closeSocket(to);
    });

    it(`hears an IPv${family} group only while joined; joining twice counts twice`, async () => {
      const { a, b } = world();
      const { destination } = packet;
      const to = await open(b, family);
      const member = await open(b, family, destination);
      const from = await open(a, family);
      await a.ports.sendRaw(from, packet);
      await arrives(world(), b, member, 1);
      assert.equal((await b.ports.packets(to)).length, 0, 'another member on the host does not make it ours');
      await b.ports.join(to, destination);
      await b.ports.join(to, destination);
      await b.ports.leave(to, destination);
      await a.ports.sendRaw(from, packet);
      await arrives(world(), b, to, 1);
      await b.ports.leave(to, destination);
      await a.ports.sendRaw(from, packet);
      await arrives(world(), b, member, 3);
      assert.equal((await b.ports.packets(to)).length, 1);
      for (const socket of [to, member]) await b.ports.closeSocket(socket);
      await a.ports.closeSocket(from);
    });

    it(`sends IPv${family} unicast with a hop limit and a foreign source as asked`, async () => {
      const { a, b } = world();
      const to = await open(b, family);
      const from = await open(a, family);
      const destination = family === 4 ? '10.9.0.2' : 'fd09::2';
      const source = family === 4 ? '10.9.0.77' : 'fd09::77';
      await a.ports.sendRaw(from, { ...packet, source, destination, hopLimit: 3 });
      await arrives(world(), b, to, 1);
      const [received] = await b.ports.packets(to);
      assert.deepEqual([received?.source, received?.destination, received?.hopLimit], [source, destination, 3]);
      await a.ports.closeSocket(from);
      await b.ports.closeSocket(to);
    });
  }

  it('shares one link and protocol: each opener gets its own copy', async () => {
    const { a, b } = world();
    const [one, two] = [await open(b, 4, '224.0.0.18'), await open(b, 4, '224.0.0.18')];
    const from = await open(a, 4);
    await a.ports.sendRaw(from, packet4);
    await arrives(world(), b, one, 1);
    await arrives(world(), b, two, 1);
    await b.ports.closeSocket(one);
    await a.ports.sendRaw(from, packet4);
    await arrives(world(), b, two, 2);
    assert.equal((await b.ports.packets(one)).length, 1);
    await b.ports.closeSocket(two);
    await a.ports.closeSocket(from);
  });

  it('refuses a link that does not exist, and a group of the wrong family', async () => {
    const { a } = world();
    await assert.rejects(a.ports.openRaw(4, protocol, 9999), /\[ENODEV\]/);
    const socket = await open(a, 4);
    await assert.rejects(a.ports.join(socket, 'ff02::12'), /\[EINVAL\]/);
    await assert.rejects(a.ports.join(socket, '10.9.0.2'), /\[EINVAL\]/);
    await a.ports.closeSocket(socket);
  });

  it('reports a failed send to onError, never to the caller', async () => {
    const { a, eventually } = world();
    const socket = await open(a, 4, '224.0.0.18');
    await a.setLink('down');
    await a.ports.sendRaw(socket, packet4);
    await eventually('the error is reported', async () => (await a.ports.errors(socket)).length === 1);
    assert.match((await a.ports.errors(socket))[0] ?? '', /\[ENET(DOWN|UNREACH)\]/);
    const { sent, sendFailures } = await a.ports.counters(socket);
    assert.deepEqual({ sent, sendFailures }, { sent: 0, sendFailures: 1 });
    await a.setLink('up');
    await eventually('the link is up', async () => (await lanLink(a)).isUp);
    await a.ports.sendRaw(socket, packet4);
    await eventually('it sends again', async () => (await a.ports.counters(socket)).sent === 1);
    await a.ports.closeSocket(socket);
  });
});
