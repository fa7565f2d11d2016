/**
 * Benchmark `tables`: a thousand virtual servers with forty real servers each. How long a start takes until the kernel has been told of
 * all of them, and a reload with one changed weight; how many changes that is. On this machine's kernel, which acknowledges changes
 * and makes none, and in the guest of test/lab, whose kernel makes them (tables-guest.ts). Run by main.ts.
 */
import { join } from 'node:path';
import { run, until } from '../support/command.js';
import { root } from '../support/repository.js';
import { Balancer } from './balancer.js';
import type { Site } from './balancer-conf.js';
import { type Benchmark, Gathering, Values } from './figures.js';
import { delayLoopSeconds, type Measured, measureLoad, type TableWatch } from './load.js';
import { BenchNet } from './net.js';
import { inTurns } from './pair.js';
import { RealServers } from './real-servers.js';
import { median } from './statistics.js';

const realServersOfEach = 40;
const port = 8080;
/** keepalived's reload takes minutes. */
const patienceMs = 900_000;
const guestSeconds = 300;
/** Of the virtual servers, so many times less in the guest: it is several times slower. */
const guestShare = 10;

export const tables: Benchmark = {
  name: 'tables',
  title: 'Tens of thousands of real servers in the table',
  kinds: ['mainstay', 'keepalived'],
  async run({ kinds, virtualServers, tableRounds, hasGuest }) {
    const found = new Gathering();
    const site: Site = { virtualServers, realServers: realServersOfEach, protocol: 'tcp', port, delayLoop: delayLoopSeconds };
    const small: Site = { ...site, virtualServers: Math.max(1, Math.round(virtualServers / guestShare)) };
    const places = [{ what: `${serversOf(site)}, kernel that acknowledges`, runs: tableRounds, work: onHost, site }];
    if (hasGuest) places.push({ what: `${serversOf(small)}, kernel with IPVS (guest)`, runs: 1, work: inGuest, site: small });
    for (const { what, runs, work, site } of places) {
      const values = new Values();
      const units = new Map<string, string>();
      await inTurns({ kinds, runs, what: `tables ${what}`, found }, async (kind) => {
        if (kind !== 'mainstay' && kind !== 'keepalived') throw new Error(`${kind} balances nothing`);
        for (const [metric, unit, value] of await work(kind, site)) {
          units.set(metric, unit);
          values.add(`${kind} ${metric}`, value);
        }
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

function serversOf({ virtualServers, realServers }: Site): number {
  return virtualServers * realServers;
}

async function onHost(kind: 'mainstay' | 'keepalived', site: Site): Promise<readonly Measured[]> {
  const net = await BenchNet.create(['lb']);
  const host = net.host('lb');
  const balancer = new Balancer({ kind, launch: (...args) => host.start(...args), hasIpvs: false });
  try {
    const count = site.virtualServers * site.realServers;
    await RealServers.start((...args) => host.start(...args), site.protocol, port, count);
    return await measureLoad(balancer, tallied(balancer, site), site, patienceMs);
  } finally {
    await balancer.kill();
    net.destroy();
  }
}

/** What the balancer has asked for is all that there is to see. */
function tallied(balancer: Balancer, { virtualServers, realServers }: Site): TableWatch {
  let before = 0;
  const changes = async (count: number, withinMs: number) => {
    await until(`${count} changes of the table`, withinMs, () => {
      balancer.assertRunning();
      return balancer.tally.changes >= count;
    });
    return balancer.tally.lastAt;
  };
  return {
    complete: (withinMs) => changes(virtualServers * (realServers + 1), withinMs),
    weighs: (_, withinMs) => changes(before + 1, withinMs),
    async counting(work) {
      before = balancer.tally.changes;
      await work();
      return balancer.tally.changes - before;
    },
  };
}

async function inGuest(kind: 'mainstay' | 'keepalived', site: Site): Promise<readonly Measured[]> {
  const guest = ['--timeout', String(guestSeconds), '--memory', '4096', '--'];
  const program = join(root, 'test/dist/bench/tables-guest.js');
  const text = await run(join(root, 'test/lab/ipvs-run'), [...guest, process.execPath, program, kind, JSON.stringify(site)]);
  return JSON.parse(text) as Measured[];
}
