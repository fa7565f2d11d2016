/** Mainstay and BIRD authenticate each other in every way of RFC 5880, and meet over several hops; FRR does the latter, too. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BfdPeer, type BfdPlan, BirdPeer, FrrPeer } from '../support/bfd-peers.js';
import { closeBfdWorld, firstObject } from '../support/bfd-world.js';
import { Capture, fields } from '../support/capture.js';
import { until } from '../support/command.js';
import { Lan } from '../support/netns.js';
import { Daemon, scratch } from '../support/peers.js';
import { describeScenarios, type Scenario } from '../support/scenarios.js';

interface World {
  readonly lan: Lan;
  readonly capture: Capture;
  readonly peer: BfdPeer;
  readonly mainstay: Daemon;
}

interface Session {
  readonly state: string;
  readonly detail: { readonly statistics: { readonly timesUp: number; readonly dropped: Readonly<Record<string, number>> } };
}

interface Variant {
  readonly name: string;
  readonly keywords: readonly string[];
  readonly plan: Partial<BfdPlan>;
  readonly Peer: typeof BirdPeer | typeof FrrPeer;
}

function scenario({ name, keywords, plan, Peer }: Variant): Scenario<World> {
  const isMultihop = plan.isMultihop === true;
  return {
    name,
    async open() {
      const lan = await Lan.create('a', 'b');
      try {
        const capture = await Capture.start(lan, join(scratch(), 'lan.pcap'), 'udp');
        const [own, neighbour] = [lan.host('a').address4, lan.host('b').address4];
        const all = [`neighbor_ip ${neighbour}`, `source_ip ${own}`, 'min_tx 100', 'min_rx 100', 'multiplier 5', ...keywords];
        const conf = `bfd_instance B1 {\n${all.map((keyword) => `  ${keyword}\n`).join('')}}\n`;
        const timers = { txMs: 100, rxMs: 100, multiplier: 5 };
        const peer = new Peer({ host: lan.host('b'), own: neighbour, neighbour: own, ...timers, ...plan });
        const mainstay = Daemon.start({ program: 'mainstay', host: lan.host('a'), conf, id: 'a' });
        await peer.start();
        return { lan, capture, peer, mainstay };
      } catch (error) {
        lan.destroy();
        throw error;
      }
    },
    steps: {
      'the session comes up': async (world) => {
        await until(`Mainstay is up:\n${world.mainstay.log}`, 60_000, async () => (await session(world))?.state === 'up');
        await until('the peer is up', 60_000, async () => (await world.peer.state()) === 'up');
      },
      'and stays up, with no packet dropped': async (world) => {
        await sleep(3000);
        const now = await session(world);
        assert.deepEqual([now?.state, now?.detail.statistics.timesUp, await world.peer.state()], ['up', 1, 'up']);
        assert.deepEqual(now?.detail.statistics.dropped, {});
      },
      'tshark has no complaint about a packet of Mainstay': async ({ lan, capture }) => {
        await capture.stop();
        const { mac } = lan.host('a');
        assert.deepEqual(await capture.complaints(mac), []);
        const rows = await fields(capture.file, `bfd && eth.src == ${mac}`, ['udp.dstport', 'bfd.auth.type']);
        const code = isMultihop ? '' : String(codes[plan.authentication?.type ?? ''] ?? '');
        assert.deepEqual(
          [...new Set(rows.map(([port, type]) => `${port} ${Number(type) || ''}`))],
          [`${isMultihop ? 4784 : 3784} ${code}`],
        );
      },
    },
    close: closeBfdWorld,
  };
}

const session = ({ mainstay }: World) => firstObject<Session>(mainstay);

/** As BIRD calls them, with their codes. */
const codes: Readonly<Record<string, number>> = {
  simple: 1,
  'keyed md5': 2,
  'meticulous keyed md5': 3,
  'keyed sha1': 4,
  'meticulous keyed sha1': 5,
};

const authenticated = Object.keys(codes).map((type): Variant => {
  const keywords = [`auth_type ${type.replaceAll(' ', '-')}`, 'auth_key_id 9', 'auth_password opensesame'];
  return { name: type, keywords, plan: { authentication: { type, id: 9, secret: 'opensesame' } }, Peer: BirdPeer };
});
const far = [BirdPeer, FrrPeer].map((Peer): Variant => {
  const plan = { isMultihop: true };
  return { name: `several hops with ${Peer.name}`, keywords: ['multihop'], plan, Peer };
});

describeScenarios('[5] [32] BFD authenticated, and over several hops', 2, 600_000, [...authenticated, ...far].map(scenario));
