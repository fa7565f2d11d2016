/**
 * Benchmark `outage`: for how long does a client that asks the virtual address every millisecond get no answer when the master loses
 * its power, is killed, or is stopped? Run by main.ts.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Benchmark, Gathering, Values } from './figures.js';
import type { Options } from './options.js';
import { inTurns, Pair, priorities, type Timing } from './pair.js';
import { longestOutage, type Probe, Prober } from './prober.js';
import type { Kind } from './router.js';
import { masterDownInterval, maximum, median, skewTime } from './statistics.js';
import { firstAfter } from './watch.js';

/** Each ends the master and answers when; with the time that the protocol gives the successor. */
const failures = {
  'power loss': { bound: masterDownInterval, act: (pair: Pair) => pair.blackout() },
  'kill -9': {
    bound: masterDownInterval,
    act: async (pair: Pair) => {
      const at = Date.now();
      await pair.master.kill();
      return at;
    },
  },
  stop: { bound: skewTime, act: async (pair: Pair) => pair.master.terminate() },
} as const;
type Failure = keyof typeof failures;

interface Case {
  readonly timing: Timing;
  readonly kinds: readonly Kind[];
  readonly failures: readonly Failure[];
  readonly name: string;
  bound(failure: Failure): number;
}

/** VRRP version 2 counts in whole seconds; faster ones are version 3. */
function caseOf(intervalMs: number, kinds: readonly Kind[]): Case {
  const timing = { version: intervalMs % 1000 === 0 ? 2 : 3, intervalMs } as const;
  const { version } = timing;
  return {
    timing,
    kinds,
    failures: Object.keys(failures) as Failure[],
    name: `v${version} ${intervalMs} ms`,
    bound: (failure) => failures[failure].bound(version, intervalMs, priorities.b),
  };
}

/** Detection by BFD and the skew of a hint (docs/decisions/0018), in place of three adverts. */
const hintedBoundMs = 3 * 10 + ((256 - priorities.b) * 20) / 256;

/** What no other program has: BFD tells the backup that the master is dead. */
const hinted: Case = {
  timing: { version: 2, intervalMs: 1000, isHinted: true },
  kinds: ['mainstay'],
  failures: ['power loss'],
  name: 'v2 1000 ms with BFD 10 ms x 3',
  bound: () => hintedBoundMs,
};

export const outage: Benchmark = {
  name: 'outage',
  title: 'Outage that a client sees, probing every millisecond',
  // Real-time options are for late adverts, which jitter and silent measure.
  kinds: ['mainstay', 'keepalived', 'frr'],
  run: (options) =>
    measure(
      (options.intervals ?? [1000, 100, 10]).map((ms) => caseOf(ms, options.kinds)),
      options,
    ),
};

export const outageBfd: Benchmark = {
  name: 'outage-bfd',
  title: 'Outage that a client sees where BFD between the routers says that the master is dead',
  kinds: ['mainstay'],
  run: (options) => measure(options.kinds.includes('mainstay') ? [hinted] : [], options),
};

async function measure(cases: readonly Case[], { outageRuns, block }: Options): Promise<Gathering> {
  const found = new Gathering();
  for (const one of cases) {
    const values = new Values();
    await inTurns({ kinds: one.kinds, runs: outageRuns, block, what: `outage ${one.name}`, found }, async (kind, runs) => {
      await Pair.with(kind, one.timing, async (pair) => {
        for (let run = 0; run < runs; run++) for (const failure of one.failures) await fail(pair, failure, values, found);
      });
    });
    for (const failure of one.failures) {
      const what = `${one.name}, ${failure} (bound ${one.bound(failure).toFixed(0)} ms)`;
      for (const kind of one.kinds) {
        const list = values.of(`${kind} ${failure}`);
        if (list.length === 0) continue;
        found.add(kind, what, 'outage, median', 'ms', median(list), list.length);
        found.add(kind, what, 'outage, max', 'ms', maximum(list), list.length);
      }
    }
  }
  return found;
}

async function fail(pair: Pair, failure: Failure, values: Values, found: Gathering): Promise<void> {
  const { kind, timing, watch, address, client, successor } = pair;
  await pair.reign();
  const prober = await Prober.start(client, address);
  await sleep(200 + Math.random() * timing.intervalMs);
  const at = await failures[failure].act(pair);
  await watch.until(`${kind} takes over after ${failure}`, 5 * timing.intervalMs + 10_000, ({ announcements }) =>
    firstAfter(announcements, at, ({ port }) => port === successor.port(0)),
  );
  const alarm = pair.falseAlarm(at);
  if (alarm !== undefined) {
    const ms = (at - alarm).toFixed(0);
    found.note(
      `${kind}, ${timing.intervalMs} ms, ${failure}: the successor had taken the master for dead already, ${ms} ms before`,
    );
  }
  await sleep(300);
  const probes = await prober.stop();
  const before = probes.filter(({ sentMs }) => sentMs <= at);
  const isVoid = (why: string) => found.note(`${kind}, ${timing.intervalMs} ms, ${failure}: a run is void, ${why}`);
  if (!before.slice(-50).some(isAnswered)) isVoid('the client had no answer before it');
  else if (!probes.slice(-50).some(isAnswered)) isVoid('the client had no answer by the end');
  else values.add(`${kind} ${failure}`, longestOutage(probes.slice(Math.max(0, before.length - 50))).ms);
}

function isAnswered({ answeredMs }: Probe): boolean {
  return answeredMs > 0;
}
