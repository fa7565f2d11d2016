/**
 * Benchmark `silent`: the master loses its power. How much later than the protocol says does the successor advertise, and how long
 * after that does it have the address and tell the network? Run by main.ts.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Benchmark, Gathering, Values } from './figures.js';
import { inTurns, Pair, priorities, type Timing } from './pair.js';
import { type Kind, kinds } from './router.js';
import { masterDownInterval, maximum, median, percentile } from './statistics.js';
import { firstAfter } from './watch.js';

const metrics = ['takeover beyond the interval', 'advert to ARP', 'advert to address'] as const;

export const silent: Benchmark = {
  name: 'silent',
  title: 'Silent death of the master: takeover by its successor',
  kinds,
  async run({ kinds, intervals = [10, 100], silentRuns, block }) {
    const found = new Gathering();
    for (const intervalMs of intervals) {
      const values = new Values();
      const timing: Timing = { version: 3, intervalMs };
      await inTurns({ kinds, runs: silentRuns, block, what: `silent ${intervalMs} ms`, found }, async (kind, runs) => {
        await Pair.with(kind, timing, async (pair) => {
          for (let run = 0; run < runs; run++) await die(pair, values, found);
        });
      });
      for (const metric of metrics)
        for (const kind of kinds) tell(found, kind, intervalMs, metric, values.of(`${kind} ${metric}`));
    }
    return found;
  },
};

async function die(pair: Pair, values: Values, found: Gathering): Promise<void> {
  const { kind, watch, address, timing, successor } = pair;
  const bound = masterDownInterval(timing.version, timing.intervalMs, priorities.b);
  await pair.reign();
  watch.forget();
  await sleep(3 * timing.intervalMs + 50);
  const cut = await pair.blackout();
  const isOurs = (port: string) => port === successor.port(0);
  await watch.until(`${kind} takes over`, bound + 10_000, ({ announcements }) =>
    firstAfter(announcements, cut, ({ port }) => isOurs(port)),
  );
  await sleep(50);
  const { adverts, announcements, changes } = watch.refresh();
  const last = adverts.findLast(({ port }) => !isOurs(port));
  const first = adverts.find(({ port }) => isOurs(port));
  if (last === undefined || first === undefined || first.at < cut) {
    found.note(`${kind}, ${timing.intervalMs} ms: a run is void, the successor did not wait for the master to die`);
    return;
  }
  const announced = firstAfter(announcements, last.at, ({ port, address: what }) => isOurs(port) && what === address);
  const held = firstAfter(changes, last.at, (change) => change.namespace === successor.namespace && change.isThere);
  values.add(`${kind} ${metrics[0]}`, first.at - last.at - bound);
  if (announced !== undefined) values.add(`${kind} ${metrics[1]}`, announced.at - first.at);
  if (held !== undefined) values.add(`${kind} ${metrics[2]}`, held.at - first.at);
}

function tell(found: Gathering, kind: Kind, intervalMs: number, metric: string, list: readonly number[]): void {
  if (list.length === 0) return;
  const what = `${intervalMs} ms`;
  found.add(kind, what, `${metric}, median`, 'ms', median(list), list.length);
  found.add(kind, what, `${metric}, p95`, 'ms', percentile(list, 0.95), list.length);
  found.add(kind, what, `${metric}, max`, 'ms', maximum(list), list.length);
}
