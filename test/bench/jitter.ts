/**
 * Benchmark `jitter`: how far are the intervals between adverts of a master from 10 ms, on an idle machine and on one with every core
 * busy twice over, and for Mainstay also with a hook that spins and allocates without end? Run by main.ts.
 */
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Background } from '../support/command.js';
import { type Benchmark, Gathering, Values } from './figures.js';
import { hostileHook } from './hostile-hook.js';
import { BenchNet } from './net.js';
import { instances, type Kind, kinds, type Router, router } from './router.js';
import { gaps, maximum, percentile } from './statistics.js';
import { cpuMs, trees } from './usage.js';
import { type Advert, Watch } from './watch.js';

const loads = ['idle', 'busy', 'busy, with a hostile hook'] as const;
type Load = (typeof loads)[number];

export const jitter: Benchmark = {
  name: 'jitter',
  title: 'Distance of the intervals between adverts from the nominal one',
  kinds,
  async run({ kinds, intervals = [10], jitterSeconds, jitterRounds }) {
    const found = new Gathering();
    for (const intervalMs of intervals) {
      for (const load of loads) {
        const values = new Values();
        const what = `${intervalMs} ms, ${load}`;
        for (let round = 1; round <= jitterRounds; round++) {
          process.stderr.write(`  jitter ${what}: ${round} of ${jitterRounds}\n`);
          const plan = { kinds, intervalMs, load, seconds: jitterSeconds / jitterRounds };
          await measure(plan, values, found).catch((error: unknown) => found.fail(`${what}, round ${round}`, error));
        }
        for (const kind of kinds) tell(found, kind, what, values.of(kind));
      }
    }
    return found;
  },
};

interface Plan {
  readonly kinds: readonly Kind[];
  readonly intervalMs: number;
  readonly load: Load;
  readonly seconds: number;
}

/**
 * All programs at once, each a master in a network of its own: what disturbs the machine, the hook too, meets all of them. The values
 * are the intervals minus the nominal one, in milliseconds.
 */
async function measure({ kinds, intervalMs, load, seconds }: Plan, values: Values, found: Gathering): Promise<void> {
  const masters: Master[] = [];
  const loops: Background[] = [];
  try {
    const hasHook = load === 'busy, with a hostile hook';
    for (const kind of kinds) masters.push(await Master.start(kind, intervalMs, hasHook));
    if (load !== 'idle')
      for (let i = 0; i < 2 * availableParallelism(); i++) loops.push(new Background('sh', ['-c', 'while :; do :; done']));
    // The load is there, and what a takeover brings with it is over.
    await sleep(2000);
    for (const master of masters) master.watch.forget();
    const hooked = masters.find(({ kind }) => hasHook && kind === 'mainstay');
    const from = Date.now();
    const before = hooked?.cpuMs() ?? 0;
    await sleep(seconds * 1000);
    const to = Date.now();
    const used = (hooked?.cpuMs() ?? 0) - before;
    if (hooked !== undefined && used < (to - from) / 20)
      found.note(`${load}: the hook took only ${used} ms of CPU time in ${to - from} ms`);
    for (const loop of loops) await loop.stop('SIGKILL', 1000);
    for (const master of masters) {
      const times = (await master.stop()).map(({ at }) => at).filter((at) => at > from && at < to);
      values.add(master.kind, ...gaps(times).map((gap) => gap - intervalMs));
    }
  } finally {
    for (const loop of loops) loop.signal('SIGKILL');
    for (const { net } of masters) net.destroy();
  }
}

/** A daemon that is master, seen from the switch. */
class Master {
  private constructor(
    readonly kind: Kind,
    readonly net: BenchNet,
    readonly watch: Watch,
    private readonly daemon: Router,
  ) {}

  static async start(kind: Kind, intervalMs: number, hasHook: boolean): Promise<Master> {
    const net = await BenchNet.create(['a']);
    try {
      const host = net.host('a');
      const watch = await Watch.start(net, [host]);
      const hook = hasHook && kind === 'mainstay' ? { hook: hostileHook('vrrp.transitioned') } : {};
      const daemon = router({ kind, host, version: 3, intervalMs, priority: 150, instances: instances(1, 1), ...hook });
      await daemon.start();
      await watch.until(`${kind} advertises`, 30_000, ({ adverts }) => {
        daemon.assertRunning();
        return adverts.length > 20;
      });
      return new Master(kind, net, watch, daemon);
    } catch (error) {
      net.destroy();
      throw error;
    }
  }

  /** CPU time of all its processes, milliseconds. */
  cpuMs(): number {
    return cpuMs(trees(this.daemon.roots));
  }

  /** Its adverts since the watch was told to forget. */
  async stop(): Promise<readonly Advert[]> {
    this.daemon.assertRunning();
    await this.daemon.cleanUp();
    await this.watch.stop();
    return this.watch.adverts;
  }
}

function tell(found: Gathering, kind: Kind, what: string, list: readonly number[]): void {
  if (list.length === 0) return;
  const figures = (name: string, values: readonly number[], shares: readonly number[]) => {
    for (const share of shares) found.add(kind, what, `${name}p${share * 100}`, 'ms', percentile(values, share), values.length);
    found.add(kind, what, `${name}max`, 'ms', maximum(values), values.length);
  };
  figures('distance ', list.map(Math.abs), [0.5, 0.99, 0.999]);
  const late = list.map((value) => Math.max(0, value));
  figures('too long ', late, [0.99, 0.999]);
}
