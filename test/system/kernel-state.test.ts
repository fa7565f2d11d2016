/**
 * What a virtual router does to the kernel's addresses, exactly: the same as keepalived for the same configuration, nothing left
 * after a stop or after a crash and restart, and an address or a cable that somebody else takes away is noticed.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../support/command.js';
import { type Host, Lan } from '../support/netns.js';
import { Daemon, type Program, subject } from '../support/peers.js';
import { describeScenarios, type Scenario } from '../support/scenarios.js';

/** Every option of an address that shows in the kernel. */
const everyOption = `
global_defs {
  vrrp_garp_master_delay 0
}
vrrp_instance V4 {
  state MASTER
  interface eth0
  virtual_router_id 61
  version 3
  priority 200
  advert_int 0.1
  virtual_ipaddress {
    10.9.0.100
    10.9.0.101/24
    10.9.0.102/24 brd 10.9.0.255
    10.9.0.103/25 brd + dev eth0 scope link
    10.9.0.104/24 dev eth0 label eth0:vip
    192.0.2.1/30 dev other scope host
    192.0.2.9 peer 192.0.2.10 dev other
    198.51.100.1/24 dev other noprefixroute
  }
  virtual_ipaddress_excluded {
    10.9.1.100/24 dev other
    fd09:1::100/64 dev other
  }
}
vrrp_instance V6 {
  state MASTER
  interface eth0
  virtual_router_id 62
  version 3
  priority 200
  advert_int 0.1
  virtual_ipaddress {
    fe80::100
    fd09::100
    fd09::101/64
    fd09::102/64 preferred_lft 0
    fd09:2::1/64 dev other home
    fd09:3::1/64 dev other noprefixroute
    fd09:4::1/64 dev other -nodad
  }
}
`;

/** One router that is master within half a second, and learns of other things as quickly. */
const simple = `
vrrp_instance VI_1 {
  state BACKUP
  interface eth0
  virtual_router_id 63
  version 3
  @a priority 150
  @b priority 100
  advert_int 0.1
  virtual_ipaddress {
    10.9.0.100/24
    10.9.0.101/24
  }
}
`;

interface World {
  readonly lan: Lan;
  readonly host: Host;
  readonly before: string;
  daemon: Daemon;
}

/** For what hangs: how long a start takes on a busy machine is not the question here. */
const patienceMs = 60_000;

function world(program: Program, conf: string): () => Promise<World> {
  return async () => {
    const lan = await Lan.create('a', 'b');
    const host = lan.host('a');
    await host.ip('link', 'add', 'other', 'type', 'veth', 'peer', 'name', 'far');
    for (const end of ['other', 'far']) await host.ip('link', 'set', end, 'up');
    const before = await state(host);
    const daemon = Daemon.start({ program, host, conf, id: 'a' });
    return { lan, host, before, daemon };
  };
}

async function close({ daemon, lan }: World): Promise<void> {
  if (daemon.process.isRunning) await daemon.crash();
  lan.destroy();
}

/** Everything `ip addr` says, without what differs from run to run. */
async function state(host: Host): Promise<string> {
  const rows: string[] = [];
  for (const dev of ['eth0', 'other']) {
    for (const row of await host.addresses(dev)) {
      // Its own link-local address comes from a random MAC.
      if (dev === 'other' && row.local.startsWith('fe80::')) continue;
      rows.push(`${dev} ${JSON.stringify(row)}`);
    }
  }
  return rows.join('\n');
}

async function holdsAll(host: Host, daemon: Daemon, wanted: readonly string[], dev = 'eth0'): Promise<void> {
  try {
    await until(`${host.name} holds ${wanted.join(' ')}`, patienceMs, async () => {
      const held = (await host.addresses(dev)).map((row) => row.local);
      return wanted.every((address) => held.includes(address));
    });
  } catch (error) {
    throw new Error(`${String(error)}\n${daemon.log}`);
  }
}

async function holdsNone(host: Host, daemon: Daemon, unwanted: readonly string[]): Promise<void> {
  try {
    await until(`${host.name} holds none of ${unwanted.join(' ')}`, patienceMs, async () => {
      const held = (await host.addresses()).map((row) => row.local);
      return !unwanted.some((address) => held.includes(address));
    });
  } catch (error) {
    throw new Error(`${String(error)}\n${daemon.log}`);
  }
}

/** What keepalived makes of `everyOption` on this kernel; asked for once, by whoever comes first. */
let byKeepalived: Promise<string> | undefined;

async function reference(): Promise<string> {
  const opened = await world('keepalived', everyOption)();
  try {
    return await settled(opened);
  } finally {
    await close(opened);
  }
}

async function settled({ host, daemon }: World): Promise<string> {
  await holdsAll(host, daemon, ['10.9.0.104', 'fd09::102']);
  await holdsAll(host, daemon, ['10.9.1.100', 'fd09:1::100', 'fd09:4::1'], 'other');
  // One address runs duplicate address detection; its end is part of the state compared.
  await until('no address is tentative', patienceMs, async () => !(await state(host)).includes('tentative'));
  return state(host);
}

const exact: Scenario<World> = {
  name: 'every option of an address',
  open: world(subject(), everyOption),
  steps: {
    'gives the very same addresses as with keepalived': async (opened) => {
      byKeepalived ??= reference();
      assert.equal(await settled(opened), await byKeepalived);
    },
    'are gone after a clean stop': async ({ host, daemon, before }) => {
      assert.deepEqual(await daemon.stop(), { code: 0, signal: null });
      // keepalived 2.2.7 forgets an address that has a peer.
      if (daemon.program === 'keepalived') await host.ip('addr', 'flush', 'dev', 'other', 'to', '192.0.2.9');
      assert.equal(await state(host), before);
    },
  },
  close,
};

const vips = ['10.9.0.100', '10.9.0.101'];

const crashed: Scenario<World> = {
  name: 'after a crash',
  open: world(subject(), simple),
  steps: {
    'a restart as backup removes what the former life left': async (opened) => {
      const { lan, host } = opened;
      await holdsAll(host, opened.daemon, vips);
      await opened.daemon.crash();
      const heir = Daemon.start({ program: 'keepalived', host: lan.host('b'), conf: simple, id: 'b' });
      await holdsAll(lan.host('b'), heir, vips);
      assert.ok(await host.holds('10.9.0.100'), 'the crash should have left the address behind');
      const conf = simple.replace('state BACKUP', 'state BACKUP\n  nopreempt');
      opened.daemon = Daemon.start({ program: opened.daemon.program, host, conf, id: 'a' });
      await opened.daemon.ready();
      await holdsNone(host, opened.daemon, vips);
      await heir.crash();
      lan.hosts[1]?.ip('addr', 'flush', 'to', '10.9.0.100/31');
    },
    'it becomes master again, with each address once': async ({ host, daemon }) => {
      await holdsAll(host, daemon, vips);
      const held = (await host.addresses()).filter((row) => vips.includes(row.local));
      assert.equal(held.length, 2);
    },
    'and stops cleanly': async ({ host, daemon, before }) => {
      await daemon.stop();
      assert.equal(await state(host), before);
    },
  },
  close,
};

const robbed: Scenario<World> = {
  name: 'an address that somebody else removes',
  open: world(subject(), simple),
  steps: {
    'is noticed and comes back': async ({ host, daemon }) => {
      await holdsAll(host, daemon, vips);
      await sleep(300);
      const mark = daemon.log.length;
      await host.ip('addr', 'del', '10.9.0.101/24', 'dev', 'eth0');
      await holdsAll(host, daemon, vips);
      assert.match(daemon.log.slice(mark), /10\.9\.0\.101/);
    },
    'even when all go at once': async ({ host, daemon }) => {
      await sleep(300);
      await host.ip('addr', 'flush', 'dev', 'eth0', 'to', '10.9.0.100/31');
      await holdsAll(host, daemon, vips);
    },
    'and nothing is left after the stop': async ({ host, daemon }) => {
      await daemon.stop();
      await holdsNone(host, daemon, vips);
    },
  },
  close,
};

const unplugged: Scenario<World> = {
  name: 'a cable that is pulled',
  open: world(subject(), simple),
  steps: {
    'makes the router give its addresses up': async ({ host, daemon }) => {
      await holdsAll(host, daemon, vips);
      await host.cable('down');
      await holdsNone(host, daemon, vips);
      await until('the log says FAULT', 5000, async () => /fault/i.test(daemon.log));
    },
    'and it comes back with the cable': async ({ host, daemon, before }) => {
      await host.cable('up');
      await holdsAll(host, daemon, vips);
      await daemon.stop();
      assert.equal(await state(host), before);
    },
  },
  close,
};

const orphaned: Scenario<World> = {
  name: 'the death of the main process alone',
  open: world(subject(), simple),
  steps: {
    'makes its children yield and tidy up': async ({ host, daemon, before }) => {
      await holdsAll(host, daemon, vips);
      daemon.process.signal('SIGKILL');
      await holdsNone(host, daemon, vips);
      assert.equal(await state(host), before);
    },
  },
  close,
};

describeScenarios('state of the kernel', 3, 240_000, [exact, crashed, robbed, unplugged, orphaned]);
