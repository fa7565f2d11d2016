/**
 * Two routers of one program with one virtual router, and a client: `a`, which is preferred and dies again and again, and `b`, its
 * successor, which stays. Used by the benchmarks of silence and outage.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Gathering } from './figures.js';
import { type BenchHost, BenchNet } from './net.js';
import { instances, type Kind, type Plan, type Router, router } from './router.js';
import { trees } from './usage.js';
import { Watch } from './watch.js';

export const priorities = { a: 150, b: 100 } as const;

export interface Timing {
  readonly version: 2 | 3;
  readonly intervalMs: number;
  /** With a BFD session between the two, as a hint that the master is lost. Mainstay only. */
  readonly isHinted?: boolean;
}

/** From the start of a daemon until its BFD session is Up: packets a second apart, and some of them for the handshake. */
const handshakeMs = 4000;

const [only] = instances(1, 1);

export class Pair {
  readonly address = only?.address ?? '';
  #a: Router | undefined;
  #b: Router | undefined;
  #crownedAt = Number.POSITIVE_INFINITY;

  private constructor(
    readonly kind: Kind,
    readonly timing: Timing,
    readonly net: BenchNet,
    readonly watch: Watch,
  ) {}

  static async open(kind: Kind, timing: Timing): Promise<Pair> {
    const net = await BenchNet.create(['a', 'b', 'c']);
    try {
      const watch = await Watch.start(net, [net.host('a'), net.host('b')]);
      const pair = new Pair(kind, timing, net, watch);
      pair.#b = router(pair.#plan('b'));
      await pair.#b.start();
      await pair.#b.listens();
      return pair;
    } catch (error) {
      net.destroy();
      throw error;
    }
  }

  /** Runs `work` on a new pair, and removes the pair whatever comes. */
  static async with<Result>(kind: Kind, timing: Timing, work: (pair: Pair) => Promise<Result>): Promise<Result> {
    const pair = await Pair.open(kind, timing);
    try {
      return await work(pair);
    } finally {
      await pair.#close();
    }
  }

  get client(): BenchHost {
    return this.net.host('c');
  }

  get successor(): BenchHost {
    return this.net.host('b');
  }

  get master(): Router {
    if (this.#a === undefined) throw new Error('there is no master yet');
    return this.#a;
  }

  /**
   * `a` starts anew and becomes master, and `b` is silent; at some moment between two adverts, another one each time. On a busy machine
   * two routers at 10 ms may not agree at once; that is no part of what is measured, and tried again.
   */
  async reign(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#crown();
      } catch (error) {
        if (attempt === 3) throw error;
        process.stderr.write(`    again, because ${error instanceof Error ? error.message : String(error)}\n`);
      }
    }
  }

  async #crown(): Promise<void> {
    const { net, watch, timing } = this;
    await this.#a?.cleanUp();
    await net.restore(net.host('a'));
    watch.forget();
    this.#a = router(this.#plan('a'));
    await this.#a.start();
    await this.#a.listens();
    await watch.until(`${this.kind} on a is the only master`, 15_000 + 5 * timing.intervalMs, ({ adverts }) => {
      this.#a?.assertRunning();
      this.#b?.assertRunning();
      const last = (port: string) => adverts.findLast((advert) => advert.port === port)?.at ?? 0;
      return last('a0') > last('b0') + 2 * timing.intervalMs && adverts.some(({ port }) => port === 'a0');
    });
    this.#crownedAt = Date.now();
    if (timing.isHinted === true) await sleep(handshakeMs);
    await sleep(Math.max(200, 3 * timing.intervalMs) + Math.random() * timing.intervalMs);
  }

  /** When the successor last spoke as master although `a` reigned; before `moment`, both in milliseconds since the epoch. */
  falseAlarm(moment: number): number | undefined {
    const { watch, successor } = this;
    const own = successor.port(0);
    return watch.refresh().adverts.findLast(({ at, port }) => port === own && at > this.#crownedAt && at < moment)?.at;
  }

  /** The master loses its power; answers when. */
  blackout(): Promise<number> {
    return this.net.blackout(this.net.host('a'), trees(this.master.roots));
  }

  #plan(name: 'a' | 'b'): Plan {
    const { kind, timing, net } = this;
    const other = net.host(name === 'a' ? 'b' : 'a').address(0);
    const hint = timing.isHinted === true ? { hintOf: other } : {};
    return { kind, host: net.host(name), ...timing, priority: priorities[name], instances: instances(1, 1), ...hint };
  }

  async #close(): Promise<void> {
    try {
      for (const one of [this.#a, this.#b]) await one?.cleanUp();
      await this.watch.stop();
    } finally {
      this.net.destroy();
    }
  }
}

export interface Turns<Turn extends string> {
  readonly kinds: readonly Turn[];
  readonly runs: number;
  readonly block?: number;
  readonly what: string;
  readonly found: Gathering;
}

/**
 * Calls `work` for each program in turn until each has had `runs` runs, `block` at a time: what drifts, drifts for all. A program that
 * fails does not keep the others from being measured.
 */
export async function inTurns<Turn extends string>(
  { kinds, runs, block = 1, what, found }: Turns<Turn>,
  work: (kind: Turn, runs: number) => Promise<void>,
): Promise<void> {
  for (let done = 0; done < runs; done += block) {
    for (const kind of kinds) {
      const now = Math.min(block, runs - done);
      process.stderr.write(`  ${what}: ${kind}, ${done + now} of ${runs}\n`);
      await work(kind, now).catch((error: unknown) => found.fail(`${kind}, ${what}`, error));
    }
  }
}
