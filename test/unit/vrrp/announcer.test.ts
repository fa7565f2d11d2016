/** When neighbours are told: bursts, refreshes and pacing (plugins/vrrp/src/announcer.ts). */
import assert from 'node:assert/strict';
import type { Clock } from '@mainstay/sdk';
import { createVirtualClock, type VirtualClock } from '@mainstay/testing';
import { Announcer, Pacer } from '@mainstay/vrrp/internal/announcer.js';
import type { AnnounceConfig } from '@mainstay/vrrp/internal/instance-config.js';
import { describe, it } from 'mocha';

const usual: AnnounceConfig = {
  repeat: 5,
  delayMs: 5000,
  refreshMs: 0,
  refreshRepeat: 1,
  lowerPriorityRepeat: 5,
  lowerPriorityDelayMs: 5000,
  arpIntervalMs: 0,
  neighbourIntervalMs: 0,
};

/** An announcer and the times at which it announced: `time x count`. */
function announcerOn(clock: VirtualClock) {
  const times: number[] = [];
  const announcer = new Announcer(clock, (count) => void times.push(...Array.from({ length: count }, () => clock.now())));
  const told = () => [...new Set(times)].map((at) => `${at} x ${times.filter((time) => time === at).length}`);
  return { announcer, told };
}

describe('announcer', () => {
  it('announces five times at once and five times after 5 s', async () => {
    const clock = createVirtualClock();
    const { announcer, told } = announcerOn(clock);
    announcer.start(usual);
    assert.deepEqual(told(), ['0 x 5']);
    await clock.advance(60_000);
    assert.deepEqual(told(), ['0 x 5', '5000 x 5']);
    assert.equal(clock.pending, 0);
  });

  it('has no second burst with a delay of 0', async () => {
    const clock = createVirtualClock();
    const { announcer, told } = announcerOn(clock);
    announcer.start({ ...usual, repeat: 1, delayMs: 0 });
    await clock.advance(60_000);
    assert.deepEqual(told(), ['0 x 1']);
  });

  it('refreshes as long as it is not stopped', async () => {
    const clock = createVirtualClock();
    const { announcer, told } = announcerOn(clock);
    announcer.start({ ...usual, repeat: 1, refreshMs: 2000, refreshRepeat: 3 });
    await clock.advance(6500);
    announcer.stop();
    await clock.advance(60_000);
    assert.deepEqual(told(), ['0 x 1', '2000 x 3', '4000 x 3', '5000 x 1', '6000 x 3']);
  });

  it('stopped before the second burst, it is silent', async () => {
    const clock = createVirtualClock();
    const { announcer, told } = announcerOn(clock);
    announcer.start(usual);
    await clock.advance(4999);
    announcer.stop();
    await clock.advance(60_000);
    assert.deepEqual(told(), ['0 x 5']);
  });

  it('after a lower priority it announces again, as configured, or not at all', async () => {
    const clock = createVirtualClock();
    const { announcer, told } = announcerOn(clock);
    announcer.again({ ...usual, lowerPriorityRepeat: 2, lowerPriorityDelayMs: 1000 });
    announcer.again({ ...usual, lowerPriorityRepeat: 0 });
    await clock.advance(60_000);
    assert.deepEqual(told(), ['0 x 2', '1000 x 2']);
  });

  it('a burst on the way is replaced, not added to', async () => {
    const clock = createVirtualClock();
    const { announcer, told } = announcerOn(clock);
    announcer.start(usual);
    await clock.advance(3000);
    announcer.again(usual);
    await clock.advance(60_000);
    assert.deepEqual(told(), ['0 x 5', '3000 x 5', '8000 x 5']);
  });
});

/** A pacer and what it handed over: the time and the items of each batch. */
function pacerOn(clock: Clock) {
  const sent: string[] = [];
  const pacer = new Pacer<string>(clock, (items) => void sent.push(`${clock.now()} ${items.join('')}`));
  const enqueue = (item: string, times = 1, intervalMs = 0, isWanted = () => true) =>
    pacer.enqueue({ item, isWanted }, times, intervalMs);
  return { pacer, sent, enqueue };
}

describe('pacer', () => {
  it('sends in order with the interval between two frames', async () => {
    const clock = createVirtualClock();
    const { sent, enqueue } = pacerOn(clock);
    for (const name of ['a', 'b', 'c']) enqueue(name, 1, 100);
    await clock.advance(250);
    enqueue('d', 1, 100);
    await clock.advance(10_000);
    enqueue('e', 1, 100);
    await clock.advance(0);
    assert.deepEqual(sent, ['0 a', '100 b', '200 c', '300 d', '10250 e']);
  });

  it('without an interval sends at once, and together, what came in one moment', async () => {
    const { sent, enqueue } = pacerOn(createVirtualClock());
    for (const name of ['a', 'b', 'c']) enqueue(name);
    await Promise.resolve();
    assert.deepEqual(sent, ['0 abc']);
  });

  it('tells everything once before it repeats anything, with and without an interval', async () => {
    const clock = createVirtualClock();
    const fast = pacerOn(clock);
    for (const name of ['a', 'b', 'c']) fast.enqueue(name, 3);
    await clock.advance(0);
    assert.deepEqual(fast.sent, ['0 abc', '0 abcabc']);
    const slow = pacerOn(clock);
    for (const name of ['a', 'b']) slow.enqueue(name, 3, 10);
    await clock.advance(15);
    slow.enqueue('c', 2, 10);
    await clock.advance(1000);
    assert.deepEqual(slow.sent, ['0 a', '10 b', '20 c', '30 a', '40 b', '50 c', '60 a', '70 b']);
  });

  it('forgets what is no longer wanted, and loses no time with it', async () => {
    const clock = createVirtualClock();
    const { sent, enqueue } = pacerOn(clock);
    let isWanted = true;
    enqueue('a', 3, 10, () => isWanted);
    enqueue('b', 2, 10);
    await clock.advance(5);
    isWanted = false;
    await clock.advance(100);
    isWanted = true;
    await clock.advance(100);
    assert.deepEqual(sent, ['0 a', '10 b', '20 b']);
    assert.equal(clock.pending, 0);
  });

  it('gives way to other timers after 64 frames', async () => {
    const clock = createVirtualClock();
    const { sent, enqueue } = pacerOn(clock);
    const count = () => sent.map((line) => line.length - 2);
    for (let i = 0; i < 40; i++) enqueue('x', 5);
    await Promise.resolve();
    const seen = [count()];
    clock.after(0, () => void seen.push(count()));
    await clock.advance(0);
    assert.deepEqual(
      [seen, count()],
      [
        [[40], [40, 64]],
        [40, 64, 64, 32],
      ],
    );
  });

  it('leaves the repeats for later while the event loop is behind, but not for ever', async () => {
    let now = 0;
    let due: { at: number; fire(): void } | undefined;
    const clock = {
      now: () => now,
      wall: () => now,
      at: (at: number, fire: () => void) => {
        due = { at, fire };
        return { cancel: () => undefined };
      },
      after: () => assert.fail('the pacer names times'),
    };
    /** The turn that is due comes so late. */
    const turn = (lateMs: number) => {
      const { at, fire } = due ?? assert.fail('nothing is due');
      due = undefined;
      now = at + lateMs;
      fire();
    };
    const { sent, enqueue } = pacerOn(clock);
    enqueue('a', 3);
    await Promise.resolve();
    turn(30);
    enqueue('b', 2);
    await Promise.resolve();
    turn(30);
    assert.deepEqual(sent, ['0 a', '30 b']);
    turn(1);
    assert.deepEqual(sent, ['0 a', '30 b', '61 aba']);
    turn(0);
    enqueue('c', 2);
    await Promise.resolve();
    for (let i = 0; i < 4; i++) turn(30);
    assert.deepEqual(sent.slice(3), ['61 c', '181 c']);
  });

  it('sends nothing after close', async () => {
    const clock = createVirtualClock();
    const { pacer, sent, enqueue } = pacerOn(clock);
    for (const name of ['a', 'b', 'c']) enqueue(name, 1, 100);
    await clock.advance(0);
    enqueue('d', 1, 100);
    pacer.close();
    await clock.advance(1000);
    assert.deepEqual([sent, clock.pending], [['0 a'], 0]);
  });
});
