/**
 * Benchmark `jitter`: how far are the intervals between adverts of a master from 10 ms, on an idle machine and on one with every core
 * busy twice over, and for Mainstay also with a hook that spins and allocates without end? Run by main.ts.
 */
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Background } from '../support/command.js';
import { type Benchmark, Gathering, Values } from './figures.js';
import { BenchNet } from './net.js';
import { inTurns } from './pair.js';
import { instances, type Kind, kinds, router } from './router.js';
import { gaps, maximum, percentile } from './statistics.js';
import { cpuMs, trees } from './usage.js';
import { Watch } from './watch.js';

const loads = ['idle', 'busy', 'busy, with a hostile hook'] as const;
type Load = (typeof loads)[number];

/** Starts with its lane and whenever the lane comes back after it ran out of memory. */
const hostileHook = `
import { defineNotify } from '@mainstay/sdk';

const kept: unknown[] = [];

function misuse(): void {
  const end = Date.now() + 1000;
  while (Date.now() < end);
  kept.push(new Array(1_000_000).fill(end));
  setImmediate(misuse);
}
setImmediate(misuse);

export default defineNotify({
  on: ['vrrp.transitioned'],
  run() {
    misuse();
  },
});
`;

export const jitter: Benchmark = {
  name: 'jitter',
  title: 'Distance of the intervals between adverts from the nominal one',
  kinds,
  async run({ kinds, intervals = [10], jitterSeconds, jitterRounds }) {
    const found = new Gathering();
    for (const intervalMs of intervals) {
      for (const load of loads) {
        const values = new Values();
        // A hook is Mainstay's alone; the others run beside it under the same load without one, for the ratio.
        await inTurns({ kinds, runs: jitterRounds, what: `jitter ${intervalMs} ms, ${load}`, found }, async (kind) => {
          values.add(kind, ...(await measure(kind, intervalMs, load, jitterSeconds / jitterRounds, found)));
        });
        for (const kind of kinds) tell(found, kind, `${intervalMs} ms, ${load}`, values.of(kind));
      }
    }
    return found;
  },
};

/** Distances of intervals from the nominal one, in milliseconds. */
async function measure(kind: Kind, intervalMs: number, load: Load, seconds: number, found: Gathering): Promise<number[]> {
  const net = await BenchNet.create(['a', 'b']);
  const loops: Background[] = [];
  try {
    const watch = await Watch.start(net, [net.host('a')]);
    const hasHook = kind === 'mainstay' && load === 'busy, with a hostile hook';
    const daemon = router({
      kind,
      host: net.host('a'),
      version: 3,
      intervalMs,
      priority: 150,
      instances: instances(1, 1),
      ...(hasHook && { hook: hostileHook }),
    });
    await daemon.start();
    await watch.until(`${kind} advertises`, 30_000, ({ adverts }) => {
      daemon.assertRunning();
      return adverts.length > 20;
    });
    if (load !== 'idle')
      for (let i = 0; i < 2 * availableParallelism(); i++) loops.push(new Background('sh', ['-c', 'while :; do :; done']));
    // The load is there, and what a takeover brings with it is over.
    await sleep(2000);
    watch.forget();
    const from = Date.now();
    const before = cpuMs(trees(daemon.roots));
    await sleep(seconds * 1000);
    const to = Date.now();
    const used = cpuMs(trees(daemon.roots)) - before;
    if (hasHook && used < (to - from) / 20) found.note(`${load}: the hook took only ${used} ms of CPU time in ${to - from} ms`);
    for (const loop of loops) await loop.stop('SIGKILL', 1000);
    daemon.assertRunning();
    await daemon.cleanUp();
    await watch.stop();
    const times = watch.adverts.map(({ at }) => at).filter((at) => at > from && at < to);
    return gaps(times).map((gap) => Math.abs(gap - intervalMs));
  } finally {
    for (const loop of loops) loop.signal('SIGKILL');
    net.destroy();
  }
}

function tell(found: Gathering, kind: Kind, what: string, list: readonly number[]): void {
  if (list.length === 0) return;
  for (const share of [0.5, 0.99, 0.999]) found.add(kind, what, `p${share * 100}`, 'ms', percentile(list, share), list.length);
  found.add(kind, what, 'max', 'ms', maximum(list), list.length);
}
