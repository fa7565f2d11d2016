/** What a flood of leases from one lane costs the others. */
import assert from 'node:assert/strict';
import { LeaseGate } from '@mainstay/core';
import { createVirtualClock } from '@mainstay/testing';
import { describe, it } from 'mocha';

describe('the gate for leases of a lane', () => {
  it('passes what sensible plugins publish at once, in order', () => {
    const passed: number[] = [];
    const gate = new LeaseGate<number>(createVirtualClock(), (n) => passed.push(n));
    for (let n = 0; n < 1000; n++) gate.put(`lease ${n}`, n);
    assert.deepEqual([passed.length, passed[0], passed[999]], [1000, 0, 999]);
  });

  it('passes only the newest terms of a lease that changes without end, and the last in any case', async () => {
    const clock = createVirtualClock();
    const passed: number[] = [];
    const gate = new LeaseGate<number>(clock, (n) => passed.push(n));
    for (let n = 0; n < 50_000; n++) gate.put('the same', n);
    assert.equal(passed.length, 1000);
    await clock.advance(100);
    assert.deepEqual(passed.slice(1000), [49_999]);
  });

  it('keeps the newest terms of each lease while whoever they go to does not read', async () => {
    const clock = createVirtualClock();
    const passed: number[] = [];
    let isFree = false;
    const gate = new LeaseGate<number>(
      clock,
      (n) => passed.push(n),
      (n) => isFree || n < 0,
    );
    for (let n = 0; n < 100; n++) gate.put(`lease ${n % 2}`, n);
    gate.put('to another lane', -1);
    await clock.advance(100);
    assert.deepEqual(passed, [-1]);
    isFree = true;
    await clock.advance(100);
    assert.deepEqual(passed, [-1, 98, 99]);
  });

  it('bounds the rate and what waits where the names change, too', async () => {
    const clock = createVirtualClock();
    let passed = 0;
    const gate = new LeaseGate<number>(clock, () => passed++);
    for (let n = 0; n < 20_000; n++) gate.put(`lease ${n}`, n);
    assert.equal(gate.lost, 9000);
    await clock.advance(1000);
    assert.ok(passed <= 1200, String(passed));
    await clock.advance(60_000);
    assert.equal(passed, 11_000);
  });
});
