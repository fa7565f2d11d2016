/**
 * Notify hooks that misuse their time and memory in every way: one spins for ten seconds at each transition, one allocates
 * without end. On the wire, seen from another host, not one advert of the master is late by more than half an interval.
 */
import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Capture } from '../support/capture.js';
import { until } from '../support/command.js';
import { type Host, Lan } from '../support/netns.js';
import { Daemon, scratch } from '../support/peers.js';
import { describeScenarios, type Scenario } from '../support/scenarios.js';

/** Seconds between adverts, and how late one may be. */
const interval = 0.1;
const latest = 1.5 * interval;
/** How often a transition is forced, each time with hooks at work. */
const rounds = 5;
/**
 * Reigns without a late advert. The hooks are at work in every reign, so what they cause shows in every reign; what another
 * tenant of the machine causes by taking a core for a moment does not.
 */
const cleanReigns = 2;

const spinning = `
import { writeFileSync } from 'node:fs';
import { defineNotify } from '@mainstay/sdk';

export default defineNotify({
  on: ['vrrp.transitioned'],
  run(event) {
    writeFileSync(process.env.MAINSTAY_TEST_MARKS + '/' + event.at, event.to);
    const end = Date.now() + 10_000;
    while (Date.now() < end);
  },
});
`;

const hoarding = `
import { writeFileSync } from 'node:fs';
import { defineNotify } from '@mainstay/sdk';

const kept: unknown[] = [];

export default defineNotify({
  on: ['vrrp.transitioned'],
  async run(event) {
    writeFileSync(process.env.MAINSTAY_TEST_MARKS + '/' + event.at, event.to);
    for (;;) {
      kept.push(new Array(100_000).fill(event));
      await null;
    }
  },
});
`;

function conf(hook: string): string {
  return `
vrrp_instance VI_1 {
  state BACKUP
  interface eth0
  version 3
  virtual_router_id 51
  priority 150
  advert_int ${interval}
  virtual_ipaddress {
    10.9.0.100/24
  }
}
notify_hook ${hook}
notify_hooks_dir ${dirname(hook)}/none
`;
}

interface World {
  readonly lan: Lan;
  readonly capture: Capture;
  readonly router: Daemon;
  readonly marks: string;
  /** When it was certainly master, seconds since the epoch. */
  readonly reigns: { from: number; to: number }[];
}

async function open(code: string): Promise<World> {
  const lan = await Lan.create('a', 'b');
  try {
    const folder = scratch();
    const marks = scratch();
    const hook = join(folder, 'hook.ts');
    writeFileSync(hook, code);
    const capture = await Capture.start(lan, join(folder, 'lan.pcap'), 'ip proto 112');
    const router = Daemon.start({
      program: 'mainstay',
      host: lan.host('a'),
      conf: conf(hook),
      id: 'a',
      env: { MAINSTAY_TEST_MARKS: marks },
    });
    return { lan, capture, router, marks, reigns: [] };
  } catch (error) {
    lan.destroy();
    throw error;
  }
}

async function close({ router, capture, lan }: World): Promise<void> {
  if (router.process.isRunning) await router.crash();
  await capture.stop();
  lan.destroy();
}

const vip = '10.9.0.100';

async function becomesMaster(host: Host, router: Daemon): Promise<void> {
  try {
    await until(`${host.name} holds ${vip}`, 20_000, () => host.holds(vip));
  } catch (error) {
    throw new Error(`${String(error)}\n${router.log}`);
  }
}

/** Reigns for a while under load; then a pulled cable forces the next two transitions. */
async function reign(world: World): Promise<void> {
  const host = world.lan.host('a');
  for (let round = 0; round < rounds; round++) {
    await becomesMaster(host, world.router);
    // A port of the switch may take a second to forward after the cable is back.
    const from = Date.now() / 1000 + 1;
    await sleep(7000);
    world.reigns.push({ from, to: Date.now() / 1000 });
    if (round === rounds - 1) return;
    await host.cable('down');
    await until('the address is gone', 5000, async () => !(await host.holds(vip)));
    await host.cable('up');
  }
}

function hookRan({ marks, router }: World): void {
  assert.ok(readdirSync(marks).length > 0, `the hook never ran\n${router.log}`);
}

async function noneLate({ capture, reigns }: World): Promise<void> {
  await capture.stop();
  const adverts = await capture.adverts();
  const seen = reigns.map(({ from, to }) => {
    const times = adverts.map(({ at }) => at).filter((at) => at >= from && at <= to);
    const gaps = times.slice(1).map((at, i) => at - (times[i] ?? at));
    const late = gaps.filter((gap) => gap > latest).map((gap) => `${(gap * 1000).toFixed(0)} ms`);
    const isComplete = times.length >= ((to - from) / interval) * 0.95;
    return {
      late,
      isComplete,
      text: `${times.length} adverts in ${(to - from).toFixed(1)} s, late: ${late.join(', ') || 'none'}`,
    };
  });
  const clean = seen.filter(({ late, isComplete }) => late.length === 0 && isComplete);
  assert.ok(clean.length >= cleanReigns, seen.map(({ text }) => text).join('\n'));
}

function loaded(what: string, code: string): Scenario<World> {
  return {
    name: `a master with a notify hook that ${what}`,
    open: () => open(code),
    steps: {
      [`becomes master ${rounds} times`]: reign,
      'has run the hook': hookRan,
      'sends no advert late': noneLate,
      'stops cleanly in spite of it': async ({ router, lan }) => {
        assert.deepEqual(await router.stop(), { code: 0, signal: null }, router.log);
        assert.equal(await lan.host('a').holds(vip), false);
      },
    },
    close,
  };
}

// One after the other: each is to have both cores to itself, and to misuse.
describeScenarios('load from extensions', 1, 120_000, [
  loaded('spins for ten seconds at each transition', spinning),
  loaded('allocates without end', hoarding),
]);
