/**
 * Benchmark `scale`: a thousand virtual routers in one daemon. Its start, CPU time per advert sent and received, memory, a reload of
 * either router, and the failure of all at once. Run by main.ts.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Crowd, links, patienceMs } from './crowd.js';
import { type Benchmark, Gathering, Values } from './figures.js';
import { virtualAddress } from './net.js';
import { inTurns } from './pair.js';
import type { Router } from './router.js';
import { median } from './statistics.js';
import { cpuMs, memory } from './usage.js';

interface Reload {
  readonly crowd: Crowd;
  readonly tell: Tell;
  /** Which of the two routers: `one`. */
  readonly name: string;
  readonly one: Router;
  /** Milliseconds of CPU per second that it takes when nothing happens. */
  readonly steadyRate: number;
  readonly ms: number;
}

const stateChanges = 'steady: state changes';

/** Takes one measured value. */
type Tell = (metric: string, unit: string, value: number) => void;

export const scale: Benchmark = {
  name: 'scale',
  title: 'A thousand virtual routers',
  // FRR wants a thousand interfaces for it, and real-time options change none of these figures.
  kinds: ['mainstay', 'keepalived'],
  async run({ kinds, intervals = [1000, 100], scaleRounds, perLink, steadySeconds, reloadSeconds }) {
    const found = new Gathering();
    for (const intervalMs of intervals) {
      const values = new Values();
      const units = new Map<string, string>();
      const what = `${links * perLink} at ${intervalMs} ms`;
      await inTurns({ kinds, runs: scaleRounds, what: `scale ${what}`, found }, async (kind) => {
        const tell: Tell = (metric, unit, value) => {
          units.set(metric, unit);
          values.add(`${kind} ${metric}`, value);
          // Nothing happened, so nothing may change.
          if (metric === stateChanges && value > 0) found.fail(`${kind}, ${what}`, `${value} state changes in the steady state`);
        };
        await Crowd.with(kind, intervalMs, perLink, (crowd) => measure(crowd, tell, steadySeconds, reloadSeconds));
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

async function measure(crowd: Crowd, tell: Tell, steadySeconds: number, reloadSeconds: number): Promise<void> {
  await start(crowd, tell);
  await crowd.startBackup();
  const rates = await steady(crowd, tell, steadySeconds * 1000);
  if (crowd.a.plan.kind !== 'frr') {
    const both = [
      { name: 'master', one: crowd.a, steadyRate: rates.a },
      { name: 'backup', one: crowd.b, steadyRate: rates.b },
    ];
    for (const each of both)
      for (const isChanged of [false, true]) await reload({ crowd, tell, ms: reloadSeconds * 1000, ...each }, isChanged);
  }
  await failover(crowd, tell);
}

async function start(crowd: Crowd, tell: Tell): Promise<void> {
  await crowd.startMaster();
  const done = await crowd.complete(crowd.a, 0);
  if (done === undefined) throw new Error(`not master of all in ${patienceMs / 1000} s`);
  const since = crowd.startedAt + crowd.startBound;
  tell('start: last advert, beyond the interval', 'ms', done.adverts.at - since);
  if (done.addresses.count > 0) tell('start: last address, beyond the interval', 'ms', done.addresses.at - since);
  tell('start: last announcement, beyond the interval', 'ms', done.announced.at - since);
}

/** Answers the CPU time per second that both daemons take when nothing happens. */
async function steady(crowd: Crowd, tell: Tell, ms: number): Promise<{ readonly a: number; readonly b: number }> {
  const { a, b, watch } = crowd;
  const pids = { a: crowd.pids(a), b: crowd.pids(b) };
  watch.forget();
  const from = Date.now();
  const before = { a: cpuMs(pids.a), b: cpuMs(pids.b) };
  await sleep(Math.min(10_000, ms / 2));
  const early = { a: memory(pids.a), b: memory(pids.b) };
  await sleep(from + ms - Date.now());
  const used = { a: cpuMs(pids.a) - before.a, b: cpuMs(pids.b) - before.b };
  const to = Date.now();
  const late = { a: memory(pids.a), b: memory(pids.b) };
  await sleep(100);
  watch.refresh();
  const adverts = [...crowd.advertTimes(from, to).values()].reduce((sum, list) => sum + list.length, 0);
  tell('steady: adverts sent, of those due', '%', (100 * adverts) / ((crowd.all.length * (to - from)) / crowd.intervalMs));
  tell('steady: longest gap', 'ms', crowd.gap(from, to).maxMs);
  tell('steady: CPU per advert sent', 'µs', (1000 * used.a) / adverts);
  tell('steady: CPU per advert received', 'µs', (1000 * used.b) / adverts);
  tell(stateChanges, '', crowd.stateChanges(from, to));
  for (const [name, key] of [
    ['master', 'a'],
    ['backup', 'b'],
  ] as const) {
    tell(`memory of the ${name}: private`, 'MB', late[key].privateKb / 1024);
    tell(`memory of the ${name}: RSS`, 'MB', late[key].rssKb / 1024);
    tell(
      `memory of the ${name}: growth of private in the steady state`,
      'MB',
      (late[key].privateKb - early[key].privateKb) / 1024,
    );
  }
  const seconds = (to - from) / 1000;
  return { a: used.a / seconds, b: used.b / seconds };
}

/**
 * Either nothing changed, or the last virtual router has one address more: one that is not advertised, so that the routers do not
 * disagree about the advertised ones meanwhile, which would be another measurement.
 */
async function reload({ crowd, tell, name, one, steadyRate, ms }: Reload, isChanged: boolean): Promise<void> {
  const { watch } = crowd;
  const fresh = virtualAddress(links - 1, 251);
  const list = crowd.all.map((instance, i) =>
    isChanged && i === crowd.all.length - 1 ? { ...instance, excluded: fresh } : instance,
  );
  const what = `reload of the ${name}, ${isChanged ? 'one address more' : 'nothing changed'}`;
  watch.forget();
  await sleep(2 * crowd.intervalMs);
  const before = cpuMs(crowd.pids(one));
  const from = Date.now();
  one.reload(list);
  const busyMs = await busyFor(() => cpuMs(crowd.pids(one)), steadyRate, Math.max(ms, 4 * crowd.intervalMs));
  const used = cpuMs(crowd.pids(one)) - before;
  const to = Date.now();
  one.assertRunning();
  watch.refresh();
  const { maxMs, lost } = crowd.gap(from - 2 * crowd.intervalMs, to);
  tell(`${what}: busy for`, 'ms', busyMs);
  tell(`${what}: CPU`, 'ms', Math.max(0, used - (steadyRate * (to - from)) / 1000));
  tell(`${what}: longest gap`, 'ms', maxMs);
  tell(`${what}: adverts lost`, '', lost);
  tell(`${what}: state changes`, '', crowd.stateChanges(from, to, [fresh]));
  if (!isChanged) return;
  const there = watch.changes.find(({ address, isThere }) => isThere && address === fresh);
  // A backup holds no address, so that nothing can be seen there.
  if (there !== undefined) tell(`${what}: until the address is there`, 'ms', there.at - from);
  else if (one === crowd.a) throw new Error('the master has not taken the new address');
  await settleBack(crowd, one);
}

/**
 * Watches for `ms` how much CPU time a daemon takes; answers until when it was more than twice what it takes in the steady state, and
 * by more than the steps of the clock. 0: it was not.
 */
async function busyFor(cpu: () => number, steadyRate: number, ms: number): Promise<number> {
  const stepMs = 100;
  const from = performance.now();
  let busyMs = 0;
  let last = { at: from, cpu: cpu() };
  while (performance.now() - from < ms) {
    await sleep(stepMs);
    const now = { at: performance.now(), cpu: cpu() };
    if (now.cpu - last.cpu > 20 + (2 * steadyRate * (now.at - last.at)) / 1000) busyMs = now.at - from;
    last = now;
  }
  return busyMs;
}

/** The old configuration again, so that both routers agree for what follows. */
async function settleBack(crowd: Crowd, one: Router): Promise<void> {
  one.reload();
  await sleep(Math.max(6000, 4 * crowd.intervalMs));
}

async function failover(crowd: Crowd, tell: Tell): Promise<void> {
  const { watch, net, a, b } = crowd;
  watch.forget();
  await sleep(2 * crowd.intervalMs);
  const cut = await net.blackout(net.host('a'), crowd.pids(a));
  const done = await crowd.complete(b, cut);
  if (done === undefined) throw new Error(`the successor is not master of all after ${patienceMs / 1000} s`);
  const last = watch.adverts.findLast(({ port }) => port.startsWith('a'))?.at ?? cut;
  tell('all fail at once: last advert of the successor, beyond the interval', 'ms', done.adverts.at - last - crowd.bound);
  if (done.addresses.count > 0)
    tell('all fail at once: last address, beyond the interval', 'ms', done.addresses.at - last - crowd.bound);
  tell('all fail at once: last address announced, beyond the interval', 'ms', done.announced.at - last - crowd.bound);
}
