/** Mail and life of the pacemaker thread: order after a stall, floods, callbacks that throw or close, ends. As root. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { afterEach, before, describe, it } from 'mocha';
import { block, clockUs, etherType, eventually, frame, Lines, PacingChild, textOf } from '../../support/pacing.js';

const entry = createRequire(import.meta.url).resolve('@mainstay/pacemaker');

describe('pacemaker mail', function () {
  this.timeout(60_000);
  let lines: Lines;

  before(() => {
    assert.equal(process.getuid?.(), 0, 'packet sockets need root');
    lines = new Lines();
  });
  afterEach(() => lines.close());

  it('tells after a stall who was cut off, then what arrived, then who is silent', async () => {
    const told: string[] = [];
    const line = lines.frames(etherType, { onPacket: (packet) => told.push(textOf(packet)) });
    const silent = line.watch({ key: 99, onPacket() {}, onSilence: () => told.push('silence') });
    silent.arm({ deadline: clockUs() + 10_000 });
    line.beacon({
      packets: [frame(etherType, 1, 'beat')],
      intervalUs: 20_000,
      firstAt: clockUs(),
      lease: { us: 100_000, last: [frame(etherType, 1, 'last')] },
      onEnd: ({ why }) => told.push(why),
    });
    block(500);
    await eventually('all of it', () => told.includes('silence') && told.includes('lapsed') && told.includes('last'));
    assert.equal(told[0], 'lapsed');
    assert.equal(told[1], 'beat');
    assert.equal(told.at(-1), 'silence');
    assert.equal(told.at(-2), 'last');
  });

  it('is bounded: of a flood what does not fit is counted, and beacons go on', async () => {
    let heard = 0;
    const line = lines.frames(etherType, { onPacket: () => heard++ });
    const big = Buffer.concat([frame(etherType, 1, 'big'), Buffer.alloc(1400)]);
    const { packetsLost } = lines.thread.status();
    const beacon = line.beacon({
      packets: [frame(etherType, 2, 'beat')],
      intervalUs: 5000,
      firstAt: clockUs(),
      onEnd: () => assert.fail(),
    });
    const rounds = 3000;
    for (let i = 0; i < rounds; i++) line.send(big);
    block(300);
    const turns = beacon.turns;
    beacon.close();
    await eventually('all were heard or counted', () => {
      const lost = lines.thread.status().packetsLost - packetsLost + line.untold;
      return lost > 0 && heard + lost + line.drops >= rounds + turns;
    });
    assert.ok(heard > 300, `${heard} heard`);
    assert.ok(turns > 10, `${turns} turns`);
    line.send(frame(etherType, 1, 'after'));
    const before = heard;
    await eventually('it goes on', () => heard > before);
  });

  it('is read to its end where reading takes long, whenever the news of it came', async () => {
    const read: string[] = [];
    const line = lines.frames(etherType, {
      onPacket: (packet) => {
        const text = textOf(packet);
        read.push(text);
        if (text === 'second') line.send(frame(etherType, 1, 'late'));
        // Longer than a turn of reading may last.
        if (text !== 'third') block(80);
      },
    });
    line.send(...['first', 'second', 'third'].map((text) => frame(etherType, 1, text)));
    block(100);
    await eventually('what came meanwhile', () => read.includes('late'));
    assert.deepEqual(read, ['first', 'second', 'third', 'late']);
  });

  it('tells nothing of what was closed, not even what was on its way', async () => {
    let heard = 0;
    const other: string[] = [];
    const line = lines.frames(etherType, { onPacket: (packet) => other.push(textOf(packet)) });
    const watch = line.watch({
      key: 1,
      onPacket: () => {
        heard++;
        watch.close();
      },
      onSilence: () => assert.fail(),
    });
    for (let i = 0; i < 10; i++) line.send(frame(etherType, 1, 'x'));
    line.send(frame(etherType, 2, 'end'));
    block(100);
    await eventually('the end', () => other.includes('end'));
    assert.equal(heard, 1);
    const beacon = line.beacon({
      packets: [frame(etherType, 1, 'x')],
      intervalUs: 1000,
      firstAt: clockUs(),
      lease: { us: 1000, last: [] },
      onEnd: () => assert.fail(),
      onTurn: () => assert.fail(),
    });
    const silent = line.watch({ onPacket: () => assert.fail(), onSilence: () => assert.fail() });
    silent.arm({ deadline: clockUs() });
    block(100);
    line.close();
    line.close();
    beacon.close();
    const fresh = lines.frames(etherType, { onPacket: (packet) => other.push(textOf(packet)) });
    fresh.send(frame(etherType, 1, 'later'));
    await eventually('later mail', () => other.includes('later'));
    assert.equal(lines.thread.status().watches, 0);
  });

  it('goes on after a callback that throws, and passes what it threw to the process', async () => {
    const child = new PacingChild(`
      process.on('uncaughtException', (error) => console.log(error.message));
      let heard = 0;
      const line = PacemakerThread.start().openLine({
        transport: { kind: 'frames', etherType: ${etherType} }, interfaceIndex: 1, onError: console.error,
        onPacket: () => { if (++heard === 3) line.close(); throw new Error('thrown ' + heard); } });
      line.send(...['a', 'b', 'c', 'd'].map((text) => frame(${etherType}, 1, text)));`);
    assert.equal(await child.ended, 0);
    assert.equal(child.output, 'thrown 1\nthrown 2\nthrown 3\n');
  });

  it('keeps the process alive while a line is open, and no longer', async () => {
    const child = new PacingChild(`
      const thread = PacemakerThread.start();
      console.log(JSON.stringify(thread.status()));
      const line = thread.openLine({
        transport: { kind: 'frames', etherType: ${etherType} }, interfaceIndex: 1, onError: console.error,
        onPacket: () => { console.log('heard'); line.close(); } });
      console.log('open');`);
    await child.saw('open');
    lines.frames(etherType).send(frame(etherType, 1, 'x'));
    assert.equal(await child.ended, 0);
    assert.match(child.output, /"lines":0,"beacons":0,"watches":0,"packetsLost":0/);
    assert.match(child.output, /heard\n$/);
  });

  it('comes from one thread of its own name, of known scheduling', () => {
    const names = readdirSync('/proc/self/task').map((id) => readFileSync(`/proc/self/task/${id}/comm`, 'utf8').trim());
    assert.deepEqual(
      names.filter((name) => name === 'pacemaker'),
      ['pacemaker'],
    );
    const { scheduling, refusedWith } = lines.thread.status();
    assert.equal(scheduling === 'fifo', refusedWith === undefined);
  });

  it('competes with others where the kernel refuses it a real-time priority, and says why', () => {
    const script = `
      const { PacemakerThread } = await import('${entry}');
      const { scheduling, refusedWith } = PacemakerThread.start().status();
      console.log(scheduling, refusedWith);`;
    const less = ['--bounding-set=-sys_nice', '--inh-caps=-sys_nice', 'prlimit', '--rtprio=0:0'];
    const args = [...less, process.execPath, '--input-type=module', '-e', script];
    assert.equal(execFileSync('setpriv', args, { encoding: 'utf8', timeout: 30_000 }), 'ordinary EPERM\n');
  });

  it('lets environments end, by themselves or by force, while it works', async () => {
    const source = `
      import('${entry}').then(({ PacemakerThread }) => {
        const { parentPort } = require('node:worker_threads');
        const thread = PacemakerThread.start();
        const now = () => Number(process.hrtime.bigint() / 1000n);
        const frame = Buffer.alloc(60);
        frame.writeUInt16BE(${etherType}, 12);
        for (let i = 0; i < 3; i++) {
          const line = thread.openLine({ transport: { kind: 'frames', etherType: ${etherType} }, interfaceIndex: 1,
            onPacket() {}, onError() {} });
          for (let j = 0; j < 20; j++) {
            line.beacon({ packets: [frame], intervalUs: 1000, firstAt: now(), lease: { us: 1000 * j, last: [frame] }, onEnd() {} });
            line.watch({ onPacket() {}, onSilence() {} }).arm({ deadline: now() + 1000 * j });
          }
          if (i === 1) line.close();
        }
        parentPort.postMessage('open');
        parentPort.once('message', () => process.exit(0));
      });`;
    const before = readdirSync('/proc/self/fd').length;
    for (let i = 0; i < 6; i++) {
      const worker = new Worker(source, { eval: true });
      await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
      const ended = new Promise((resolve) => worker.once('exit', resolve));
      if (i % 2 === 0) void worker.terminate();
      else worker.postMessage('end');
      await ended;
    }
    assert.equal(readdirSync('/proc/self/fd').length, before);
  });

  it('survives every argument of the wrong kind', () => {
    const addon = createRequire(import.meta.url)(entry.replace(/dist\/index\.js$/, 'build/Release/pacemaker.node'));
    const pacer = addon.pacerStart(() => {});
    const line = addon.lineOpen(pacer, 1, 2, 4, etherType, 1, 1, 0, 14, 1, 1, new Uint8Array(0), new Uint8Array(0));
    const packet = [frame(etherType, 1, 'x'), new Uint8Array(0), 0];
    const beacon = addon.beaconOpen(line, 2, [packet], 1000, 1, 1, clockUs(), Number.NaN, undefined, Number.NaN, true);
    const watch = addon.watchOpen(line, 3, -1, 0, 255, 0, 1500, new Uint8Array(0), new Uint8Array(0), 0, new Uint8Array(0), 0, 0);
    const odd = [undefined, null, Number.NaN, -1, 0, 4, 1000, 2 ** 53, 1.5, 'x', {}, [], [packet], [[]], true, false];
    const more = [new Uint8Array(0), new Uint8Array(9), new Uint8Array(4), pacer, line, beacon, watch];
    const all = [...odd, ...more];
    let state = 1;
    const draw = () => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return all[(state >>> 16) % all.length];
    };
    const names = Object.keys(addon).filter((name) => /^(pacer|line|beacon|watch)/.test(name) && name !== 'pacerStart');
    for (const name of names) {
      for (let i = 0; i < 2000; i++) {
        const args = Array.from({ length: i % 15 }, draw);
        if (i % 2 === 0)
          args[0] =
            name.startsWith('pacer') || name === 'lineOpen'
              ? pacer
              : /^line|Open/.test(name)
                ? line
                : name.startsWith('beacon')
                  ? beacon
                  : watch;
        try {
          addon[name](...args);
        } catch (error) {
          assert.ok(error instanceof Error);
        }
      }
    }
    addon.objectClose(line);
    addon.pacerReference(pacer, false);
  });
});
