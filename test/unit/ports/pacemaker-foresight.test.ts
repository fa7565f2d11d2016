/** Foresight of the pacemaker thread: consent, closing at every stage, what may be foreseen. On loopback, as root. */
import assert from 'node:assert/strict';
import type { Foreseen, PacemakerLine } from '@mainstay/pacemaker';
import { afterEach, before, describe, it } from 'mocha';
import {
  block,
  clockUs,
  etherType,
  eventually,
  expected,
  frame,
  Lines,
  loopback,
  PacingChild,
  textOf,
} from '../../support/pacing.js';

/** Of the frames that the hands send. */
const otherType = etherType ^ 1;
const farAhead = () => clockUs() + 1_000_000_000;
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** RTM_DELADDR of an address that loopback does not have. */
function harmless(): Buffer {
  const request = Buffer.alloc(32);
  request.writeUInt32LE(32, 0);
  request.writeUInt16LE(21, 4);
  request.writeUInt16LE(5, 6);
  request.set([2, 32, 0, 0, loopback, 0, 0, 0, 8, 0, 2, 0, 192, 0, 2, 77], 16);
  return request;
}

describe('pacemaker foresight', function () {
  this.timeout(60_000);
  let lines: Lines;

  before(() => {
    assert.equal(process.getuid?.(), 0, 'packet sockets need root');
    lines = new Lines();
  });
  afterEach(() => lines.close());

  /** A watch for key 5, and what the line hears of other keys: that is what was sent. */
  function foreseeing(packets: readonly string[] = ['said']) {
    const said: string[] = [];
    const silences: boolean[] = [];
    const warnings: number[] = [];
    const line = lines.frames(etherType, { onPacket: (packet) => said.push(textOf(packet)) });
    const watch = line.watch({
      key: 5,
      onPacket() {},
      onImminent: (deadline) => warnings.push(deadline),
      onSilence: (_, hasSpoken) => silences.push(hasSpoken),
    });
    const foreseen: Foreseen = {
      packets: packets.map((text) => frame(etherType, 9, text)),
      requests: Buffer.concat([harmless(), harmless()]),
      frames: [[loopback, frame(otherType, 9, 'shown')]],
    };
    return { line, watch, foreseen, said, silences, warnings };
  }
  function beat(line: PacemakerLine, text: string, inUs: number): void {
    line.beacon({
      packets: [frame(etherType, 5, text)],
      intervalUs: 1_000_000_000,
      firstAt: clockUs() + inUs,
      onEnd: () => assert.fail(),
    });
  }

  it('has said and shown everything when silence is told', async () => {
    const shown: string[] = [];
    lines.frames(otherType, { onPacket: (packet) => shown.push(textOf(packet)) });
    const { watch, foreseen, said, silences } = foreseeing(['one', 'two']);
    watch.foresee(foreseen);
    watch.arm({ deadline: clockUs() + 100_000 });
    watch.consent();
    await eventually('silence', () => silences.length > 0);
    await eventually('all was sent', () => said.length === 2 && shown.length === 1);
    assert.deepEqual([silences, said, shown], [[true], ['one', 'two'], ['shown']]);
  });

  it('does not count on a consent that was given without what came before', async () => {
    const { line, watch, foreseen, said, silences } = foreseeing();
    watch.foresee(foreseen);
    watch.arm({ deadline: clockUs() + 500_000 });
    beat(line, 'unread', 20_000);
    await turn();
    block(100);
    watch.consent();
    await eventually('silence', () => silences.length > 0);
    // Read by now.
    watch.arm({ deadline: clockUs() + 100_000 });
    watch.consent();
    await eventually('silence again', () => silences.length > 1 && said.length > 0);
    assert.deepEqual([silences, said], [[false, true], ['said']]);
  });

  it('tells what it has done even under earlier terms, and once', async () => {
    const { watch, foreseen, silences } = foreseeing();
    watch.foresee(foreseen);
    watch.arm({ deadline: clockUs() + 80_000 });
    watch.consent();
    await null;
    block(250);
    // Late enough for the first silence to be read before, on a busy machine, too: silences that are not read are told as one.
    watch.arm({ deadline: clockUs() + 1_000_000 });
    await eventually('both silences', () => silences.length > 1);
    assert.deepEqual(silences, [true, false]);
  });

  it('does not forget what it has done when it falls silent once more before that is read', async () => {
    const { line, watch, foreseen, silences } = foreseeing();
    const usual = expected(frame(etherType, 5, 'usual'));
    watch.foresee(foreseen);
    // Long enough for the consent to be there before, on a busy machine, too.
    watch.arm({ deadline: clockUs() + 150_000, expected: usual, rearmUs: 10_000 });
    watch.consent();
    beat(line, 'usual', 300_000);
    await null;
    block(500);
    await eventually('silence', () => silences.length > 0 && watch.consumed === 1);
    await turn();
    assert.deepEqual(silences, [true]);
  });

  describe('what it has said', () => {
    /** Has spoken at `deadline` and gone on in 200 ms in which JavaScript did nothing. */
    async function spoken(repeat: NonNullable<Foreseen['repeat']>) {
      const all = foreseeing();
      const deadline = clockUs() + 20_000;
      all.watch.foresee({ ...all.foreseen, repeat });
      all.watch.arm({ deadline });
      all.watch.consent();
      await null;
      block(200);
      return { ...all, deadline };
    }
    const settled = () => new Promise((resolve) => setTimeout(resolve, 60));

    it('is said again and again until the watch has something else to wait for', async () => {
      const { watch, said, silences, deadline } = await spoken({ everyUs: 20_000, forUs: 10_000_000 });
      const repeatsBy = (at: number) => (at - deadline) / 20_000;
      const least = Math.floor(repeatsBy(clockUs())) - 1;
      const before = watch.repeats;
      assert.ok(before >= least && before <= repeatsBy(clockUs()), `${before}, at least ${least}`);
      const next = watch.repeatsAt ?? 0;
      assert.ok(next > clockUs() - 20_000 && next <= clockUs() + 20_000, `${next - clockUs()}`);
      watch.disarm();
      await eventually('silence', () => silences.length > 0);
      await settled();
      assert.equal(watch.repeatsAt, undefined);
      assert.ok(watch.repeats - before <= 1);
      await eventually('all was heard', () => said.length === 1 + watch.repeats);
      assert.deepEqual(silences, [true]);
    });

    it('is said for no longer than it was meant to be', async () => {
      const { watch, said } = await spoken({ everyUs: 20_000, forUs: 70_000 });
      assert.deepEqual([watch.repeats, watch.repeatsAt], [3, undefined]);
      await eventually('all was heard', () => said.length === 4);
    });

    it('is not said any more when something else is foreseen, or the watch is closed', async () => {
      const one = await spoken({ everyUs: 20_000, forUs: 10_000_000 });
      one.watch.foresee({ packets: [frame(etherType, 9, 'other')] });
      const two = await spoken({ everyUs: 20_000, forUs: 10_000_000 });
      two.watch.close();
      await settled();
      const counts = [one.watch.repeats, two.watch.repeats];
      await settled();
      assert.deepEqual([one.watch.repeats, two.watch.repeats], counts);
      assert.equal(one.watch.repeatsAt, undefined);
      assert.ok(!one.said.includes('other'));
    });

    it('is not said any more after a sleep', async () => {
      const child = new PacingChild(`
        const line = PacemakerThread.start().openLine({ transport: { kind: 'frames', etherType: ${etherType} },
          interfaceIndex: 1, onPacket() {}, onError: console.error });
        const watch = line.watch({ filter: { length: [1, 2] }, onPacket() {}, onSilence() {
          setTimeout(() => { console.log('repeats', watch.repeats, watch.repeatsAt); line.close(); }, 100); } });
        watch.foresee({ packets: [frame(${etherType}, 9, 'said')], repeat: { everyUs: 20000, forUs: 60000000 } });
        watch.arm({ deadline: clockUs() + 20_000 });
        watch.consent();
        await null;
        block(60);
        (await import('node:fs')).writeSync(1, \`sleeps \${watch.repeats}\\n\`);
        process.kill(process.pid, 'SIGSTOP');`);
      await child.saw('sleeps');
      await new Promise((resolve) => setTimeout(resolve, 1000));
      child.signal('SIGCONT');
      assert.equal(await child.ended, 0, child.errors);
      const [, before, after] = /sleeps (\d+)\nrepeats (\d+) undefined/.exec(child.output) ?? [];
      assert.ok(Number(after) - Number(before) <= 10, child.output);
    });
  });

  it('warns of the next deadline although the silence of the last one was not read', async () => {
    const { line, watch, silences, warnings } = foreseeing();
    const usual = expected(frame(etherType, 5, 'usual'));
    watch.arm({ deadline: clockUs() + 20_000, expected: usual, rearmUs: 1_000_000_000, warnUs: 1_000_000_000 });
    beat(line, 'usual', 300_000);
    await null;
    block(500);
    await eventually('both', () => silences.length > 0 && warnings.length > 0);
    assert.deepEqual([silences, (warnings.at(-1) ?? 0) > clockUs() + 500_000_000], [[false], true]);
  });

  it('warns once, whatever other callbacks throw', async () => {
    const child = new PacingChild(`
      process.on('uncaughtException', ({ message }) => console.log(message));
      const line = PacemakerThread.start().openLine({ transport: { kind: 'frames', etherType: ${etherType} },
        interfaceIndex: 1, onPacket() { throw new Error('thrown'); }, onError: console.error });
      const watch = line.watch({ filter: { length: [1, 2] }, onPacket() {}, onSilence() {},
        onImminent: () => console.log('warned') });
      watch.arm({ deadline: clockUs() + 1000000000, warnUs: 1000000000 });
      line.send(frame(${etherType}, 1, 'a'), frame(${etherType}, 1, 'b'), frame(${etherType}, 1, 'c'));
      await null;
      block(200);
      setTimeout(() => { console.log('over'); line.close(); }, 200);`);
    await child.saw('over');
    assert.equal(await child.ended, 0);
    assert.deepEqual(child.output.match(/warned|thrown|over/g), ['warned', 'thrown', 'thrown', 'thrown', 'over']);
  });

  it('tells nothing when it is closed, at whatever stage', async () => {
    const stages = ['foreseen', 'armed', 'consented', 'flushed', 'silent', 'read'] as const;
    for (const closesLine of [false, true]) {
      for (const until of stages) {
        const { line, watch, foreseen, silences } = foreseeing();
        const others = Array.from({ length: 20 }, () => line.watch({ onPacket() {}, onSilence() {} }));
        const at = stages.indexOf(until);
        for (const one of [watch, ...others]) {
          one.foresee(foreseen);
          if (at > 0) one.arm({ deadline: clockUs() + 3000 });
          if (at > 1) one.consent();
        }
        if (at > 2) await null;
        if (at > 3) block(20);
        if (at > 4) await eventually('it was read', () => silences.length > 0);
        if (closesLine) line.close();
        else for (const one of [watch, ...others]) one.close();
        assert.throws(() => watch.foresee(foreseen), /EBADF/);
        assert.throws(() => watch.consent(), /EBADF/);
        await new Promise((resolve) => setTimeout(resolve, 20));
        line.close();
        assert.deepEqual(silences, at > 4 ? [true] : [], until);
      }
    }
  });

  it('ends with its process while it acts', async () => {
    const child = new PacingChild(`
      const line = PacemakerThread.start().openLine({ transport: { kind: 'frames', etherType: ${etherType} },
        interfaceIndex: 1, onPacket() {}, onError: console.error });
      for (let i = 0; i < 200; i++) {
        const watch = line.watch({ filter: { length: [1, 2] }, onPacket() {}, onSilence() {} });
        const frames = Array.from({ length: 100 }, () => [1, frame(${otherType}, 9, 'shown')]);
        watch.foresee({ packets: [frame(${etherType}, 9, 'said')], frames });
        watch.arm({ deadline: clockUs() + 100000 });
        watch.consent();
      }
      await null;
      block(105);
      process.exit(7);`);
    assert.equal(await child.ended, 7, child.errors);
  });

  it('refuses what it cannot do, and keeps what it had', async () => {
    const { watch, foreseen, said, silences } = foreseeing();
    watch.foresee(foreseen);
    const { packets } = foreseen;
    const wrong: readonly object[] = [
      { packets: [] },
      { packets: Array.from({ length: 256 }, () => packets[0]) },
      { packets, requests: Buffer.alloc(65_537) },
      { packets, requests: 'request' },
      { packets, frames: 'frames' },
      { packets, frames: {} },
      { packets, frames: [undefined] },
      { packets, frames: [[]] },
      { packets, frames: [[loopback, Buffer.alloc(13)]] },
      { packets, frames: [[loopback, Buffer.alloc(1515)]] },
      { packets, frames: [[loopback, 'frame']] },
      { packets, frames: [[0, Buffer.alloc(60)]] },
      { packets, frames: [[1.5, Buffer.alloc(60)]] },
      { packets, repeat: { everyUs: -1, forUs: 1 } },
      { packets, repeat: { everyUs: 1000, forUs: 2 ** 41 } },
      { packets, frames: Array.from({ length: 1025 }, () => [loopback, Buffer.alloc(60)]) },
    ];
    for (const foreseen of wrong) assert.throws(() => watch.foresee(foreseen as Foreseen), TypeError, JSON.stringify(foreseen));
    watch.arm({ deadline: clockUs() + 100_000 });
    watch.consent();
    await eventually('silence', () => silences.length > 0 && said.length > 0);
    assert.deepEqual([silences, said], [[true], ['said']]);
  });

  it('is not deceived by lists that change while they are read', () => {
    const { watch, foreseen } = foreseeing();
    const list = <Item>(...answers: readonly (() => Item)[]) =>
      Object.defineProperty([undefined as Item], 0, { get: () => (answers.length > 1 ? draw(answers) : answers[0]?.()) });
    let reads = 0;
    const draw = <Item>(answers: readonly (() => Item)[]) => answers[Math.min(reads++, answers.length - 1)]?.();
    const pair = (length: number) => () => [loopback, Buffer.alloc(length)] as const;
    const { packets } = foreseen;
    assert.throws(() => watch.foresee({ packets, frames: list(pair(60), pair(1514)) as never }), /changed while/);
    reads = 0;
    // Bytes that are gone when the list has been read.
    const requests = new Uint8Array(4096);
    const taking = () => {
      structuredClone(requests, { transfer: [requests.buffer] });
      return pair(60)();
    };
    assert.doesNotThrow(() => watch.foresee({ packets, requests, frames: list(taking, pair(60)) as never }));
    const closing = () => {
      watch.close();
      return pair(60)();
    };
    assert.throws(() => watch.foresee({ packets, frames: list(closing) as never }), /EBADF/);
    assert.throws(() => watch.arm({ deadline: farAhead() }), /EBADF/);
  });
});
