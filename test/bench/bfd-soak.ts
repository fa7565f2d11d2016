/**
 * Benchmark `bfd-soak`: sessions at 10 ms x 3 while every core is busy twice over, in Mainstay with a hook that spins and allocates
 * without end. How often does a session end although its path works? Run by main.ts.
 */
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Background } from '../support/command.js';
import { BfdDaemon, bfdKinds } from './bfd-daemon.js';
import { Neighbours, neighbourAddresses, neighbourhood } from './bfd-neighbours.js';
import { type Benchmark, Gathering } from './figures.js';
import { hostileHook } from './hostile-hook.js';
import type { BenchNet } from './net.js';
import type { Kind } from './router.js';
import { maximum } from './statistics.js';

const multiplier = 3;
const sessions = 4;

interface Soaked {
  readonly kind: Kind;
  readonly net: BenchNet;
  readonly daemon: BfdDaemon;
  readonly neighbours: Neighbours;
}

export const bfdSoak: Benchmark = {
  name: 'bfd-soak',
  title: 'BFD: sessions that end although their path works, with both cores busy and a hostile hook',
  kinds: [...bfdKinds, 'keepalived-rt'],
  async run({ kinds, intervals = [10], soakSeconds }) {
    const found = new Gathering();
    for (const intervalMs of intervals) {
      await soak(kinds, intervalMs, soakSeconds, found).catch((error: unknown) => found.fail(`${intervalMs} ms`, error));
    }
    return found;
  },
};

/** All programs at once, so that the same load meets all. */
async function soak(kinds: readonly Kind[], intervalMs: number, seconds: number, found: Gathering): Promise<void> {
  const all: Soaked[] = [];
  const loops: Background[] = [];
  try {
    for (const kind of kinds) all.push(await begin(kind, intervalMs));
    for (let i = 0; i < 2 * availableParallelism(); i++) loops.push(new Background('sh', ['-c', 'while :; do :; done']));
    await sleep(2000);
    const from = Date.now();
    const hooked = all.find(({ kind }) => kind === 'mainstay')?.daemon;
    const before = hooked?.cpuMs ?? 0;
    for (let left = seconds; left > 0; left -= 10) {
      await sleep(Math.min(left, 10) * 1000);
      for (const { daemon, neighbours } of all) {
        daemon.assertRunning();
        neighbours.refresh();
      }
      process.stderr.write(`  bfd-soak: ${Math.round((Date.now() - from) / 1000)} of ${seconds} s: ${progress(all, from)}\n`);
    }
    const to = Date.now();
    const used = (hooked?.cpuMs ?? 0) - before;
    if (hooked !== undefined && used < (to - from) / 20)
      found.note(`the hook took only ${used} ms of CPU time in ${to - from} ms`);
    for (const one of all) await one.neighbours.newSums();
    for (const one of all) tell(one, from, to, `${intervalMs} ms x ${multiplier}, ${sessions} sessions`, found);
  } finally {
    for (const loop of loops) loop.signal('SIGKILL');
    for (const { daemon, net } of all) {
      await daemon.kill();
      net.destroy();
    }
  }
}

async function begin(kind: Kind, intervalMs: number): Promise<Soaked> {
  const net = await neighbourhood(sessions);
  try {
    const list = neighbourAddresses(sessions);
    const hook = kind === 'mainstay' ? { hook: hostileHook('bfd.changed') } : {};
    const daemon = new BfdDaemon({ kind, host: net.host('d'), neighbours: list, intervalMs, multiplier, ...hook });
    const neighbours = await Neighbours.start(net, { count: sessions, intervalMs, multiplier });
    await daemon.start();
    await neighbours.allUp(sessions, 60_000, () => daemon.assertRunning());
    return { kind, net, daemon, neighbours };
  } catch (error) {
    net.destroy();
    throw error;
  }
}

function downsSince({ neighbours }: Soaked, from: number): number {
  return neighbours.falseDowns.filter(({ at }) => at >= from).length;
}

function progress(all: readonly Soaked[], from: number): string {
  return all.map((one) => `${one.kind} ${downsSince(one, from)}`).join(', ');
}

function tell({ kind, neighbours }: Soaked, from: number, to: number, what: string, found: Gathering): void {
  const within = <Item extends { readonly at: number }>(list: readonly Item[]) => list.filter(({ at }) => at >= from && at <= to);
  const downs = within(neighbours.falseDowns);
  const sums = within(neighbours.sums);
  found.add(kind, what, 'false downs', '', downs.length, sums.length);
  found.add(kind, what, 'false downs: gave up a living neighbour', '', downs.filter(({ why }) => why === 'gave up').length);
  found.add(kind, what, 'false downs: was silent for the detection time', '', downs.filter(({ why }) => why === 'silent').length);
  found.add(kind, what, 'longest silence of the program', 'ms', maximum(sums.map(({ longestMs }) => longestMs)));
  const asleep = (sums.at(-1)?.asleepMs ?? 0) - (sums[0]?.asleepMs ?? 0);
  if (asleep > 0)
    found.note(`${kind}: the whole machine did not run for ${asleep.toFixed(1)} ms in all; that is not counted as silence`);
  if (neighbours.void > 0) found.note(`${kind}: ${neighbours.void} downs are void, the neighbour was late itself`);
}
