/**
 * Benchmark `bfd-detection`: a neighbour dies without a word. How long after its last packet on the wire does the first packet leave
 * that says so, and how much of that is beyond the detection time that was negotiated? Run by main.ts.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { BfdDaemon, bfdKinds } from './bfd-daemon.js';
import { Neighbours, neighbourAddresses, neighbourhood } from './bfd-neighbours.js';
import { type Benchmark, Gathering, Values } from './figures.js';
import { inTurns } from './pair.js';
import type { Kind } from './router.js';
import { maximum, median, percentile } from './statistics.js';

const multiplier = 3;
/** Neighbours of one daemon, each with its own times of death, so that waiting for one lets others die. */
const sessions = 8;

export const bfdDetection: Benchmark = {
  name: 'bfd-detection',
  title: 'BFD: from the last packet of a dead neighbour to the packet that says Down',
  kinds: bfdKinds,
  async run({ kinds, intervals = [10, 50, 100], detectionRuns }) {
    const found = new Gathering();
    for (const intervalMs of intervals) {
      const what = `${intervalMs} ms x ${multiplier}`;
      const values = new Values();
      const deaths = Math.ceil(detectionRuns / sessions);
      await inTurns({ kinds, runs: 1, what: `bfd-detection ${what}`, found }, async (kind) => {
        await measure(kind, intervalMs, deaths, values, found);
      });
      for (const kind of kinds) {
        tell(found, kind, what, 'last packet to Down', values.of(`${kind} in all`));
        tell(found, kind, what, 'beyond the detection time', values.of(`${kind} beyond`));
      }
    }
    return found;
  },
};

async function measure(kind: Kind, intervalMs: number, deaths: number, values: Values, found: Gathering): Promise<void> {
  const net = await neighbourhood(sessions);
  let daemon: BfdDaemon | undefined;
  try {
    daemon = new BfdDaemon({ kind, host: net.host('d'), neighbours: neighbourAddresses(sessions), intervalMs, multiplier });
    const { assertRunning } = daemon;
    await daemon.start();
    // Its start is over, and is not what is measured.
    await sleep(2000);
    const neighbours = await Neighbours.start(net, { count: sessions, intervalMs, multiplier, deaths });
    await neighbours.ended(60_000 + deaths * 20_000, assertRunning.bind(daemon));
    for (const { at, last, detectionMs } of neighbours.verdicts) {
      values.add(`${kind} in all`, at - last);
      values.add(`${kind} beyond`, at - last - detectionMs);
    }
    const odd = neighbours.verdicts.filter(({ detectionMs }) => Math.abs(detectionMs - multiplier * intervalMs) > 0.001);
    if (odd.length > 0) found.note(`${kind}, ${intervalMs} ms: ${odd.length} deaths while another detection time was negotiated`);
    if (neighbours.falseDowns.length > 0)
      found.note(`${kind}, ${intervalMs} ms: ${neighbours.falseDowns.length} sessions went down although the neighbour lived`);
  } finally {
    await daemon?.kill();
    net.destroy();
  }
}

function tell(found: Gathering, kind: Kind, what: string, metric: string, list: readonly number[]): void {
  if (list.length === 0) return;
  found.add(kind, what, `${metric}, median`, 'ms', median(list), list.length);
  found.add(kind, what, `${metric}, p95`, 'ms', percentile(list, 0.95), list.length);
  found.add(kind, what, `${metric}, max`, 'ms', maximum(list), list.length);
}
