/** Beacons of the pacemaker thread: schedule, change, jitter, lease, oversleeping, refusals. On loopback, as root. */
import assert from 'node:assert/strict';
import { afterEach, before, describe, it } from 'mocha';
import { block, clockUs, etherType, eventually, frame, Lines, PacingChild, textOf } from '../../support/pacing.js';

const onEnd = () => assert.fail('the beacon ended');

describe('pacemaker beacons', function () {
  this.timeout(60_000);
  let lines: Lines;

  before(() => {
    assert.equal(process.getuid?.(), 0, 'packet sockets need root');
    lines = new Lines();
  });
  afterEach(() => lines.close());

  it('keep an absolute schedule: lateness does not add up', async () => {
    const line = lines.frames(etherType);
    const [intervalUs, firstAt] = [20_000, clockUs()];
    const beacon = line.beacon({ packets: [frame(etherType, 1, 'x')], intervalUs, firstAt, onEnd });
    await eventually('some turns', () => beacon.turns >= 12);
    // A thread that was later than an interval starts anew from there: allowed to it, where the machine is that busy.
    if (lines.thread.status().latestUs < intervalUs) assert.equal((beacon.nextAt - firstAt) % intervalUs, 0);
    assert.ok(beacon.nextAt > firstAt + 11 * intervalUs);
  });

  it('gather on common times, by a hundredth of the interval at most', async () => {
    const line = lines.frames(etherType);
    const [intervalUs, commonUs, start] = [60_000, 3000, clockUs()];
    const firsts = [0, 700, 1300, 21_900, 43_210].map((offset) => start + 10_000 + offset);
    const made = firsts.map((firstAt) => line.beacon({ packets: [frame(etherType, 1, 'x')], intervalUs, firstAt, onEnd }));
    await eventually('turns enough', () => made.every(({ turns }) => turns >= 7));
    // A thread that was later than an interval starts anew from there: allowed to it, where the machine is that busy.
    if (lines.thread.status().latestUs >= intervalUs) return;
    for (const [i, { turns, nextAt }] of made.entries()) {
      assert.equal((nextAt % intervalUs) % commonUs, 0);
      const early = (firsts[i] ?? 0) + turns * intervalUs - nextAt;
      assert.ok(early >= 0 && early < commonUs, `${early} µs early`);
    }
  });

  it('send while JavaScript is blocked', async () => {
    const line = lines.frames(etherType);
    const beacon = line.beacon({ packets: [frame(etherType, 1, 'x')], intervalUs: 5_000, firstAt: clockUs(), onEnd });
    const before = beacon.turns;
    block(400);
    assert.ok(beacon.turns - before >= 10, `${beacon.turns - before} turns`);
  });

  it('make no burst of turns that were missed, and take a first turn in the past at once', async () => {
    const line = lines.frames(etherType);
    const beacon = line.beacon({ packets: [frame(etherType, 1, 'x')], intervalUs: 10_000_000, firstAt: 1, onEnd });
    await eventually('the first turn', () => beacon.turns > 0);
    assert.equal(beacon.turns, 1);
    assert.ok(beacon.nextAt > clockUs());
  });

  it('draw the interval anew within the jitter', async () => {
    const line = lines.frames(etherType);
    const firstAt = clockUs() + 1000;
    const packets = [frame(etherType, 1, 'x')];
    const made = Array.from({ length: 12 }, () =>
      line.beacon({ packets, intervalUs: 4_000_000_000, jitter: [0.75, 0.9], firstAt, onEnd }),
    );
    await eventually('the first turns', () => made.every((beacon) => beacon.turns === 1));
    const steps = made.map((beacon) => beacon.nextAt - firstAt);
    assert.ok(
      steps.every((step) => step >= 3_000_000_000 && step <= 3_601_000_000),
      `${steps}`,
    );
    assert.ok(new Set(steps).size > 1);
  });

  it('change packets and interval in one step: no turn has both', async () => {
    const heard: string[] = [];
    const line = lines.frames(etherType, { onPacket: (packet) => heard.push(textOf(packet)) });
    const packets = (text: string) => [1, 2, 3].map((key) => frame(etherType, key, text));
    // Not so often that a line would take it for a flood.
    const beacon = line.beacon({ packets: packets('0'), intervalUs: 10_000, firstAt: clockUs(), onEnd });
    for (let round = 1; round <= 30; round++) {
      const turns = beacon.turns;
      await eventually('a turn', () => beacon.turns > turns);
      beacon.set({ packets: packets(`${round}`), intervalUs: 10_000 + round });
    }
    await eventually('the last change', () => heard.includes('30'));
    beacon.close();
    const groups = heard.length - (heard.length % 3);
    for (let i = 0; i < groups; i += 3) assert.deepEqual(heard.slice(i, i + 3), [heard[i], heard[i], heard[i]]);
    assert.deepEqual(
      [...heard].map(Number),
      heard.map(Number).sort((a, b) => a - b),
      'no older packet after a newer one',
    );
  });

  it('count a new interval from the last turn, and obey a new time', async () => {
    const line = lines.frames(etherType);
    const firstAt = clockUs();
    const beacon = line.beacon({ packets: [frame(etherType, 1, 'x')], intervalUs: 3_000_000_000, firstAt, onEnd });
    await eventually('the first turn', () => beacon.turns === 1);
    beacon.set({ intervalUs: 2_000_000_000 });
    await eventually('the new interval', () => beacon.nextAt === firstAt + 2_000_000_000);
    const nextAt = firstAt + 77_000_000;
    beacon.set({ nextAt });
    assert.equal(beacon.nextAt, nextAt, 'at once, although the thread may not know yet');
    beacon.set({ nextAt: clockUs() });
    await eventually('the second turn', () => beacon.turns === 2);
  });

  it('tell their turns to those who ask', async () => {
    const turns: number[] = [];
    const line = lines.frames(etherType);
    const start = clockUs();
    const onTurn = (at: number) => turns.push(at);
    const beacon = line.beacon({ packets: [frame(etherType, 1, 'x')], intervalUs: 2000, firstAt: start, onEnd, onTurn });
    await eventually('five turns', () => turns.length >= 5);
    beacon.close();
    assert.ok(turns.every((at, i) => at > (turns[i - 1] ?? start - 1)));
  });

  it('say their last once when JavaScript does not turn for the lease, and end', async () => {
    const heard: string[] = [];
    const line = lines.frames(etherType, { onPacket: (packet) => heard.push(textOf(packet)) });
    const ends: string[] = [];
    const beacon = line.beacon({
      packets: [frame(etherType, 1, 'alive')],
      intervalUs: 10_000,
      firstAt: clockUs(),
      lease: { us: 100_000, last: [frame(etherType, 1, 'last')] },
      onEnd: ({ why }) => ends.push(why),
    });
    assert.equal(lines.thread.status().beacons, 1);
    block(500);
    const turns = beacon.turns;
    await eventually('the end', () => ends.length > 0);
    await eventually('the last packet', () => heard.includes('last'));
    assert.deepEqual(ends, ['lapsed']);
    assert.deepEqual(heard.filter((text) => text === 'last').length, 1);
    assert.equal(heard.at(-1), 'last');
    assert.equal(beacon.turns, turns, 'no turn after the end');
    assert.equal(lines.thread.status().beacons, 0);
    beacon.set({ nextAt: 0 });
  });

  it('lapse between turns too, where the interval is longer than the lease', async () => {
    const line = lines.frames(etherType);
    const ends: string[] = [];
    const beacon = line.beacon({
      packets: [frame(etherType, 1, 'alive')],
      intervalUs: 60_000_000,
      firstAt: clockUs() + 60_000_000,
      lease: { us: 50_000, last: [] },
      onEnd: ({ why }) => ends.push(why),
    });
    await eventually('the end', () => ends.length > 0);
    assert.deepEqual([ends, beacon.turns], [['lapsed'], 0]);
  });

  it('live on as long as the lease is renewed', async () => {
    const line = lines.frames(etherType);
    const lease = { us: 2_000_000, last: [] };
    const beacon = line.beacon({ packets: [frame(etherType, 1, 'x')], intervalUs: 20_000, firstAt: clockUs(), lease, onEnd });
    const renewal = setInterval(() => lines.thread.renew(), 20);
    await eventually('turns beyond the lease', () => beacon.turns > 130);
    clearInterval(renewal);
    beacon.close();
  });

  it('send nothing after a sleep of the process that was longer than allowed, not even their last', async () => {
    const heard: string[] = [];
    lines.frames(etherType, { onPacket: (packet) => heard.push(textOf(packet)) });
    const child = new PacingChild(`
      const line = PacemakerThread.start().openLine({
        transport: { kind: 'frames', etherType: ${etherType} }, interfaceIndex: 1, onPacket() {}, onError: console.error });
      line.beacon({
        packets: [frame(${etherType}, 1, 'alive')], intervalUs: 20000, firstAt: clockUs(), latestUs: 500000,
        lease: { us: 100000000, last: [frame(${etherType}, 1, 'last')] },
        onEnd: ({ why }) => { console.log(why); line.close(); } });`);
    await eventually('the child beats', () => heard.length > 3);
    child.signal('SIGSTOP');
    let count = -1;
    // Asleep for longer than it may: nothing came for a second.
    for (let since = clockUs(); clockUs() - since < 1_000_000; ) {
      if (heard.length !== count) since = clockUs();
      count = heard.length;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    child.signal('SIGCONT');
    assert.equal(await child.ended, 0);
    assert.equal(child.output, 'overslept\n');
    assert.equal(heard.length, count);
  });

  const ways = [
    ['process.exit', 'process.exit(0)', 0],
    ['an uncaught exception', 'throw new Error("x")', 1],
    ['the end of all work', 'clearInterval(work); line.thread.countLine(-1)', 0],
  ] as const;
  for (const [how, code, exitCode] of ways)
    it(`say their last when the process ends by ${how}`, async () => {
      const heard: string[] = [];
      lines.frames(etherType, { onPacket: (packet) => heard.push(textOf(packet)) });
      const child = new PacingChild(`
        const work = setInterval(() => {}, 1000);
        const line = PacemakerThread.start().openLine({
          transport: { kind: 'frames', etherType: ${etherType} }, interfaceIndex: 1, onPacket() {}, onError: console.error });
        line.beacon({
          packets: [frame(${etherType}, 1, 'alive')], intervalUs: 5000, firstAt: clockUs(), onEnd() {},
          lease: { us: 100000000, last: [frame(${etherType}, 1, 'last'), frame(${etherType}, 2, 'words')] } });
        process.stdin.on('end', () => { ${code} }).resume();`);
      await eventually('the child beats', () => heard.length > 3);
      child.release();
      assert.equal(await child.ended, exitCode);
      await eventually('its last', () => heard.includes('words'));
      assert.deepEqual(heard.slice(-2), ['last', 'words']);
    });

  it('go on with the other packets where one is refused, and tell the refusals once a second at most', async () => {
    const heard: string[] = [];
    const errors: Error[] = [];
    const line = lines.frames(etherType, {
      onPacket: (packet) => heard.push(textOf(packet)),
      onError: (error) => errors.push(error),
    });
    const packets = [frame(etherType, 1, 'a'), Buffer.alloc(3), frame(etherType, 1, 'b')];
    const start = clockUs();
    const beacon = line.beacon({ packets, intervalUs: 2000, firstAt: start, onEnd });
    await eventually('many turns', () => beacon.turns >= 100);
    await eventually('a second telling', () => errors.length >= 2);
    beacon.close();
    assert.match(errors[0]?.message ?? '', /^frames of type 0x[0-9a-f]{4} on interface 1: sendmmsg failed with E[A-Z]+$/);
    assert.match(errors[1]?.message ?? '', /on interface 1, \d+ times: sendmmsg failed with E[A-Z]+$/);
    assert.ok(errors.length <= 1 + (clockUs() - start) / 1_000_000);
    assert.ok(heard.length >= 150);
    assert.deepEqual([...new Set(heard)], ['a', 'b']);
  });

  it('refuse what cannot be', () => {
    const line = lines.frames(etherType);
    const good = { packets: [frame(etherType, 1, 'x')], intervalUs: 1000, firstAt: clockUs(), onEnd };
    for (const wrong of [
      { packets: [] },
      { packets: Array.from({ length: 256 }, () => frame(etherType, 1, 'x')) },
      { intervalUs: 999 },
      { intervalUs: 2 ** 32 + 1 },
      { firstAt: Number.NaN },
      { jitter: [0.9, 0.8] as const },
      { jitter: [0, 1] as const },
    ])
      assert.throws(() => line.beacon({ ...good, ...wrong }), TypeError);
    const beacon = line.beacon(good);
    assert.throws(() => beacon.set({ intervalUs: 10 }), TypeError);
    line.close();
    assert.throws(() => beacon.set({ nextAt: 0 }), /EBADF/);
    assert.throws(() => line.send(frame(etherType, 1, 'x')), /EBADF/);
    beacon.close();
  });
});
