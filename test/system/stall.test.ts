/**
 * Masters whose JavaScript stands still, and backups whose processes do: seen from the switch, nobody is late, nobody fights, and
 * nobody takes over from a master that lives. `MAINSTAY_PAUSES=100` repeats the pauses of backups so often; the default is quick.
 */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Capture, type SeenAdvert } from '../support/capture.js';
import { until } from '../support/command.js';
import { Lan } from '../support/netns.js';
import { Daemon, scratch } from '../support/peers.js';
import { signalTree } from '../support/process-tree.js';
import { describeScenarios, type Scenario } from '../support/scenarios.js';

const vip = '10.9.0.100';
/** Seconds between adverts. */
const interval = 0.1;
const skew = (priority: number) => ((256 - priority) / 256) * interval;

/** A plugin of the realtime lane that does what none may: it spins for as long as a file says. */
const staller = `
import { definePlugin } from '@mainstay/sdk';

export default definePlugin({
  name: 'staller',
  setup() {},
  start({ ports, clock, signal }) {
    const wish = process.env.MAINSTAY_TEST_STALL;
    const look = async () => {
      const ms = Number(await ports.files.readText(wish).catch(() => '0'));
      if (ms > 0) {
        const end = clock.now() + ms;
        while (clock.now() < end);
        return;
      }
      if (!signal.aborted) clock.after(20, () => void look());
    };
    void look();
  },
});
`;

function conf(priority: number, deadMan?: number, plugin?: string): string {
  return `
${plugin === undefined ? '' : `plugin staller {\n  package ${plugin}\n}`}
global_defs {
  ${deadMan === undefined ? '' : `vrrp_dead_man_time ${deadMan}`}
}
vrrp_instance VI_1 {
  state BACKUP
  interface eth0
  version 3
  virtual_router_id 51
  priority ${priority}
  advert_int ${interval}
  virtual_ipaddress {
    ${vip}/24
  }
}
`;
}

function writePlugin(folder: string): string {
  const home = join(folder, 'staller');
  mkdirSync(home, { recursive: true });
  const mainstay = { api: '^0.1.0', lane: 'realtime', needs: ['files'] };
  const manifest = { name: 'mainstay-plugin-staller', version: '1.0.0', type: 'module', exports: './index.js', mainstay };
  writeFileSync(join(home, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(home, 'index.js'), staller.replace("'@mainstay/sdk'", JSON.stringify(import.meta.resolve('@mainstay/sdk'))));
  return home;
}

interface World {
  readonly lan: Lan;
  readonly capture: Capture;
  readonly master: Daemon;
  readonly others: readonly Daemon[];
  readonly wish: string;
  stalledAt: number;
}

async function holds(lan: Lan, name: string): Promise<void> {
  await until(`${name} holds the address`, 20_000, () => lan.host(name).holds(vip));
}

async function open(deadMan: number | undefined, backups: readonly string[]): Promise<World> {
  const lan = await Lan.create('m', ...backups);
  try {
    const folder = scratch();
    const wish = join(folder, 'stall');
    const capture = await Capture.start(lan, join(folder, 'lan.pcap'), 'ip proto 112');
    const env = { MAINSTAY_TEST_STALL: wish };
    const plugin = writePlugin(folder);
    const start = (name: string, text: string) =>
      Daemon.start({ program: 'mainstay', host: lan.host(name), conf: text, id: name, env });
    const master = start('m', conf(200, deadMan, plugin));
    await holds(lan, 'm');
    const others = backups.map((name, i) => start(name, conf(100 + i)));
    await Promise.all(others.map((daemon) => daemon.ready()));
    await sleep(1000);
    return { lan, capture, master, others, wish, stalledAt: 0 };
  } catch (error) {
    lan.destroy();
    throw error;
  }
}

async function close({ lan, capture, master, others }: World): Promise<void> {
  for (const daemon of [master, ...others]) if (daemon.process.isRunning) await daemon.crash();
  await capture.stop();
  lan.destroy();
}

async function stall(world: World): Promise<void> {
  world.stalledAt = Date.now() / 1000;
  writeFileSync(world.wish, '2000');
  await sleep(2500);
}

async function seen({ capture, stalledAt }: World): Promise<readonly SeenAdvert[]> {
  return (await capture.adverts()).filter(({ at }) => at >= stalledAt - 1);
}

const masterMac = '02:00:00:00:00:01';

const longBound: Scenario<World> = {
  name: 'a master that does not act for 2 s, of 3 s that it may',
  open: () => open(3, ['b']),
  steps: {
    'stands still': stall,
    'sends every advert on time meanwhile, and stays the only master': async (world) => {
      const adverts = await seen(world);
      assert.deepEqual([...new Set(adverts.map(({ mac }) => mac))], [masterMac]);
      const gaps = adverts.slice(1).map(({ at }, i) => at - (adverts[i]?.at ?? at));
      // Half an interval is for the machine that runs this test: JavaScript would have been 2 s late.
      assert.ok(Math.max(...gaps) < 1.5 * interval, `the longest gap was ${Math.max(...gaps)} s`);
    },
  },
  close,
};

const shortBound: Scenario<World> = {
  name: 'a master that does not act for 2 s, of 0.3 s that it may',
  open: () => open(0.3, ['b']),
  steps: {
    'stands still': stall,
    'resigns at the bound': async (world) => {
      const adverts = await seen(world);
      const zero = adverts.filter(({ priority }) => priority === 0);
      assert.equal(zero.length, 1);
      const late = (zero[0]?.at ?? 0) - world.stalledAt;
      assert.ok(late > 0.25 && late < 0.6, `priority 0 came ${late} s after the wish to stall`);
    },
    'is followed within the skew time': async (world) => {
      const adverts = await seen(world);
      const zero = adverts.find(({ priority }) => priority === 0)?.at ?? 0;
      const next = adverts.find(({ at }) => at > zero);
      assert.notEqual(next?.mac, masterMac);
      const after = (next?.at ?? Number.POSITIVE_INFINITY) - zero;
      assert.ok(after < skew(100) + 0.05, `the successor spoke ${after} s after priority 0`);
    },
    'does not fight when it wakes, but waits for its turn': async (world) => {
      await world.master.process.saw(/the pacemaker resigned for it/, 5000);
      await sleep(1500);
      const adverts = await seen(world);
      const zero = adverts.find(({ priority }) => priority === 0)?.at ?? 0;
      const own = adverts.filter(({ mac, at }) => mac === masterMac && at > zero).map(({ at }) => at);
      const first = own[0] ?? Number.POSITIVE_INFINITY;
      // It woke 2 s after it began to stall, and by then another one was master for longer than a master-down interval.
      assert.ok(
        first > world.stalledAt + 2 + 3 * interval,
        `it spoke again ${first - world.stalledAt} s after it began to stall`,
      );
    },
  },
  close,
};

/** Pauses of backups, each one counted. */
const wanted = Number(process.env.MAINSTAY_PAUSES ?? 6);
const quick = process.env.MAINSTAY_PAUSES === undefined;
const backups = quick ? ['b', 'c'] : ['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k'];
const rounds = Math.ceil(wanted / backups.length);
const pauseMs = quick ? 3000 : 10_000;

const pauses: Scenario<World> = {
  name: `backups that are stopped for ${pauseMs / 1000} s (${rounds * backups.length} times)`,
  open: () => open(undefined, backups),
  steps: {
    'stand still and go on': async (world) => {
      world.stalledAt = Date.now() / 1000;
      for (let round = 0; round < rounds; round++) {
        for (const { process: daemon } of world.others) signalTree(daemon.pid, 'SIGSTOP');
        await sleep(pauseMs);
        for (const { process: daemon } of world.others) signalTree(daemon.pid, 'SIGCONT');
        await sleep(1000);
      }
    },
    'never speak while their master lives': async (world) => {
      const adverts = await seen(world);
      const strangers = adverts.filter(({ mac }) => mac !== masterMac);
      assert.deepEqual(strangers, []);
      assert.ok(adverts.length > (0.8 * rounds * pauseMs) / 1000 / interval);
      assert.ok(world.others.every(({ log }) => !/Entering MASTER/.test(log)));
    },
  },
  close,
};

describeScenarios('processes that stand still', 1, 120_000 + rounds * (pauseMs + 1500), [longBound, shortBound, pauses]);
