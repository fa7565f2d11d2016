/** A hook bus with plugins declared in a line, for the tests of the bus. */
import { HookBus, type Population } from '@mainstay/core';
import type { LaneKind, Taps } from '@mainstay/sdk';
import { type ManualClock, manualClock } from '../../support/manual-clock.js';

export interface Bench {
  readonly bus: HookBus;
  readonly clock: ManualClock;
  readonly logs: { readonly level: string; readonly plugin: string; readonly message: string }[];
}

export type Declare = (taps: Taps) => void;

/** A bus with the given plugins, in load order; frozen. `vrrp` is there without taps unless it is given. */
export function benchOf(plugins: Readonly<Record<string, Declare>>, population: Partial<Population> = {}): Bench {
  const bench = unfrozenBench(plugins);
  bench.bus.freeze(populationOf(plugins, population));
  return bench;
}

export function unfrozenBench(plugins: Readonly<Record<string, Declare>>): Bench {
  const clock = manualClock();
  const logs: { level: string; plugin: string; message: string }[] = [];
  const bus = new HookBus({ lane: 'test', clock, log: (level, plugin, message) => logs.push({ level, plugin, message }) });
  for (const [name, declare] of Object.entries(plugins)) {
    const { taps, seal } = bus.tapsFor(name);
    declare(taps);
    seal();
  }
  return { bus, clock, logs };
}

export function populationOf(plugins: Readonly<Record<string, Declare>>, population: Partial<Population> = {}): Population {
  const names = ['vrrp', ...Object.keys(plugins).filter((name) => name !== 'vrrp')];
  const here = new Map(names.map((name): [string, LaneKind] => [name, 'realtime']));
  return { here, elsewhere: new Map(), consent: new Set(), ...population };
}

export const identity = { instance: 'VI_1', interface: 'eth0', virtualRouterId: 51, family: 4 } as const;
export const question = { ...identity, configured: 100 } as const;
export const transition = {
  ...identity,
  from: 'backup',
  to: 'master',
  reason: 'master-down',
  detail: 'no advert in 3.6 s',
  priority: 100,
  at: 0,
} as const;

/** Asks for the effective priority of VI_1, or of another instance. */
export function priorityOf(bench: Bench, value = 100, key = 'VI_1') {
  return bench.bus.callsFor('vrrp').adjust('vrrp.priority', key, value, question);
}

export function raise(bench: Bench, key = 'VI_1'): void {
  bench.bus.callsFor('vrrp').observe('vrrp.transitioned', key, { ...transition, instance: key });
}
