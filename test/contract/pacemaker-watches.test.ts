/** Contract of the `pacemaker` port: what watches tell, and when. Filters and keys stand in pacemaker-filters.test.ts. */
import assert from 'node:assert/strict';
import type { HeardPacket } from '@mainstay/sdk';
import { it } from 'mocha';
import { describePacemaker, type PacedLan, packet } from './support/paced-lan.js';

const hour = 3_600_000;

/** The kernel's clock counts whole microseconds. */
function assertNotBefore(at: number | undefined, deadline: number): void {
  assert.ok(at !== undefined && at > deadline - 0.01, `${at} is before ${deadline}`);
}

describePacemaker('watches', (lan) => {
  /** A watch on `b` that has heard packet 1, and the socket on `a` that sent it. */
  async function acquainted(l: PacedLan, family: 4 | 6 = 4) {
    const [socket, from] = [await l.b.open({}, family), await l.a.open({}, family)];
    const watch = await l.b.calls.watch(socket, {});
    await l.a.calls.send(from, packet(1, {}, family));
    const [expected] = await l.arrive(l.b, 'packet', watch, 1);
    return { socket, from, watch, expected: expected as HeardPacket };
  }
  const state = (l: PacedLan, watch: number) => l.b.calls.watchState(watch);
  const silences = async (l: PacedLan, watch: number) => (await l.b.told('silence', watch)).map(({ at }) => at);
  async function consumed(l: PacedLan, watch: number, count: number): Promise<void> {
    await l.world.eventually(`${count} packets are consumed`, async () => (await state(l, watch)).consumed >= count);
  }

  for (const family of [4, 6] as const) {
    it(`consumes the expected packet and tells every other one (IPv${family})`, async () => {
      const l = lan();
      const { from, watch, expected } = await acquainted(l, family);
      const [before] = (await l.b.together(['now'], ['arm', watch, { deadlineIn: hour, expected, rearmUs: 1e9 }])) as [number];
      assert.deepEqual(await state(l, watch), { heardAt: undefined, consumed: 0 });
      const same = packet(1, {}, family);
      for (let i = 0; i < 2; i++) await l.a.calls.send(from, same);
      await consumed(l, watch, 2);
      const { heardAt } = await state(l, watch);
      assert.ok(heardAt !== undefined && heardAt >= before && heardAt <= (await l.b.calls.now()));
      const source = family === 4 ? '10.9.0.77' : 'fd09::77';
      const others = [packet(2, {}, family), packet([1, 0], {}, family), { ...same, hopLimit: 254 }, { ...same, source }];
      await l.a.together(...others.map((other) => ['send', from, other] as const));
      const told = (await l.arrive(l.b, 'packet', watch, 5)).slice(1);
      assert.deepEqual(
        told.map((heard) => [[...heard.payload], heard.hopLimit, heard.source]),
        others.map((other) => [[...other.payload], other.hopLimit, other.source]),
      );
      assert.deepEqual(await state(l, watch), { heardAt, consumed: 2 });
    });
  }

  it('tells packets as they were heard, each in a copy of its own', async () => {
    const l = lan();
    const { socket, from, watch } = await acquainted(l);
    const second = await l.b.calls.watch(socket, {});
    const before = await l.b.calls.now();
    await l.a.calls.send(from, packet([7, 8], { hopLimit: 9 }));
    const [heard] = await l.arrive(l.b, 'packet', second, 1);
    const now = await l.b.calls.now();
    const { source, destination, hopLimit } = packet(1, { hopLimit: 9 });
    assert.ok(heard && heard.receivedAt >= before && heard.receivedAt <= now);
    const { receivedAt, link, ...rest } = heard;
    assert.deepEqual(rest, { source, destination, hopLimit, sourcePort: 0, payload: Uint8Array.of(7, 8) });
    assert.deepEqual((await l.b.packets('packet', watch))[1], heard);
  });

  it('forgets when it heard the expected packet when that changes, and never how many', async () => {
    const l = lan();
    const { from, watch, expected } = await acquainted(l);
    await l.b.calls.arm(watch, { deadlineIn: hour, expected });
    await l.a.calls.send(from, packet(1));
    await consumed(l, watch, 1);
    const { heardAt } = await state(l, watch);
    await l.b.calls.arm(watch, { deadlineIn: hour, expected, rearmUs: 1e6 });
    assert.deepEqual(await state(l, watch), { heardAt, consumed: 1 });
    await l.b.calls.arm(watch, { deadlineIn: hour, expected: { ...expected, hopLimit: 3 } });
    assert.deepEqual(await state(l, watch), { heardAt: undefined, consumed: 1 });
    await l.b.calls.disarm(watch);
    assert.deepEqual(await state(l, watch), { heardAt: undefined, consumed: 1 });
  });

  it('tells silence once, and again after an expected packet or new terms', async () => {
    const l = lan();
    const { from, watch, expected } = await acquainted(l);
    const deadline = await l.b.calls.arm(watch, { deadlineIn: 200, expected, rearmUs: 300_000 });
    await l.happens(l.b, 'silence', watch);
    await l.world.pass(600);
    const [first, ...more] = await silences(l, watch);
    assertNotBefore(first, deadline);
    assert.deepEqual(more, []);
    await l.a.calls.send(from, packet(1));
    await l.happens(l.b, 'silence', watch, 2);
    const { heardAt } = await state(l, watch);
    assertNotBefore((await silences(l, watch))[1], (heardAt ?? Number.NaN) + 300);
    const again = await l.b.calls.arm(watch, { deadlineIn: 100 });
    await l.happens(l.b, 'silence', watch, 3);
    assertNotBefore((await silences(l, watch))[2], again);
    await l.world.pass(600);
    assert.equal((await silences(l, watch)).length, 3);
  });

  it('is quiet while expected packets come, and not for longer', async () => {
    const l = lan();
    const { from, watch, expected } = await acquainted(l);
    await l.b.calls.arm(watch, { deadlineIn: 3000, expected, rearmUs: 2e6 });
    const beacon = await l.a.calls.beacon(from, { packets: [packet(1)], intervalUs: 100_000, firstIn: 0 });
    await consumed(l, watch, 1);
    await l.world.pass(4000);
    assert.deepEqual(await silences(l, watch), []);
    await l.a.calls.closeBeacon(beacon);
    await l.happens(l.b, 'silence', watch);
    const { heardAt } = await state(l, watch);
    assertNotBefore((await silences(l, watch))[0], (heardAt ?? Number.NaN) + 2000);
    assert.deepEqual(await l.b.heads('packet', watch), [1]);
  });

  it('lets an expected packet shorten a deadline that was given', async () => {
    const l = lan();
    const { from, watch, expected } = await acquainted(l);
    await l.b.calls.arm(watch, { deadlineIn: hour, expected, rearmUs: 200_000 });
    await l.a.calls.send(from, packet(1));
    await l.happens(l.b, 'silence', watch);
  });

  it('consumes without a new deadline where there is none to set', async () => {
    const l = lan();
    const { from, watch, expected } = await acquainted(l);
    const deadline = await l.b.calls.arm(watch, { deadlineIn: 1000, expected });
    await l.a.calls.send(from, packet(1));
    await consumed(l, watch, 1);
    await l.happens(l.b, 'silence', watch);
    assertNotBefore((await silences(l, watch))[0], deadline);
  });

  it('is re-armed by any packet where that is asked for, and otherwise by none but the expected', async () => {
    const l = lan();
    const { socket, from, watch, expected } = await acquainted(l);
    const strict = await l.b.calls.watch(socket, {});
    const beacon = await l.a.calls.beacon(from, { packets: [packet(2)], intervalUs: 100_000, firstIn: 0 });
    await l.arrive(l.b, 'packet', strict, 1);
    await l.b.together(
      ['arm', watch, { deadlineIn: 2000, expected, rearmUs: 2e6, rearmedBy: 'any' }],
      ['arm', strict, { deadlineIn: 1500, expected, rearmUs: 2e6 }],
    );
    await l.happens(l.b, 'silence', strict);
    await l.world.pass(2500);
    assert.deepEqual(await silences(l, watch), []);
    assert.equal((await silences(l, strict)).length, 1);
    await l.a.calls.closeBeacon(beacon);
    await l.happens(l.b, 'silence', watch);
    const last = (await l.b.packets('packet', watch)).at(-1);
    assertNotBefore((await silences(l, watch))[0], (last?.receivedAt ?? Number.NaN) + 2000);
  });

  it('never shortens by terms with the same expected packet, and does by others', async () => {
    const l = lan();
    const { from, watch, expected } = await acquainted(l);
    await l.b.calls.arm(watch, { deadlineIn: hour, expected, rearmUs: 1.5e6 });
    await l.a.calls.send(from, packet(1));
    await consumed(l, watch, 1);
    const { heardAt } = await state(l, watch);
    await l.b.calls.arm(watch, { deadlineIn: 10, expected, rearmUs: 1.5e6 });
    await l.happens(l.b, 'silence', watch);
    assertNotBefore((await silences(l, watch))[0], (heardAt ?? Number.NaN) + 1500);
    await l.a.calls.send(from, packet(1));
    await consumed(l, watch, 2);
    await l.b.calls.arm(watch, { deadlineIn: 10, expected: { ...expected, hopLimit: 3 }, rearmUs: 1e9 });
    await l.happens(l.b, 'silence', watch, 2);
  });

  it('replaces its terms, and tells nothing of earlier ones', async () => {
    const l = lan();
    const { watch } = await acquainted(l);
    await l.b.calls.arm(watch, { deadlineIn: 300 });
    await l.b.calls.arm(watch, { deadlineIn: hour });
    await l.world.pass(700);
    await l.b.calls.arm(watch, { deadlineIn: 300 });
    await l.b.calls.disarm(watch);
    await l.world.pass(700);
    assert.deepEqual(await silences(l, watch), []);
  });

  it('tells everything after it was disarmed, and nothing after it was closed', async () => {
    const l = lan();
    const { socket, from, watch, expected } = await acquainted(l);
    await l.b.calls.arm(watch, { deadlineIn: hour, expected, rearmUs: 1e9 });
    await l.b.calls.disarm(watch);
    await l.a.calls.send(from, packet(1));
    await l.arrive(l.b, 'packet', watch, 2);
    const [deadline] = await l.b.together(['arm', watch, { deadlineIn: 200, expected }], ['closeWatch', watch]);
    await l.a.calls.send(from, packet(1));
    await l.arrive(l.b, 'stray', socket, 1);
    await l.world.pass(400);
    await l.b.together(['arm', watch, { deadlineIn: 0 }], ['disarm', watch], ['closeWatch', watch]);
    await l.world.quiet();
    assert.ok(deadline !== undefined);
    assert.deepEqual([await silences(l, watch), await l.b.heads('packet', watch)], [[], [1, 1]]);
    assert.equal((await l.b.calls.status()).watches, 0);
  });
});
