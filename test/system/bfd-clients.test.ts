/**
 * A virtual router that follows BFD sessions with a peer of another make (FRR, keepalived) on the real kernel: track_bfd with and without a
 * weight, and a peer that dies, returns, and ends cleanly.
 */
import assert from 'node:assert/strict';
import { type BfdPeer, type BfdPeerKind, bfdPeers } from '../support/bfd-peers.js';
import { until } from '../support/command.js';
import { Lan } from '../support/netns.js';
import { Daemon } from '../support/peers.js';
import { describeScenarios, type Scenario } from '../support/scenarios.js';

interface World {
  readonly lan: Lan;
  readonly kind: BfdPeerKind;
  readonly peer: BfdPeer;
  readonly mainstay: Daemon;
}

interface Seen {
  readonly name: string;
  readonly state: string;
  readonly summary: { readonly priority?: number };
  readonly detail: { readonly faults?: readonly string[] };
}

const timers = { txMs: 100, rxMs: 100, multiplier: 5 } as const;

function conf(own: string, neighbour: string): string {
  const instance = (name: string, vrid: number, track: string) => `vrrp_instance ${name} {
  interface eth0
  version 3
  advert_int 0.1
  virtual_router_id ${vrid}
  priority 100
  track_bfd {
    ${track}
  }
  virtual_ipaddress {
    10.9.0.${100 + vrid}/24
  }
}
`;
  const session = `bfd_instance S {
  neighbor_ip ${neighbour}
  source_ip ${own}
  min_tx ${timers.txMs}
  min_rx ${timers.rxMs}
  multiplier ${timers.multiplier}
  weight -30
}
`;
  return session + instance('HARD', 1, 'S weight 0') + instance('SOFT', 2, 'S') + instance('REVERSE', 3, 'S weight 20 reverse');
}

async function open(kind: BfdPeerKind): Promise<World> {
  const lan = await Lan.create('a', 'b');
  try {
    const [own, neighbour] = [lan.host('a').address4, lan.host('b').address4];
    const peer = new bfdPeers[kind]({ host: lan.host('b'), own: neighbour, neighbour: own, ...timers });
    const mainstay = Daemon.start({ program: 'mainstay', host: lan.host('a'), conf: conf(own, neighbour), id: 'a' });
    return { lan, kind, peer, mainstay };
  } catch (error) {
    lan.destroy();
    throw error;
  }
}

async function close({ mainstay, peer, lan }: World): Promise<void> {
  if (mainstay.process.isRunning) await mainstay.crash();
  await peer.crash();
  lan.destroy();
}

/** State and priority of each instance, in the order of the configuration. */
async function seen({ mainstay }: World): Promise<string> {
  const { objects } = (await mainstay.ask('/v1/status').catch(() => ({ objects: [] }))) as { objects: readonly Seen[] };
  const of = (name: string) => objects.find((object) => object.name === name);
  return ['HARD', 'SOFT', 'REVERSE'].map((name) => `${of(name)?.state} ${of(name)?.summary.priority}`).join(', ');
}

async function reach(world: World, wanted: string): Promise<void> {
  let last = '';
  try {
    await until(`the instances are ${wanted}`, 120_000, async () => {
      last = await seen(world);
      return last === wanted;
    });
  } catch (error) {
    throw new Error(
      `${String(error)}; they are ${last}\n--- Mainstay:\n${world.mainstay.log}\n--- ${world.kind}:\n${world.peer.log}`,
    );
  }
}

const down = 'fault 100, master 70, master 100';
const up = 'master 100, master 100, master 80';

function scenario(kind: BfdPeerKind): Scenario<World> {
  return {
    name: `with ${kind} as the peer`,
    open: () => open(kind),
    steps: {
      'before the session is up, a hard tracker is in fault and a negative weight counts': (world) => reach(world, down),
      'the session comes up: the one serves, the other has its whole priority': async (world) => {
        await world.peer.start();
        await reach(world, up);
        assert.equal(await world.lan.host('a').holds('10.9.0.101'), true);
      },
      'the peer dies: fault, and the address goes': async (world) => {
        await world.peer.crash();
        await reach(world, down);
        await until('the address is gone', 10_000, async () => !(await world.lan.host('a').holds('10.9.0.101')));
      },
      'the peer returns': async (world) => {
        await world.peer.start();
        await reach(world, up);
      },
    },
    close,
  };
}

describeScenarios('virtual routers that track BFD sessions', 1, 600_000, [scenario('frr'), scenario('keepalived')]);
