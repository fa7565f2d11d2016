/** The simulation can fail: machines that are broken on purpose, each in one respect, are caught within a hundred seeds. */
import assert from 'node:assert/strict';
import { createVrrpPlugin, type Effect, type Event, type MachineConfig, type State, type Step, step } from '@mainstay/vrrp';
import { describe, it } from 'mocha';
import { runSeed } from './vrrp/run-seed.js';

type Machine = (state: State, event: Event, config: MachineConfig, now: number) => Step;

/** The machine without some of its effects. */
function without(drop: (effect: Effect, from: State) => boolean): Machine {
  return (state, event, config, now) => {
    const result = step(state, event, config, now);
    return { ...result, effects: result.effects.filter((effect) => !drop(effect, state)) };
  };
}

const broken: readonly { readonly what: string; readonly machine: Machine; readonly caught: RegExp }[] = [
  {
    what: 'a master that ignores a higher priority',
    machine: (state, event, config, now) =>
      state.kind === 'master' && event.kind === 'advert' && event.priority > state.priority
        ? { state, effects: [] }
        : step(state, event, config, now),
    caught: /masters in one partition/,
  },
  {
    what: 'a router that forgets to remove its addresses',
    machine: without((effect) => effect.kind === 'removeAddresses'),
    caught: /holds a virtual address in state/,
  },
  {
    what: 'a router that leaves without priority 0',
    machine: without((effect) => effect.kind === 'sendAdvert' && effect.priority === 0),
    caught: /without priority 0/,
  },
  {
    what: 'a backup that never takes over once it has heard a master',
    machine: (state, event, config, now) =>
      state.kind === 'backup' && state.master !== undefined && event.kind === 'timer'
        ? { state: { ...state, masterDownAt: now + config.advertIntervalMs }, effects: [] }
        : step(state, event, config, now),
    caught: /no master among/,
  },
  {
    what: 'a backup that does not preempt',
    machine: (state, event, config, now) => step(state, event, { ...config, preempt: false }, now),
    caught: /should have preempted/,
  },
  {
    what: 'a master that never takes its addresses',
    machine: without((effect) => effect.kind === 'addAddresses'),
    caught: /lacks a virtual address/,
  },
  {
    what: 'a nopreempt that is not heeded',
    machine: (state, event, config, now) => step(state, event, { ...config, preempt: true }, now),
    caught: /has nopreempt and took over/,
  },
  {
    what: 'backups that do not hear a resignation',
    machine: (state, event, config, now) =>
      state.kind === 'backup' && event.kind === 'advert' && event.priority === 0
        ? { state, effects: [] }
        : step(state, event, config, now),
    caught: /nobody followed a master that resigned/,
  },
  {
    what: 'a router that does not heed a new priority',
    machine: (state, event, config, now) =>
      event.kind === 'priority' ? { state, effects: [] } : step(state, event, config, now),
    caught: /should have preempted/,
  },
  {
    what: 'equal priorities that never give way',
    machine: (state, event, config, now) =>
      state.kind === 'master' && event.kind === 'advert' && event.priority === state.priority
        ? { state, effects: [] }
        : step(state, event, config, now),
    caught: /masters in one partition/,
  },
];

describe('the simulator catches', () => {
  for (const { what, machine, caught } of broken) {
    it(what, async () => {
      const seen: string[] = [];
      for (let seed = 1; seed <= 100 && !seen.some((violation) => caught.test(violation)); seed++) {
        const result = await runSeed(seed, { plugin: () => createVrrpPlugin(machine) });
        seen.push(...result.violations);
      }
      assert.ok(
        seen.some((violation) => caught.test(violation)),
        `nothing matched ${caught}; seen: ${seen.slice(0, 5).join('; ')}`,
      );
    }).timeout(30_000);
  }

  it('and shows the same failure again, frame by frame', async () => {
    const deaf: Machine = broken[0]?.machine ?? step;
    for (let seed = 1; seed <= 100; seed++) {
      const run = () => runSeed(seed, { plugin: () => createVrrpPlugin(deaf), keepTrace: true });
      const first = await run();
      if (first.violations.length === 0) continue;
      const second = await run();
      assert.deepEqual(second.violations, first.violations);
      assert.deepEqual(second.lines, first.lines);
      assert.equal(second.hash, first.hash);
      return;
    }
    assert.fail('no seed failed');
  });
});
