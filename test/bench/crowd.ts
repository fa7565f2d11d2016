/**
 * A thousand virtual routers on four links: router `a`, which becomes master of all, and `b`, its backup; and questions about all of
 * them at once. Used by the benchmark of scale.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { BenchNet } from './net.js';
import { type Instance, instances, type Kind, type Router, router } from './router.js';
import { gaps, masterDownInterval, maximum } from './statistics.js';
import { trees } from './usage.js';
import { type Advert, Watch } from './watch.js';

export const links = 4;
const priorities = { a: 150, b: 100 } as const;
/** Of both programs: the second round of gratuitous ARPs follows 5 s after the first, and must be over. */
const calmMs = 7000;
export const patienceMs = 120_000;

/** When the last of all virtual routers was so far; and of how many it is true. */
export interface Complete {
  readonly at: number;
  readonly count: number;
}

export class Crowd {
  readonly all: readonly Instance[];
  readonly a: Router;
  readonly b: Router;
  startedAt = 0;

  private constructor(
    readonly net: BenchNet,
    readonly watch: Watch,
    kind: Kind,
    readonly intervalMs: number,
    perLink: number,
  ) {
    this.all = instances(links, perLink);
    const plan = { kind, version: 3, intervalMs, instances: this.all } as const;
    this.a = router({ ...plan, host: net.host('a'), priority: priorities.a });
    this.b = router({ ...plan, host: net.host('b'), priority: priorities.b });
  }

  static async with<Result>(
    kind: Kind,
    intervalMs: number,
    perLink: number,
    work: (crowd: Crowd) => Promise<Result>,
  ): Promise<Result> {
    const net = await BenchNet.create(['a', 'b'], links);
    try {
      const watch = await Watch.start(net, net.hosts);
      const crowd = new Crowd(net, watch, kind, intervalMs, perLink);
      const result = await work(crowd);
      for (const one of [crowd.a, crowd.b]) await one.kill();
      await watch.stop();
      return result;
    } finally {
      net.destroy();
    }
  }

  /** What the protocol gives `b` before it takes over. */
  get bound(): number {
    return masterDownInterval(3, this.intervalMs, priorities.b);
  }

  /** What the protocol makes `a` wait before it is master. */
  get startBound(): number {
    return masterDownInterval(3, this.intervalMs, priorities.a);
  }

  async startMaster(): Promise<void> {
    this.startedAt = await this.a.start();
  }

  async startBackup(): Promise<void> {
    await this.b.start();
    await this.b.listens();
    await sleep(calmMs);
    this.b.assertRunning();
  }

  pids(one: Router): number[] {
    return trees(one.roots);
  }

  /** Waits until a host advertises, holds and has announced all its virtual routers; undefined when it has not in good time. */
  async complete(
    one: Router,
    since: number,
  ): Promise<{ adverts: Complete; addresses: Complete; announced: Complete } | undefined> {
    const parts = () => ({
      adverts: this.#adverts(one, since),
      addresses: this.#addresses(one, since),
      announced: this.#announced(one, since),
    });
    const wanted = this.all.length;
    const end = Date.now() + patienceMs;
    for (;;) {
      one.assertRunning();
      this.watch.refresh();
      const now = parts();
      const needsAddresses = one.plan.kind !== 'frr';
      if (now.adverts.count === wanted && now.announced.count === wanted && (!needsAddresses || now.addresses.count === wanted))
        return now;
      if (Date.now() > end) return undefined;
      await sleep(200);
    }
  }

  /** State changes seen from outside between two moments: adverts of the backup, and addresses that came or went. */
  stateChanges(from: number, to: number, expected: readonly string[] = []): number {
    const within = ({ at }: { readonly at: number }) => at > from && at < to;
    const { adverts, changes } = this.watch;
    const strange = changes.filter((change) => within(change) && !expected.includes(change.address));
    return adverts.filter((advert) => within(advert) && advert.port.startsWith('b')).length + strange.length;
  }

  /** Adverts of the master between two moments, by virtual router. */
  advertTimes(from: number, to: number): Map<string, number[]> {
    const times = new Map<string, number[]>();
    for (const { at, port, vrid } of this.watch.adverts) {
      if (at <= from || at >= to || !port.startsWith('a')) continue;
      const key = `${port} ${vrid}`;
      const list = times.get(key);
      if (list === undefined) times.set(key, [at]);
      else list.push(at);
    }
    return times;
  }

  /** The longest gap of any virtual router between two moments, and how many adverts are missing in all. */
  gap(from: number, to: number): { readonly maxMs: number; readonly lost: number } {
    let maxMs = 0;
    let lost = 0;
    const times = this.advertTimes(from, to);
    for (const { link, vrid } of this.all) {
      const list = times.get(`a${link} ${vrid}`) ?? [];
      const all = gaps([from, ...list, to]);
      // The ends of the window are no adverts: half a gap at each would be wrong, a whole one too many.
      const inner = list.length > 1 ? all.slice(1, -1) : all;
      maxMs = Math.max(maxMs, maximum(inner));
      for (const gap of inner) lost += Math.max(0, Math.round(gap / this.intervalMs) - 1);
    }
    return { maxMs, lost };
  }

  #adverts(one: Router, since: number): Complete {
    const isOf = (advert: Advert) => advert.port.startsWith(one.plan.host.name);
    return firstOfEach(
      this.watch.adverts.filter((advert) => advert.at > since && isOf(advert)),
      ({ port, vrid }) => `${port} ${vrid}`,
    );
  }

  #addresses(one: Router, since: number): Complete {
    // FRR's addresses are there before it starts, on interfaces that it brings up.
    if (one.plan.kind === 'frr') return { at: 0, count: 0 };
    const { namespace } = one.plan.host;
    const gained = this.watch.changes.filter((change) => change.at > since && change.isThere && change.namespace === namespace);
    const ours = new Set(this.all.map(({ address }) => address));
    return firstOfEach(
      gained.filter(({ address }) => ours.has(address)),
      ({ address }) => address,
    );
  }

  #announced(one: Router, since: number): Complete {
    const { name } = one.plan.host;
    const ours = new Set(this.all.map(({ address }) => address));
    return firstOfEach(
      this.watch.announcements.filter(({ at, port, address }) => at > since && port.startsWith(name) && ours.has(address)),
      ({ address }) => address,
    );
  }
}

/** The latest of the first of each. */
function firstOfEach<Item extends { readonly at: number }>(items: readonly Item[], keyOf: (item: Item) => string): Complete {
  const first = new Map<string, number>();
  for (const item of items) {
    const key = keyOf(item);
    const known = first.get(key);
    if (known === undefined || item.at < known) first.set(key, item.at);
  }
  return { at: maximum([0, ...first.values()]), count: first.size };
}
