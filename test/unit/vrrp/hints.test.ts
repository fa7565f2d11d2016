/** How far BFD is believed about each of several routers (hints.ts): by steps of the machine, without a router around it. */
import assert from 'node:assert/strict';
import { distrustMs, Hints } from '@mainstay/vrrp/internal/hints.js';
import type { Backup, State } from '@mainstay/vrrp/internal/states.js';
import { transitioned } from '@mainstay/vrrp/internal/states.js';
import { describe, it } from 'mocha';

const [a, c] = ['192.0.2.2', '192.0.2.3'];
const master: State = { kind: 'master', priority: 100, advertAt: 0, answeredAt: 0, hasDrained: false };

function follows(address: string): Backup {
  const seen = { address, priority: 150 };
  const [masterDownAt, masterIntervalMs] = [0, 1000];
  return {
    kind: 'backup',
    priority: 100,
    masterDownAt,
    masterIntervalMs,
    master: seen,
    expiry: 'master-down',
    hasDrained: false,
  };
}

function watched() {
  const waits: number[] = [];
  const hints = new Hints((message) => waits.push(1000 * Number(/quiet for ([\d.]+) s/.exec(message)?.[1])));
  /** BFD takes the router for dead, which answers 1 ms later. Answers whether that was believed. */
  const falseAlarm = (address: string, now: number): boolean => {
    if (!hints.mayBelieve(address, now)) return false;
    const backup = follows(address);
    const lost = transitioned(backup, 'master', 'master-lost', '');
    hints.stepped(backup, { state: master, effects: [lost] }, now);
    hints.stepped(master, { state: backup, effects: [transitioned(master, 'backup', 'preempted', '')] }, now + 1);
    return true;
  };
  return { hints, waits, falseAlarm };
}

describe('distrust of hints', () => {
  it('of one router is not forgotten over a mistake about another', () => {
    const { hints, waits, falseAlarm } = watched();
    for (const now of [0, 10_000, 20_000]) assert.equal(falseAlarm(a, now), true);
    assert.equal(falseAlarm(c, 21_000), true);
    assert.deepEqual(waits, [1500, 3000, 6000, 1500]);
    assert.equal(hints.mayBelieve(a, 22_000), false);
    assert.equal(hints.mayBelieve(c, 22_600), true);
    assert.equal(hints.mayBelieve(a, 27_900), false, 'quiet for 5.9 s');
    assert.equal(falseAlarm(a, 33_900), true);
    assert.equal(waits.at(-1), 12_000);
  });

  it('forgives nothing before ten quiet minutes, then all', () => {
    const { waits, falseAlarm } = watched();
    falseAlarm(a, 0);
    falseAlarm(a, distrustMs.most - 1);
    falseAlarm(a, 2 * distrustMs.most);
    assert.deepEqual(waits, [1500, 3000, 1500]);
  });

  it('ends for the oldest where there are more routers than any network has', () => {
    const { hints, falseAlarm } = watched();
    const addresses = Array.from({ length: 65 }, (_, i) => `192.0.2.${i}`);
    for (const [i, address] of addresses.entries()) falseAlarm(address, i);
    const believed = addresses.filter((address) => hints.mayBelieve(address, 100));
    assert.deepEqual(believed, addresses.slice(0, 1));
  });
});
