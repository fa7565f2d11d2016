/** Beacons that turn at silence: what leaves without JavaScript, and when it is left to JavaScript. On loopback, as root. */
import assert from 'node:assert/strict';
import type { PacemakerBeacon, PacemakerWatch } from '@mainstay/pacemaker';
import { afterEach, before, describe, it } from 'mocha';
import { block, clockUs, etherType, eventually, frame, Lines, textOf } from '../../support/pacing.js';

describe('pacemaker beacons that turn at silence', function () {
  this.timeout(60_000);
  let lines: Lines;

  before(() => {
    assert.equal(process.getuid?.(), 0, 'packet sockets need root');
    lines = new Lines();
  });
  afterEach(() => lines.close());

  /** A watch on one line, a beacon on another one, and what the first hears of the second. */
  function world() {
    const said: string[] = [];
    const silences: boolean[] = [];
    const read: string[] = [];
    const ear = lines.frames(etherType, { onPacket: (packet) => said.push(textOf(packet)) });
    const mouth = lines.frames(etherType, { onPacket() {} });
    const watch = ear.watch({
      key: 5,
      onPacket: (packet) => read.push(textOf(packet)),
      onSilence: (_, hasActed) => silences.push(hasActed),
    });
    const beacon = mouth.beacon({
      packets: [frame(etherType, 9, 'up')],
      intervalUs: 20_000,
      firstAt: clockUs(),
      onEnd: () => assert.fail('ended'),
    });
    return { ear, mouth, watch, beacon, said, silences, read };
  }

  function foresee(watch: PacemakerWatch, beacon: PacemakerBeacon, text = 'down'): void {
    watch.turnAtSilence({ beacon, packets: [frame(etherType, 9, text)], intervalUs: 30_000 });
  }

  it('say something else from then on, while JavaScript is blocked', async () => {
    const { watch, beacon, said, silences } = world();
    foresee(watch, beacon);
    watch.arm({ deadline: clockUs() + 50_000 });
    block(300);
    await eventually('silence is told', () => silences.length > 0);
    assert.deepEqual(silences, [true]);
    await eventually('it goes on', () => said.filter((text) => text === 'down').length > 3);
    assert.match(said.join(), /^(up,)*down(,down)*$/);
    // Once: the next silence finds nothing prepared.
    watch.arm({ deadline: clockUs() });
    await eventually('silence is told again', () => silences.length > 1);
    assert.deepEqual(silences, [true, false]);
  });

  it('do not while a packet is unread, and do again when it has been read', async () => {
    const { ear, watch, beacon, silences, read } = world();
    foresee(watch, beacon);
    watch.arm({ deadline: clockUs() + 50_000 });
    ear.send(frame(etherType, 5, 'wait'));
    block(300);
    await eventually('silence is told', () => silences.length > 0);
    assert.deepEqual([read, silences], [['wait'], [false]]);
    watch.arm({ deadline: clockUs() + 20_000 });
    await eventually('silence is told again', () => silences.length > 1);
    assert.deepEqual(silences, [false, true]);
  });

  it('do not when it was taken back, or the beacon or its line is closed', async () => {
    const { ear, mouth, watch, beacon, said, silences } = world();
    const silence = async () => {
      const before = silences.length;
      watch.arm({ deadline: clockUs() });
      await eventually('silence is told', () => silences.length > before);
    };
    foresee(watch, beacon);
    watch.turnAtSilence(undefined);
    await silence();
    foresee(watch, beacon);
    beacon.close();
    await silence();
    foresee(watch, beacon);
    await silence();
    const other = mouth.beacon({ packets: [frame(etherType, 9, 'up')], intervalUs: 20_000, firstAt: clockUs(), onEnd() {} });
    foresee(watch, other);
    mouth.close();
    await silence();
    assert.deepEqual(silences, [false, false, false, false]);
    assert.ok(!said.includes('down'));
    ear.close();
  });

  it('turn for the latest watch that asked', async () => {
    const { ear, watch, beacon, said, silences } = world();
    const later: boolean[] = [];
    const second = ear.watch({ key: 6, onPacket() {}, onSilence: (_, hasActed) => later.push(hasActed) });
    foresee(watch, beacon, 'first');
    foresee(second, beacon, 'second');
    watch.arm({ deadline: clockUs() });
    await eventually('silence is told', () => silences.length > 0);
    second.arm({ deadline: clockUs() });
    await eventually('silence is told', () => later.length > 0);
    await eventually('it is said', () => said.includes('second'));
    assert.deepEqual([silences, later, said.includes('first')], [[false], [true], false]);
  });

  it('refuse what cannot be', () => {
    const { watch, beacon } = world();
    assert.throws(() => watch.turnAtSilence({ beacon, packets: [], intervalUs: 30_000 }), TypeError);
    assert.throws(() => watch.turnAtSilence({ beacon, packets: [frame(etherType, 9, 'x')], intervalUs: 10 }), TypeError);
  });
});
