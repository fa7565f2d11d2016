/**
 * Benchmark `checks`: ten thousand real servers, each asked every two seconds by TCP_CHECK, then by HTTP_GET. Whether each probe is on
 * time, what it costs, and how much memory that takes; beside it the least that it can cost (native/ask.c). Run by main.ts.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Balancer } from './balancer.js';
import type { Site } from './balancer-conf.js';
import { type Benchmark, type Column, Gathering, Values } from './figures.js';
import type { Measured } from './load.js';
import { helper } from './native.js';
import { type BenchHost, BenchNet } from './net.js';
import { inTurns } from './pair.js';
import { lateness, RealServers } from './real-servers.js';
import { maximum, median, percentile } from './statistics.js';
import { cpuMs, type Memory, memory } from './usage.js';

const periodMs = 2000;
const realServersOfEach = 40;
const port = 8080;
const patienceMs = 90_000;

/** Whoever asks the real servers. */
interface Asking {
  readonly cpuMs: number;
  readonly memory: Memory;
  assertRunning(): void;
  kill(): Promise<void>;
}

export const checks: Benchmark = {
  name: 'checks',
  title: 'Thousands of health checks',
  kinds: ['mainstay', 'keepalived'],
  async run({ kinds, checkedServers, checkSeconds, checkRounds }) {
    const found = new Gathering();
    const columns: readonly Column[] = [...kinds, 'minimal'];
    const virtualServers = Math.max(1, Math.round(checkedServers / realServersOfEach));
    for (const protocol of ['tcp', 'http'] as const) {
      const site: Site = { virtualServers, realServers: realServersOfEach, protocol, port, delayLoop: periodMs / 1000 };
      const what = `${virtualServers * realServersOfEach} by ${protocol === 'tcp' ? 'TCP_CHECK' : 'HTTP_GET'}`;
      const values = new Values();
      const units = new Map<string, string>();
      await inTurns({ kinds: columns, runs: checkRounds, what: `checks ${what}`, found }, async (kind) => {
        for (const [metric, unit, value] of await measure(kind, site, checkSeconds * 1000)) {
          units.set(metric, unit);
          values.add(`${kind} ${metric}`, value);
        }
      });
      for (const [metric, unit] of units)
        for (const kind of columns) {
          const list = values.of(`${kind} ${metric}`);
          if (list.length > 0) found.add(kind, what, metric, unit, median(list), list.length);
        }
    }
    return found;
  },
};

async function measure(kind: Column, site: Site, ms: number): Promise<readonly Measured[]> {
  const net = await BenchNet.create(['lb']);
  const host = net.host('lb');
  let asking: Asking | undefined;
  try {
    const count = site.virtualServers * site.realServers;
    const servers = await RealServers.start((...args) => host.start(...args), site.protocol, port, count);
    asking = begin(kind, host, site);
    await servers.allAsked(patienceMs);
    // Once more, so that whatever happens once is over.
    await sleep(2 * periodMs);
    const from = Date.now();
    const before = asking.cpuMs;
    await sleep(ms);
    const used = asking.cpuMs - before;
    const to = Date.now();
    asking.assertRunning();
    const taken = asking.memory;
    await asking.kill();
    const visits = await servers.stop();
    const late = lateness(visits, periodMs, from, to);
    const probes = visits.filter(({ at }) => at >= from && at < to).length;
    return [
      ['probes made, of those due', '%', (100 * probes) / ((count * (to - from)) / periodMs)],
      ['probe late, median', 'ms', percentile(late, 0.5)],
      ['probe late, p99', 'ms', percentile(late, 0.99)],
      ['probe late, p99.9', 'ms', percentile(late, 0.999)],
      ['probe late, maximum', 'ms', maximum(late)],
      ['CPU per probe', 'µs', (1000 * used) / probes],
      ['CPU, of one core', '%', (100 * used) / (to - from)],
      ['memory: private', 'MB', taken.privateKb / 1024],
      ['memory: RSS', 'MB', taken.rssKb / 1024],
    ];
  } finally {
    await asking?.kill();
    net.destroy();
  }
}

function begin(kind: Column, host: BenchHost, site: Site): Asking {
  if (kind === 'minimal') return minimal(host, site);
  if (kind !== 'mainstay' && kind !== 'keepalived') throw new Error(`${kind} checks nothing`);
  const balancer = new Balancer({ kind, launch: (...args) => host.start(...args), hasIpvs: false });
  balancer.start(site);
  return balancer;
}

function minimal(host: BenchHost, { protocol, virtualServers, realServers }: Site): Asking {
  const process = host.start(helper('ask'), [protocol, String(port), String(virtualServers * realServers), String(periodMs)]);
  return {
    get cpuMs() {
      return cpuMs([process.pid]);
    },
    get memory() {
      return memory([process.pid]);
    },
    assertRunning() {
      if (!process.isRunning) throw new Error(`the minimal checker ended: ${process.output}`);
    },
    async kill() {
      await process.stop('SIGTERM', 2000);
    },
  };
}
