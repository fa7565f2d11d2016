/** When neighbours are told: bursts, refreshes and pacing (plugins/vrrp/src/announcer.ts). */
import assert from 'node:assert/strict';
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
  const announcer = new Announcer(clock, () => void times.push(clock.now()));
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

describe('pacer', () => {
  it('sends in order with the interval between two frames', async () => {
    const clock = createVirtualClock();
    const pacer = new Pacer(clock);
    const sent: string[] = [];
    for (const name of ['a', 'b', 'c']) pacer.enqueue(() => sent.push(`${name} ${clock.now()}`), 100);
    await clock.advance(250);
    pacer.enqueue(() => sent.push(`d ${clock.now()}`), 100);
    await clock.advance(10_000);
    pacer.enqueue(() => sent.push(`e ${clock.now()}`), 100);
    assert.deepEqual(sent, ['a 0', 'b 100', 'c 200', 'd 300', 'e 10250']);
  });

  it('without an interval sends a short burst at once', () => {
    const pacer = new Pacer(createVirtualClock());
    let sent = 0;
    for (let i = 0; i < 10; i++) pacer.enqueue(() => sent++, 0);
    assert.equal(sent, 10);
  });

  it('gives way to other timers after 64 frames', async () => {
    const clock = createVirtualClock();
    const pacer = new Pacer(clock);
    const seen: number[] = [];
    let sent = 0;
    for (let i = 0; i < 200; i++) pacer.enqueue(() => sent++, 0);
    seen.push(sent);
    clock.after(0, () => seen.push(sent));
    await clock.advance(0);
    assert.deepEqual([seen, sent], [[64, 128], 200]);
  });

  it('sends nothing after close', async () => {
    const clock = createVirtualClock();
    const pacer = new Pacer(clock);
    let sent = 0;
    for (let i = 0; i < 3; i++) pacer.enqueue(() => sent++, 100);
    pacer.close();
    await clock.advance(1000);
    assert.deepEqual([sent, clock.pending], [1, 0]);
  });
});
