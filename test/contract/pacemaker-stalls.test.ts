/**
 * Contract of the `pacemaker` port: what holds when the event loop stalls, and when the whole process does. `a` is what stalls.
 * Only where there is an event loop to block; a process that was stopped is met in every world.
 */
import assert from 'node:assert/strict';
import { it } from 'mocha';
import { linuxTimersWorld, linuxWorld } from './support/linux-world.js';
import { address, describePacemaker, type PacedLan, packet } from './support/paced-lan.js';

const hour = 3_600_000;

/** No host believes a packet in its own name. */
const fromPeer = (head: number) => packet(head, { source: address.b[4] });

/** Kinds of what `a` told of these, in order, without repeats. */
async function order(l: PacedLan, ...of: readonly number[]): Promise<readonly string[]> {
  const kinds = (await l.a.calls.told()).filter((event) => of.includes(event.of)).map(({ kind }) => kind);
  return kinds.filter((kind, i) => kind !== kinds[i - 1]);
}

describePacemaker('a stopped process', (lan) => {
  it('sends nothing after it overslept, and says so', async () => {
    const l = lan();
    const [socket, from] = [await l.b.open(), await l.a.open()];
    const options = { packets: [packet(1)], intervalUs: 100_000, firstIn: 0, latestMs: 1000, tellsTurns: true };
    const last = { ms: 1500, last: [packet(9)] };
    const beacon = await l.a.calls.beacon(from, options);
    const leased = await l.a.calls.beacon(from, { ...options, packets: [packet(2)], lease: last });
    await l.turns(l.a, leased, 3);
    l.a.host.stop();
    await l.world.quiet();
    const before = await l.b.heads('stray', socket);
    await l.world.pass(2500);
    assert.deepEqual(await l.b.heads('stray', socket), before);
    l.a.host.resume();
    await l.happens(l.a, 'end', beacon);
    await l.happens(l.a, 'end', leased);
    await l.world.quiet();
    for (const one of [beacon, leased]) {
      assert.deepEqual(
        (await l.a.told('end', one)).map(({ why }) => why),
        ['overslept'],
      );
      assert.deepEqual(await order(l, one), ['turn', 'end']);
    }
    assert.deepEqual(await l.b.heads('stray', socket), before);
  });

  it('goes on at once where no turn is too late, without a burst', async () => {
    const l = lan();
    const [socket, from] = [await l.b.open(), await l.a.open()];
    const beacon = await l.a.calls.beacon(from, { packets: [packet(1)], intervalUs: 50_000, firstIn: 0 });
    await l.turns(l.a, beacon, 3);
    l.a.host.stop();
    await l.world.quiet();
    const before = (await l.b.heads('stray', socket)).length;
    await l.world.pass(2000);
    l.a.host.resume();
    const heard = (await l.arrive(l.b, 'stray', socket, before + 4)).slice(before, before + 4);
    const [first, fourth] = [heard[0]?.receivedAt ?? 0, heard[3]?.receivedAt ?? 0];
    // Forty turns were due: as a burst, all of them would be there at once.
    assert.ok(fourth - first > 50, `four turns within ${fourth - first} ms`);
    assert.deepEqual(await l.a.told('end', beacon), []);
  });

  it('takes its own sleep for no silence while the peer goes on sending', async () => {
    const l = lan();
    const [socket, from] = [await l.a.open(), await l.b.open()];
    const watch = await l.a.calls.watch(socket, {});
    await l.b.calls.send(from, fromPeer(1));
    const [expected] = await l.arrive(l.a, 'packet', watch, 1);
    assert.ok(expected);
    const beacon = await l.b.calls.beacon(from, { packets: [fromPeer(1)], intervalUs: 100_000, firstIn: 0 });
    const consumed = async () => (await l.a.calls.watchState(watch)).consumed;
    await l.a.calls.arm(watch, { deadlineIn: 1500, expected, rearmUs: 1.5e6 });
    await l.world.eventually('it is consumed', async () => (await consumed()) > 0);
    const before = await consumed();
    l.a.host.stop();
    await l.world.pass(2500);
    l.a.host.resume();
    await l.world.eventually('it hears again', async () => (await consumed()) > before);
    await l.world.pass(1000);
    assert.deepEqual(await l.a.told('silence', watch), []);
    await l.b.calls.closeBeacon(beacon);
    await l.happens(l.a, 'silence', watch);
  });

  it('moves a deadline that no packet re-arms by its sleep', async () => {
    const l = lan();
    const watch = await l.a.calls.watch(await l.a.open(), {});
    const [before] = (await l.a.together(['now'], ['arm', watch, { deadlineIn: 1000 }])) as [number];
    l.a.host.stop();
    await l.world.pass(2000);
    l.a.host.resume();
    await l.happens(l.a, 'silence', watch);
    const [silence] = await l.a.told('silence', watch);
    // Some of the second may have passed awake before it was stopped.
    assert.ok(silence && silence.at > before + 2200, `silence after ${(silence?.at ?? 0) - before} ms`);
  });
});

describePacemaker(
  'a blocked event loop',
  (lan) => {
    it('tells no silence of terms that were replaced before it could be told', async () => {
      const l = lan();
      const watch = await l.a.calls.watch(await l.a.open(), {});
      await l.a.together(['arm', watch, { deadlineIn: 50 }], ['block', 500], ['arm', watch, { deadlineIn: hour }]);
      await l.a.together(['arm', watch, { deadlineIn: 50 }], ['block', 500], ['disarm', watch]);
      await l.world.quiet();
      assert.deepEqual(await l.a.told('silence', watch), []);
    });

    it('tells what has arrived before the silence after it', async () => {
      const l = lan();
      const [socket, from, back] = [await l.a.open(), await l.b.open(), await l.a.open()];
      const watch = await l.a.calls.watch(socket, {});
      // The peer hears a packet that leaves right before the loop is blocked, and answers while it is.
      const blocked = l.a.together(['send', back, packet(1)], ['arm', watch, { deadlineIn: 1000 }], ['block', 1030]);
      await l.arrive(l.b, 'stray', from, 1);
      await l.b.calls.send(from, fromPeer(2));
      await blocked;
      await l.happens(l.a, 'silence', watch);
      assert.deepEqual(await order(l, watch), ['packet', 'silence']);
    });

    it('tells nothing of what was closed before it could be told', async () => {
      const l = lan();
      const [socket, from] = [await l.a.open(), await l.b.open()];
      const watch = await l.a.calls.watch(socket, {});
      const beacon = { packets: [packet(1)], intervalUs: 20_000, firstIn: 0, tellsTurns: true };
      const blocked = l.a.together(
        ['beacon', socket, beacon],
        ['arm', watch, { deadlineIn: 20 }],
        ['send', socket, packet(1)],
        ['block', 1000],
        ['closeSocket', socket],
      );
      await l.arrive(l.b, 'stray', from, 1);
      await l.b.calls.send(from, fromPeer(2));
      await blocked;
      await l.world.quiet();
      assert.deepEqual(await l.a.calls.told(), []);
    });
  },
  [linuxWorld, linuxTimersWorld],
);

describePacemaker(
  'a blocked event loop beside the thread',
  (lan) => {
    it('goes on sending at its schedule', async () => {
      const l = lan();
      const [socket, from] = [await l.b.open(), await l.a.open()];
      const beacon = { packets: [packet(1)], intervalUs: 50_000, firstIn: 0 };
      const blocked = l.a.together(['beacon', from, beacon], ['block', 2500]);
      await l.arrive(l.b, 'stray', socket, 20);
      let isBlocked = true;
      blocked.then(() => {
        isBlocked = false;
      });
      await l.world.pass(0);
      assert.ok(isBlocked, 'a second of turns takes less than the block');
      await blocked;
    });

    it('renews leases while it turns, and lets them lapse when it does not: last is sent once, its end told first', async () => {
      const l = lan();
      const [socket, from, hears] = [await l.b.open(), await l.a.open(), await l.a.open()];
      const [watch, silent] = [await l.a.calls.watch(hears, {}), await l.a.calls.watch(hears, { filter: { length: [99, 99] } })];
      const lease = { ms: 1000, last: [packet(8), packet(9)] };
      const options = { packets: [packet(1)], intervalUs: 100_000, firstIn: 0, lease };
      const beacon = await l.a.calls.beacon(from, options);
      await l.world.pass(2500);
      assert.deepEqual(await l.a.told('end', beacon), [], 'it is renewed');
      const blocked = l.a.together(['now'], ['arm', silent, { deadlineIn: 500 }], ['block', 4000], ['now']);
      await l.world.eventually('the last packets arrive', async () => (await l.b.heads('stray', socket)).includes(9));
      await l.b.calls.send(socket, fromPeer(5));
      const [start, , , end] = (await blocked) as [number, number, undefined, number];
      await l.happens(l.a, 'silence', silent);
      await l.arrive(l.a, 'packet', watch, 1);
      await l.world.quiet();
      assert.match((await l.b.heads('stray', socket)).join(''), /^1{10,}89$/);
      const [told, ...more] = await l.a.told('end', beacon);
      assert.deepEqual([told?.why, more], ['lapsed', []]);
      assert.ok(told && told.at > start + 500 && told.at < end);
      assert.deepEqual(await order(l, beacon, watch, silent), ['end', 'packet', 'silence']);
      assert.equal((await l.a.calls.status()).beacons, 0);
    });
  },
  [linuxWorld],
);
