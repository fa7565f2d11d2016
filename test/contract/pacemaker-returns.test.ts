/** Contract of the `pacemaker` port: what goes back to where it came from, keys out of the source, and what is not told at all. */
import assert from 'node:assert/strict';
import type { PacedPacket } from '@mainstay/sdk';
import { it } from 'mocha';
import { address, describePacemaker, packet } from './support/paced-lan.js';
import { lanLink } from './support/world.js';

const hour = 3_600_000;
const lastFour = { 4: 0x0a09_0001, 6: 1 } as const;

describePacemaker('what goes back, and what is not told', (lan) => {
  for (const family of [4, 6] as const) {
    const udp = (port: number, hopLimit: number) => ({ kind: 'udp', family, port, hopLimit, trafficClass: 0 }) as const;
    const to = (port: number, payload: readonly number[]): PacedPacket => ({
      ...packet(payload, {}, family),
      destination: address.b[family],
      destinationPort: port,
    });

    it(`returns UDP over IPv${family} with the hop limit of the socket, and tells nobody`, async () => {
      const l = lan();
      const left = await l.a.open({ transport: udp(49_160, 255) });
      const right = await l.b.open({ transport: udp(3790, 254), link: 0, key: 'source' });
      const filter = { source: address.a[family], hopLimit: [255, 255], length: [1, 4] } as const;
      const returns = { everyUs: 1000, burst: 50 };
      const watch = await l.b.calls.watch(right, { key: lastFour[family], filter, returns });
      await l.world.eventually('something comes back', async () => {
        await l.a.calls.send(left, to(3790, [1, 2, 3]));
        return (await l.a.packets('stray', left)).length > 0;
      });
      const [back] = await l.a.packets('stray', left);
      assert.deepEqual(back && [back.source, back.sourcePort, back.destination, back.hopLimit, [...back.payload]], [
        address.b[family],
        3790,
        address.a[family],
        254,
        [1, 2, 3],
      ]);
      // Too long for the filter: nobody's.
      await l.a.calls.send(left, to(3790, [1, 2, 3, 4, 5]));
      await l.arrive(l.b, 'stray', right, 1);
      assert.deepEqual(await l.b.told('packet', watch), []);
      const [returned, withheld] = await l.b.calls.watchReturns(watch);
      assert.ok(returned > 0 && withheld === 0);
    });
  }

  it('withholds what is too often', async () => {
    const l = lan();
    const transport = { kind: 'udp', family: 4, hopLimit: 255, trafficClass: 0 } as const;
    const left = await l.a.open({ transport: { ...transport, port: 49_161 } });
    const right = await l.b.open({ transport: { ...transport, port: 3791 } });
    // Without a key it looks at every packet.
    const watch = await l.b.calls.watch(right, { returns: { everyUs: hour * 1000, burst: 3 } });
    const there = { ...packet(7), destination: address.b[4], destinationPort: 3791 };
    await l.world.eventually('the neighbour is resolved', async () => {
      await l.a.calls.send(left, there);
      return (await l.b.calls.watchReturns(watch))[0] > 0;
    });
    for (let i = 0; i < 20; i++) await l.a.calls.send(left, there);
    await l.world.eventually('the rest is withheld', async () => (await l.b.calls.watchReturns(watch))[1] >= 17);
    assert.equal((await l.b.calls.watchReturns(watch))[0], 3);
    await l.arrive(l.a, 'stray', left, 3);
    await l.world.quiet();
    assert.equal((await l.a.packets('stray', left)).length, 3);
  });

  it('returns nothing but UDP', async () => {
    const l = lan();
    const socket = await l.a.open();
    await assert.rejects(l.a.calls.watch(socket, { returns: { everyUs: 1000, burst: 1 } }), /only UDP goes back/);
  });

  it('hears only by the link that is named', async () => {
    const l = lan();
    const { index } = await lanLink(l.b.host);
    const transport = { kind: 'udp', family: 4, hopLimit: 255, trafficClass: 0 } as const;
    const left = await l.a.open({ transport: { ...transport, port: 49_164 } });
    const right = await l.b.open({ transport: { ...transport, port: 3794 }, link: 0 });
    const here = await l.b.calls.watch(right, { filter: { link: index } });
    const elsewhere = await l.b.calls.watch(right, { filter: { link: index + 1000 } });
    const there = { ...packet(7), destination: address.b[4], destinationPort: 3794 };
    await l.world.eventually('it is told', async () => {
      await l.a.calls.send(left, there);
      return (await l.b.packets('packet', here)).length > 0;
    });
    await l.world.quiet();
    assert.deepEqual([await l.b.packets('stray', right), await l.b.packets('packet', elsewhere)], [[], []]);
  });

  it('hears only what is sent to the address that is named', async () => {
    const l = lan();
    const transport = { kind: 'udp', family: 4, hopLimit: 255, trafficClass: 0 } as const;
    const left = await l.a.open({ transport: { ...transport, port: 49_165 } });
    const right = await l.b.open({ transport: { ...transport, port: 3795 }, link: 0 });
    const here = await l.b.calls.watch(right, { filter: { destination: address.b[4] } });
    const elsewhere = await l.b.calls.watch(right, { filter: { destination: address.a[4] } });
    const there = { ...packet(7), destination: address.b[4], destinationPort: 3795 };
    await l.world.eventually('it is told', async () => {
      await l.a.calls.send(left, there);
      return (await l.b.packets('packet', here)).length > 0;
    });
    await l.world.quiet();
    assert.deepEqual([await l.b.packets('stray', right), await l.b.packets('packet', elsewhere)], [[], []]);
  });

  it('tells watches apart by the source', async () => {
    const l = lan();
    const transport = { kind: 'udp', family: 4, hopLimit: 255, trafficClass: 0 } as const;
    const left = await l.a.open({ transport: { ...transport, port: 49_162 } });
    const right = await l.b.open({ transport: { ...transport, port: 3792 }, key: 'source' });
    const [watch, other] = [await l.b.calls.watch(right, { key: lastFour[4] }), await l.b.calls.watch(right, { key: 1 })];
    const there = { ...packet(7), destination: address.b[4], destinationPort: 3792 };
    await l.world.eventually('it is told', async () => {
      await l.a.calls.send(left, there);
      return (await l.b.packets('packet', watch)).length > 0;
    });
    await l.world.quiet();
    assert.deepEqual([await l.b.packets('stray', right), await l.b.packets('packet', other)], [[], []]);
  });

  it('tells nobody what no watch wants, where nobody asks for it', async () => {
    const l = lan();
    const transport = { kind: 'udp', family: 4, hopLimit: 255, trafficClass: 0 } as const;
    const left = await l.a.open({ transport: { ...transport, port: 49_163 } });
    const right = await l.b.open({ transport: { ...transport, port: 3793 }, key: { offset: 0, length: 1 }, isDeaf: true });
    const watch = await l.b.calls.watch(right, { key: 2 });
    const there = (head: number) => ({ ...packet(head), destination: address.b[4], destinationPort: 3793 });
    await l.world.eventually('it is told', async () => {
      await l.a.together(['send', left, there(1)], ['send', left, there(2)]);
      return (await l.b.packets('packet', watch)).length > 0;
    });
    assert.deepEqual(await l.b.told('stray', right), []);
  });

  it('hears only frames with the bytes that are named', async () => {
    const l = lan();
    const [a, b] = await Promise.all([lanLink(l.a.host), lanLink(l.b.host)]);
    const mac = (text: string) => text.split(':').map((byte) => Number.parseInt(byte, 16));
    const frame = (...body: readonly number[]) =>
      packet([...mac(b.mac), ...mac(a.mac), 0x88, 0xb5, ...body], { source: '', destination: '' });
    const bytes = [
      { offset: 14, mask: Uint8Array.of(255, 0, 255, 255, 15), value: Uint8Array.of(1, 9, 3, 4, 5) },
      { offset: 24, mask: Uint8Array.of(0xf0), value: Uint8Array.of(0x70) },
    ];
    const left = await l.a.open({ transport: { kind: 'frames', etherType: 0x88b5 } });
    const right = await l.b.open({ transport: { kind: 'frames', etherType: 0x88b5, bytes } });
    const long = (...head: readonly number[]) => [...head, ...new Array(60 - head.length).fill(0)];
    const right0 = long(1, 2, 3, 4, 0xf5, 0, 0, 0, 0, 0, 0x7f);
    const wrong = [
      long(2, 2, 3, 4, 0xf5, 0, 0, 0, 0, 0, 0x7f),
      long(1, 2, 3, 4, 0xf6, 0, 0, 0, 0, 0, 0x7f),
      long(1, 2, 3, 4, 0xf5),
    ];
    for (const body of [...wrong, [1, 2, 3, 4, 0xf5], right0]) await l.a.calls.send(left, frame(...body));
    const heard = await l.arrive(l.b, 'stray', right, 1);
    assert.deepEqual(
      heard.map(({ payload }) => [...payload.subarray(14)]),
      [right0],
    );
  });
});
