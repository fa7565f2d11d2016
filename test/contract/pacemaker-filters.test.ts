/** Contract of the `pacemaker` port: which packets a watch takes, by filter and by key. */
import assert from 'node:assert/strict';
import type { PacketFilter } from '@mainstay/sdk';
import { it } from 'mocha';
import { describePacemaker, packet } from './support/paced-lan.js';

const bytes = (...rules: readonly (readonly [offset: number, mask: readonly number[], value: readonly number[]])[]) => ({
  bytes: rules.map(([offset, mask, value]) => ({ offset, mask: Uint8Array.from(mask), value: Uint8Array.from(value) })),
});

/** Packet 0 is what each filter takes, the others are what it refuses. */
const filters: readonly (readonly [what: string, filter: PacketFilter, takes: object, ...refuses: object[]])[] = [
  ['hop limit', { hopLimit: [200, 254] }, { hopLimit: 200 }, { hopLimit: 199 }, { hopLimit: 255 }],
  [
    'length',
    { length: [2, 3] },
    { payload: Uint8Array.of(0, 1, 2) },
    { payload: Uint8Array.of(1) },
    { payload: new Uint8Array(4) },
  ],
  ['source', { source: '10.9.0.77' }, { source: '10.9.0.77' }, { source: '10.9.0.78' }],
  [
    'bytes under a mask',
    bytes([1, [0xf0, 0x00, 0x0f], [0x2f, 0xff, 0x01]]),
    { payload: Uint8Array.of(0, 0x2a, 0x55, 0xf1) },
    { payload: Uint8Array.of(0, 0x3a, 0x55, 0xf1) },
    { payload: Uint8Array.of(0, 0x2a, 0x55, 0xf2) },
  ],
  [
    'bytes beyond the end, even where the mask ignores them',
    bytes([2, [0xff, 0x00], [0, 0]]),
    { payload: Uint8Array.of(9, 9, 0, 9) },
    { payload: Uint8Array.of(9, 9, 0) },
    { payload: Uint8Array.of(9, 9) },
    { payload: Uint8Array.of(9) },
  ],
  [
    'several rules',
    bytes([0, [0xff], [1]], [3, [0xff], [4]]),
    { payload: Uint8Array.of(1, 0, 0, 4) },
    { payload: Uint8Array.of(1, 0, 0, 5) },
    { payload: Uint8Array.of(2, 0, 0, 4) },
  ],
  [
    'everything that is named',
    { hopLimit: [255, 255], length: [1, 1], ...bytes([0, [0xff], [6]]) },
    { payload: Uint8Array.of(6) },
    { payload: Uint8Array.of(6), hopLimit: 1 },
    { payload: Uint8Array.of(6, 6) },
    { payload: Uint8Array.of(7) },
  ],
];

describePacemaker('filters and keys', (lan) => {
  for (const [what, filter, takes, ...refuses] of filters) {
    it(`filters by ${what}`, async () => {
      const l = lan();
      const [socket, from] = [await l.b.open(), await l.a.open()];
      const watch = await l.b.calls.watch(socket, { filter });
      const sent = [...refuses, takes].map((more) => packet(0, more));
      await l.a.together(...sent.map((one) => ['send', from, one] as const));
      const [taken, ...more] = await l.arrive(l.b, 'packet', watch, 1);
      const strays = await l.arrive(l.b, 'stray', socket, refuses.length);
      const shape = (one: (typeof sent)[number]) => [one.source, one.hopLimit, [...one.payload]];
      assert.deepEqual(
        [taken, ...strays].map((one) => one && [one.source, one.hopLimit, [...one.payload]]),
        [...sent.slice(-1).map(shape), ...sent.slice(0, -1).map(shape)],
      );
      assert.deepEqual(more, []);
    });
  }

  it('filters by a source however it is written (IPv6)', async () => {
    const l = lan();
    const [socket, from] = [await l.b.open({}, 6), await l.a.open({}, 6)];
    const watch = await l.b.calls.watch(socket, { filter: { source: 'FD09:0:0::0:1' } });
    await l.a.together(['send', from, packet(1, { source: 'fd09::77' }, 6)], ['send', from, packet(2, {}, 6)]);
    await l.arrive(l.b, 'packet', watch, 1);
    await l.arrive(l.b, 'stray', socket, 1);
    assert.deepEqual([await l.b.heads('packet', watch), await l.b.heads('stray', socket)], [[2], [1]]);
  });

  it('does not let packets that a filter refuses re-arm or be expected', async () => {
    const l = lan();
    const [socket, from] = [await l.b.open(), await l.a.open()];
    const watch = await l.b.calls.watch(socket, { filter: { hopLimit: [255, 255] } });
    await l.a.calls.send(from, packet(1, { hopLimit: 7 }));
    const [expected] = await l.arrive(l.b, 'stray', socket, 1);
    assert.ok(expected);
    const beacon = { packets: [packet(1, { hopLimit: 7 })], intervalUs: 50_000, firstIn: 0 };
    await l.a.calls.beacon(from, beacon);
    await l.b.calls.arm(watch, { deadlineIn: 1000, expected, rearmUs: 1e9, rearmedBy: 'any' });
    await l.happens(l.b, 'silence', watch);
    assert.deepEqual(await l.b.calls.watchState(watch), { heardAt: undefined, consumed: 0 });
    assert.deepEqual(await l.b.heads('packet', watch), []);
  });

  it('hands a packet to every watch with its key, and to those without one', async () => {
    const l = lan();
    const [socket, from] = [await l.b.open({ key: { offset: 1, length: 1 } }), await l.a.open()];
    const [seven, again, nine, picky, all] = [
      await l.b.calls.watch(socket, { key: 7 }),
      await l.b.calls.watch(socket, { key: 7 }),
      await l.b.calls.watch(socket, { key: 9 }),
      await l.b.calls.watch(socket, { key: 7, filter: { hopLimit: [1, 1] } }),
      await l.b.calls.watch(socket, { filter: { length: [3, 3] } }),
    ];
    const sent = [[1, 7], [2, 9], [3, 8], [4], [], [5, 7, 0], [6, 8, 0]];
    await l.a.together(...sent.map((one) => ['send', from, packet(one)] as const));
    await l.arrive(l.b, 'packet', all, 2);
    const watches = await Promise.all([seven, again, nine, picky, all].map((watch) => l.b.heads('packet', watch)));
    assert.deepEqual(watches, [[1, 5], [1, 5], [2], [], [5, 6]]);
    assert.deepEqual(await l.b.heads('stray', socket), [3, 4, -1]);
  });

  for (const [length, key, taken, other] of [
    [2, 0x0102, [1, 2], [2, 1]],
    [4, 0xfffefdfc, [0xff, 0xfe, 0xfd, 0xfc], [0xfc, 0xfd, 0xfe, 0xff]],
  ] as const) {
    it(`reads keys of ${length} bytes from the most significant on`, async () => {
      const l = lan();
      const [socket, from] = [await l.b.open({ key: { offset: 1, length } }), await l.a.open()];
      const watch = await l.b.calls.watch(socket, { key });
      const sent = [
        [1, ...other],
        [2, ...taken.slice(0, -1)],
        [3, ...taken],
      ];
      await l.a.together(...sent.map((one) => ['send', from, packet(one)] as const));
      await l.arrive(l.b, 'packet', watch, 1);
      await l.arrive(l.b, 'stray', socket, 2);
      assert.deepEqual([await l.b.heads('packet', watch), await l.b.heads('stray', socket)], [[3], [1, 2]]);
    });
  }

  it('gives a packet to the socket when the last watch for it is closed', async () => {
    const l = lan();
    const [socket, from] = [await l.b.open({ key: { offset: 0, length: 1 } }), await l.a.open()];
    const [one, two] = [await l.b.calls.watch(socket, { key: 1 }), await l.b.calls.watch(socket, { key: 1 })];
    await l.b.calls.closeWatch(one);
    await l.a.calls.send(from, packet([1, 1]));
    await l.arrive(l.b, 'packet', two, 1);
    await l.b.calls.closeWatch(two);
    await l.a.calls.send(from, packet([1, 2]));
    const [stray] = await l.arrive(l.b, 'stray', socket, 1);
    assert.deepEqual([...(stray?.payload ?? [])], [1, 2]);
    assert.deepEqual(await l.b.heads('packet', one), []);
  });
});
