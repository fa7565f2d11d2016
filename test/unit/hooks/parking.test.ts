/** Strikes and parking (core/runtime/src/hooks/standing.ts and guard.ts). */
import assert from 'node:assert/strict';
import type { PluginParked } from '@mainstay/sdk';
import { describe, it } from 'mocha';
import { benchOf, type Declare, priorityOf, raise } from './bus-bench.js';

const bad: Declare = (taps) => {
  taps.adjust('vrrp.priority', () => {
    throw new Error('boom');
  });
  taps.observe('vrrp.transitioned', () => {
    throw new Error('bang');
  });
};

describe('parking', () => {
  it('takes every tap of a plugin out after three strikes, and tells', () => {
    const parked: PluginParked[] = [];
    const bench = benchOf({ bad, board: (taps) => taps.observe('plugin.parked', (event) => void parked.push(event)) });
    priorityOf(bench);
    raise(bench);
    assert.equal(bench.bus.standing('bad').parked, undefined);
    priorityOf(bench);
    assert.deepEqual(parked, [
      { plugin: 'bad', lane: 'test', hook: 'vrrp.priority', strikes: 3, lastError: 'threw: boom', at: bench.clock.wall() },
    ]);
    priorityOf(bench);
    raise(bench);
    const taps = bench.bus.taps().filter((tap) => tap.plugin === 'bad');
    assert.deepEqual(
      taps.map((tap) => [tap.hook, tap.calls, tap.strikes, tap.isParked]).sort(),
      [
        ['vrrp.priority', 2, 2, true],
        ['vrrp.transitioned', 1, 1, true],
      ].sort(),
    );
  });

  it('leaves other plugins alone', () => {
    const bench = benchOf({ bad, good: (taps) => taps.adjust('vrrp.priority', (value) => value - 1) });
    for (let i = 0; i < 5; i++) assert.equal(priorityOf(bench).value, 99);
  });

  it('forgets a failure after ten minutes', async () => {
    const bench = benchOf({ bad });
    for (let i = 0; i < 6; i++) {
      priorityOf(bench);
      await bench.clock.advance(300_001);
    }
    assert.equal(bench.bus.standing('bad').parked, undefined);
  });

  it('ends with resume', () => {
    const bench = benchOf({ bad });
    for (let i = 0; i < 3; i++) priorityOf(bench);
    bench.bus.resumeAll();
    priorityOf(bench);
    assert.equal(bench.bus.taps().find((tap) => tap.hook === 'vrrp.priority')?.calls, 4);
    assert.equal(bench.bus.standing('bad').parked, undefined);
  });

  it('lets a plugin that observes its own parking fail without end', () => {
    const bench = benchOf({
      bad: (taps) => {
        bad(taps);
        taps.observe('plugin.parked', () => {
          throw new Error('again');
        });
      },
    });
    for (let i = 0; i < 4; i++) priorityOf(bench);
    assert.equal(bench.bus.standing('bad').parked?.strikes, 3);
  });
});
