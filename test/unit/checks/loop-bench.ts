/** A checking loop on a virtual clock, with checkers written in a line; for the tests of the loop. */
import { CheckLoop, HookBus, type Routines } from '@mainstay/core';
import {
  type App,
  type CheckContext,
  type CheckerSpec,
  type CheckRequest,
  type CheckState,
  type CheckTiming,
  defineChecker,
  type Fields,
  type Ports,
  type Verdict,
} from '@mainstay/sdk';
import { createRandom, createVirtualClock } from '@mainstay/testing';

export type Context = CheckContext<Readonly<Record<string, unknown>>>;
export type Ask = (context: Context) => Verdict | Promise<Verdict>;

export const usual: CheckTiming = { delayLoopMs: 10_000, warmupMs: 0, retry: 2, delayBeforeRetryMs: 1000, timeoutMs: 5000 };

/** A check of the server `rs`, whose checker is X_CHECK unless `checker` says otherwise. */
export function request(
  id: string,
  {
    timing = {},
    checker = 'X_CHECK',
    ...more
  }: Partial<Omit<CheckRequest, 'timing'>> & {
    readonly timing?: Partial<CheckTiming>;
    readonly checker?: string;
  } = {},
): CheckRequest {
  return {
    id,
    identity: { checker, virtualServer: '192.0.2.100:80', realServer: `server-${id}` },
    target: { address: '192.0.2.1', port: 80 },
    config: { of: id },
    timing: { ...usual, ...timing },
    initial: 'up',
    ...more,
  };
}

export function loopBench(setup: (taps: App['taps']) => void = () => {}, routines?: Routines) {
  const clock = createVirtualClock();
  const random = createRandom(1);
  const log: string[] = [];
  const events: [string, unknown][] = [];
  const states: CheckState[] = [];
  const bench = { isFree: true };
  const bus = new HookBus({ lane: 'health', clock, log: (level, plugin, message) => log.push(`${plugin} ${level}: ${message}`) });
  const { taps, seal } = bus.tapsFor('tester');
  setup(taps);
  seal();
  bus.freeze({ here: new Map([['tester', 'health']]), elsewhere: new Map(), consent: new Set() });
  bus.standing('tester').open();
  bus.onObserve((name, _key, payload) => events.push([name, payload]));
  const loop = new CheckLoop({
    clock,
    random: () => random.next(),
    hooks: bus.callsFor('checkers'),
    routines,
    log: (level, plugin, message) => log.push(`${plugin} ${level}: ${message}`),
    send: (_client, batch) => {
      if (bench.isFree) states.push(...batch);
      return bench.isFree;
    },
  });
  return Object.assign(bench, {
    clock,
    loop,
    log,
    events,
    states,
    bus,
    /** Of each state that was told: `a up`. */
    told: () => states.map(({ id, isUp }) => `${id} ${isUp ? 'up' : 'down'}`),
    serve(check: Ask, spec: Partial<CheckerSpec<Fields>> = {}, ports = {} as Ports) {
      const checker = defineChecker({ keyword: 'X_CHECK', fields: {}, check: check as never, ...spec });
      const say = () => {};
      const plugin = { plugin: 'x', log: { error: say, warn: say, info: say, debug: say }, ports };
      loop.serve(checker.keyword, { ...plugin, spec: checker });
    },
    put(...requests: readonly CheckRequest[]) {
      loop.apply('lb', { put: requests.map((one) => ({ request: one, isSettled: false })), drop: [] });
    },
  });
}

export const ok: Verdict = { ok: true };
export const bad = (reason = 'no'): Verdict => ({ ok: false, reason });

/** Begins of the probes in seconds, with the verdicts that are given one after another; the last one for ever. */
export function played(bench: ReturnType<typeof loopBench>, ...verdicts: readonly Verdict[]) {
  const begins: number[] = [];
  const attempts: number[] = [];
  const ask: Ask = ({ attempt }) => {
    begins.push(bench.clock.now() / 1000);
    attempts.push(attempt);
    return verdicts[Math.min(begins.length, verdicts.length) - 1] ?? ok;
  };
  bench.serve(ask);
  return { begins, attempts };
}
