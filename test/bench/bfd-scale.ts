/**
 * Benchmark `bfd-scale`: a quarter of a thousand and a thousand sessions in one daemon at 50 ms x 3. Its start, CPU time per packet, memory, sessions that end
 * although their path works, and the death of all neighbours at once. Run by main.ts.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { BfdDaemon, bfdKinds } from './bfd-daemon.js';
import { Neighbours, neighbourAddresses, neighbourhood } from './bfd-neighbours.js';
import { type Benchmark, Gathering, Values } from './figures.js';
import type { Options } from './options.js';
import { inTurns } from './pair.js';
import type { Kind } from './router.js';
import { maximum, median } from './statistics.js';

const multiplier = 3;
const patienceMs = 90_000;

type Tell = (metric: string, unit: string, value: number) => void;

export const bfdScale: Benchmark = {
  name: 'bfd-scale',
  title: 'BFD: a thousand sessions',
  kinds: bfdKinds,
  async run(options) {
    const { kinds, intervals = [50], scaleRounds, bfdSessions, bfdSeconds, holdSeconds } = options;
    const found = new Gathering();
    const sizes = [Math.ceil(bfdSessions / 4), bfdSessions];
    for (const [intervalMs, count] of intervals.flatMap((ms) => sizes.map((size) => [ms, size] as const))) {
      const values = new Values();
      const units = new Map<string, string>();
      const what = `${count} at ${intervalMs} ms x ${multiplier}`;
      await inTurns({ kinds, runs: scaleRounds, what: `bfd-scale ${what}`, found }, async (kind) => {
        const tell: Tell = (metric, unit, value) => {
          units.set(metric, unit);
          values.add(`${kind} ${metric}`, value);
        };
        await measure({ kind, intervalMs, count, holdSeconds: count === bfdSessions ? holdSeconds : 0, bfdSeconds }, tell, found);
      });
      for (const [metric, unit] of units)
        for (const kind of kinds) {
          const list = values.of(`${kind} ${metric}`);
          if (list.length > 0) found.add(kind, what, metric, unit, median(list), list.length);
        }
    }
    return found;
  },
};

interface Case extends Pick<Options, 'bfdSeconds' | 'holdSeconds'> {
  readonly kind: Kind;
  readonly intervalMs: number;
  readonly count: number;
}

async function measure({ kind, intervalMs, count, bfdSeconds, holdSeconds }: Case, tell: Tell, found: Gathering): Promise<void> {
  const net = await neighbourhood(count);
  let daemon: BfdDaemon | undefined;
  try {
    daemon = new BfdDaemon({ kind, host: net.host('d'), neighbours: neighbourAddresses(count), intervalMs, multiplier });
    const one = daemon;
    const check = () => one.assertRunning();
    const neighbours = await Neighbours.start(net, { count, intervalMs, multiplier });
    const startedAt = await daemon.start();
    const areUp = await neighbours.allUp(count, patienceMs, check).then(
      () => true,
      (error: unknown) => {
        check();
        if (kind === 'mainstay') throw error;
        return false;
      },
    );
    if (!areUp) {
      const most = maximum(neighbours.sums.map(({ up }) => up));
      return found.note(
        `${kind}: at most ${most} of ${count} sessions were up in ${patienceMs / 1000} s, so that nothing is measured`,
      );
    }
    const first = new Map<number, number>();
    for (const { at, session } of neighbours.ups) if (!first.has(session)) first.set(session, at);
    tell('start: until the last session was first up', 'ms', maximum([...first.values()]) - startedAt);
    await sleep(3000);

    const from = await neighbours.newSums();
    const before = daemon.cpuMs;
    await sleep(bfdSeconds * 1000);
    const to = await neighbours.newSums();
    const used = daemon.cpuMs - before;
    check();
    const packets = to.received - from.received + to.sent - from.sent;
    const seconds = (to.at - from.at) / 1000;
    tell('steady: packets per second, both ways', '', packets / seconds);
    tell('steady: CPU per packet, sent or received', 'µs', (1000 * used) / packets);
    tell('steady: CPU of one core', '%', used / seconds / 10);
    tell('memory: private', 'MB', daemon.privateMb);
    // Whoever claims that it lasts has to show it.
    if (kind === 'mainstay' && holdSeconds > bfdSeconds) await sleep((holdSeconds - bfdSeconds) * 1000);
    const end = await neighbours.newSums();
    check();
    const within = <Item extends { readonly at: number }>(list: readonly Item[]) =>
      list.filter(({ at }) => at >= from.at && at <= end.at);
    const downs = within(neighbours.falseDowns).length;
    tell('steady: for', 's', Math.round((end.at - from.at) / 1000));
    tell('steady: false downs', '', downs);
    tell('steady: longest silence of the program', 'ms', maximum(within(neighbours.sums).map(({ longestMs }) => longestMs)));
    if (kind === 'mainstay' && downs > 0) found.fail(kind, `${downs} sessions ended although their path worked`);
    const asleep = end.asleepMs - from.asleepMs;
    if (asleep > 0)
      found.note(`${kind}: the whole machine did not run for ${asleep.toFixed(1)} ms in all; that is not counted as silence`);
    if (neighbours.void > 0) found.note(`${kind}: ${neighbours.void} downs are void, the neighbours were late themselves`);
    await neighbours.die(count);
    const late = neighbours.verdicts.map(({ at, last, detectionMs }) => at - last - detectionMs);
    tell('all die at once: noticed', '%', (100 * late.length) / count);
    tell('all die at once: median, beyond the detection time', 'ms', median(late));
    tell('all die at once: the last, beyond the detection time', 'ms', maximum(late));
    await neighbours.stop();
  } finally {
    await daemon?.kill();
    net.destroy();
  }
}
