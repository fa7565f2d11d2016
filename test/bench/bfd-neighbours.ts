/**
 * The other ends of all sessions of one daemon: one small process (`native/neighbours.c`) that speaks for any number of neighbours, the
 * same for every program, and writes down what the program does by the time stamps of the kernel. Used by the benchmarks of BFD.
 */
import { join } from 'node:path';
import { Background, until } from '../support/command.js';
import { scratch } from '../support/peers.js';
import { GrowingLines } from './lines.js';
import { helper } from './native.js';
import { BenchNet } from './net.js';

export interface NeighbourPlan {
  readonly count: number;
  readonly intervalMs: number;
  readonly multiplier: number;
  /** So often each neighbour dies without a word, and comes back. Default: never. */
  readonly deaths?: number;
}

/** A neighbour that fell silent was given up by the program. Times are milliseconds since the epoch. */
export interface Verdict {
  readonly at: number;
  /** Its last packet on the wire, and the detection time that was negotiated. */
  readonly last: number;
  readonly detectionMs: number;
}

/** Sums at a moment. */
export interface Sums {
  readonly at: number;
  /** Sessions that are up on both sides. */
  readonly up: number;
  /** Packets of the program, and of its neighbours. */
  readonly received: number;
  readonly sent: number;
  /** The program's longest silence in a session since the sums before, milliseconds. */
  readonly longestMs: number;
  /** For so long the whole machine did not run: a process with real-time priority came late, milliseconds in all. */
  readonly asleepMs: number;
}

/** The program ended a session without reason: it gave a living neighbour up, or was itself silent beyond the detection time. */
export interface FalseDown {
  readonly at: number;
  readonly session: number;
  readonly why: 'gave up' | 'silent';
}

/** `perNet` neighbours in each /24, from 10.9.1.1 on: as native/neighbours.c counts. */
const perNet = 250;

export function neighbourAddresses(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `10.9.${1 + Math.floor(i / perNet)}.${1 + (i % perNet)}`);
}

/** A daemon's host `d` and the host `n` of `count` neighbours; and others. */
export async function neighbourhood(count: number, ...others: readonly string[]): Promise<BenchNet> {
  const net = await BenchNet.create(['d', 'n', ...others]);
  try {
    // Permanent, for the kernel has room for a thousand others, in all namespaces together. No route: BIRD sends past routes.
    const hardware = hardwareOf(net, 'n');
    const entries = neighbourAddresses(count).map((address) => `neigh add ${address} lladdr ${hardware} dev eth0 nud permanent`);
    await net.host('d').batch(entries);
    return net;
  } catch (error) {
    net.destroy();
    throw error;
  }
}

function hardwareOf(net: BenchNet, name: string): string {
  return `02:00:00:00:00:${net.host(name).number.toString(16).padStart(2, '0')}`;
}

export class Neighbours {
  readonly verdicts: Verdict[] = [];
  readonly sums: Sums[] = [];
  readonly falseDowns: FalseDown[] = [];
  /** Sessions that came up, and when. */
  readonly ups: { readonly at: number; readonly session: number }[] = [];
  /** Times that a neighbour was rightly given up, because this process was late. */
  void = 0;

  private constructor(
    private readonly process: Background,
    private readonly lines: GrowingLines,
  ) {}

  static async start(net: BenchNet, { count, intervalMs, multiplier, deaths = 0 }: NeighbourPlan): Promise<Neighbours> {
    const path = join(scratch(), 'neighbours');
    const [own, host] = [net.host('d'), net.host('n')];
    const [first = ''] = neighbourAddresses(1);
    const numbers = [String(intervalMs * 1000), String(multiplier), String(deaths)];
    const places = [path, host.namespace, 'eth0', first, String(count), own.address(0), hardwareOf(net, 'd')];
    const process = new Background(helper('neighbours'), [...places, ...numbers]);
    await process.saw(/speaking/, 10_000);
    return new Neighbours(process, new GrowingLines(path));
  }

  get isRunning(): boolean {
    return this.process.isRunning;
  }

  /** Reads what came since the last time: a quarter of a second's worth may still be in the helper's buffer. */
  refresh(): this {
    for (const line of this.lines.read()) this.#take(line);
    return this;
  }

  /** Waits for sums that are newer than now. */
  async newSums(): Promise<Sums> {
    const from = Date.now();
    return until('the neighbours tell', 30_000, () => {
      this.#assertRunning();
      return this.refresh().sums.findLast(({ at }) => at >= from);
    });
  }

  /** Waits until all sessions are up at once. */
  async allUp(count: number, ms: number, check: () => void): Promise<void> {
    await until(`${count} sessions are up`, ms, () => {
      check();
      this.#assertRunning();
      return this.refresh().sums.at(-1)?.up === count;
    });
  }

  /** All of them die at once. Resolves when the program has given up every one, or none for ten seconds. */
  async die(count: number): Promise<void> {
    this.process.signal('SIGUSR1');
    let seen = { number: -1, at: Date.now() };
    await until('the program has given up all neighbours', 120_000, () => {
      const { length: number } = this.refresh().verdicts;
      if (number !== seen.number) seen = { number, at: Date.now() };
      return number === count || Date.now() - seen.at > 10_000;
    });
  }

  /** They fall silent, all of them. */
  async stop(): Promise<void> {
    const { code } = await this.process.stop('SIGTERM', 5000);
    this.refresh();
    this.lines.close();
    if (code !== 0) throw new Error(`the neighbours ended with ${code}: ${this.process.output}`);
  }

  /** They have all died as often as they should. */
  async ended(ms: number, check: () => void): Promise<void> {
    await until('all neighbours have died', ms, () => {
      check();
      return !this.process.isRunning;
    });
    this.refresh();
  }

  #assertRunning(): void {
    if (!this.process.isRunning) throw new Error(`the neighbours have ended: ${this.process.output}`);
  }

  #take(line: string): void {
    const [kind = '', ...fields] = line.split(' ');
    const [time = 0, a = 0, b = 0, c = 0, d = 0, e = 0] = fields.map(Number);
    const at = time / 1000;
    if (kind === 'T') this.sums.push({ at, up: a, received: b, sent: c, longestMs: d / 1000, asleepMs: e / 1000 });
    else if (kind === 'D') this.verdicts.push({ at, last: b / 1000, detectionMs: c / 1000 });
    else if (kind === 'U') this.ups.push({ at, session: a });
    else if (kind === 'V') this.void++;
    else this.falseDowns.push({ at, session: a, why: kind === 'F' ? 'gave up' : 'silent' });
  }
}
