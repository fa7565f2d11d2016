/**
 * More than 150 malformed and foreign BFD packets against a running daemon, over the real socket, with a session to FRR or BIRD: none
 * changes its state or its rhythm, and each is counted under its cause.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ethernetFrame } from '../support/advert-bytes.js';
import { type BfdPeer, type BfdPeerKind, bfdPeers } from '../support/bfd-peers.js';
import { closeBfdWorld, firstObject } from '../support/bfd-world.js';
import { Capture, fields } from '../support/capture.js';
import { until } from '../support/command.js';
import { type HostileBfd, hostileBfd } from '../support/hostile-bfd.js';
import { inject } from '../support/injector.js';
import { Lan } from '../support/netns.js';
import { Daemon, scratch } from '../support/peers.js';
import { describeScenarios, type Scenario } from '../support/scenarios.js';

/** The part of `mainstay status --json` that counts. */
interface Seen {
  readonly state: string;
  readonly detail: Readonly<Record<string, unknown>> & {
    readonly local_discriminator: number;
    readonly statistics: {
      readonly timesUp: number;
      readonly timesDown: number;
      readonly dropped: Readonly<Record<string, number>>;
    };
    readonly strays: Readonly<Record<string, number>>;
  };
}

interface World {
  readonly lan: Lan;
  readonly capture: Capture;
  readonly family: 4 | 6;
  readonly peer: BfdPeer;
  readonly mainstay: Daemon;
  packets: readonly HostileBfd[];
  before: Seen | undefined;
  after: Seen | undefined;
  from: number;
  to: number;
}

/** Ten intervals of silence are more than any peer without real-time priority takes on a busy machine. */
const timers = { txMs: 50, rxMs: 50, multiplier: 10 } as const;
const detectionMs = timers.rxMs * timers.multiplier;

function scenario(kind: BfdPeerKind, family: 4 | 6): Scenario<World> {
  return {
    name: `with ${kind}, IPv${family}`,
    open: () => open(kind, family),
    steps: {
      'the session is up': settle,
      'at least 150 packets are sent, each another one': attack,
      'no state changes, and nothing that was learnt of the peer': noChange,
      'every hostile packet is counted under its cause': counted,
      'the peer is up, and heard the rhythm that it should': undisturbed,
    },
    close: closeBfdWorld,
  };
}

async function open(kind: BfdPeerKind, family: 4 | 6): Promise<World> {
  const lan = await Lan.create('a', 'b', 'x');
  try {
    const capture = await Capture.start(lan, join(scratch(), 'lan.pcap'), 'udp');
    const of = (name: string) => (family === 4 ? lan.host(name).address4 : lan.host(name).address6);
    const [own, neighbour] = [of('a'), of('b')];
    const keywords = [`neighbor_ip ${neighbour}`, `source_ip ${own}`, 'min_tx 50', 'min_rx 50', 'multiplier 10'];
    const conf = `bfd_instance B1 {\n${keywords.map((keyword) => `  ${keyword}\n`).join('')}}\n`;
    const peer = new bfdPeers[kind]({ host: lan.host('b'), own: neighbour, neighbour: own, ...timers });
    const mainstay = Daemon.start({ program: 'mainstay', host: lan.host('a'), conf, id: 'a' });
    await peer.start();
    return { lan, capture, family, peer, mainstay, packets: [], before: undefined, after: undefined, from: 0, to: 0 };
  } catch (error) {
    lan.destroy();
    throw error;
  }
}

const look = ({ mainstay }: World) => firstObject<Seen>(mainstay);

async function settle(world: World): Promise<void> {
  const { lan, family, peer, mainstay } = world;
  const isSettled = async () => {
    const detection = (await look(world)) as { summary?: { detection_ms?: number } } | undefined;
    return (await peer.state()) === 'up' && detection?.summary?.detection_ms === detectionMs;
  };
  await until(`both are up:\n${mainstay.log}`, 180_000, isSettled);
  await sleep(1000);
  const before = await look(world);
  assert.equal(before?.state, 'up');
  world.before = before;
  const [a, b] = [lan.host('a'), lan.host('b')];
  const strangers = [50, 51, 52, 53, 54, 55].map((n) => (family === 4 ? `10.9.0.${n}` : `fd09::${n}`));
  world.packets = hostileBfd({
    address: family === 4 ? a.address4 : a.address6,
    peer: family === 4 ? b.address4 : b.address6,
    strangers,
    discriminator: before?.detail.local_discriminator ?? 0,
  });
}

/** To the victim's own hardware address: its peer shall not hear them. */
async function attack(world: World): Promise<void> {
  const { lan, packets } = world;
  assert.ok(packets.length >= 150, `only ${packets.length}`);
  assert.equal(new Set(packets.map(({ packet }) => Buffer.from(packet).toString('hex'))).size, packets.length, 'all differ');
  const [a, x] = [lan.host('a').mac, lan.host('x').mac];
  world.from = Date.now() / 1000;
  await inject(
    lan.host('x'),
    packets.map(({ packet }) => ethernetFrame(packet, x, a)),
    5,
  );
  // Long enough for a detection time that was moved to run out.
  await sleep(2 * detectionMs);
  world.to = Date.now() / 1000;
  world.after = await look(world);
}

function noChange({ before, after, mainstay }: World): void {
  const essence = (seen: Seen | undefined) => {
    const learnt = Object.entries(seen?.detail ?? {}).filter(([key]) => key.startsWith('remote_'));
    const { timesUp, timesDown } = seen?.detail.statistics ?? {};
    return { state: seen?.state, timesUp, timesDown, ...Object.fromEntries(learnt) };
  };
  assert.deepEqual(essence(after), essence(before), mainstay.log);
}

function counted({ before, after, packets }: World): void {
  const expected = new Map<string, number>();
  for (const { verdict } of packets) {
    if (verdict.by === 'kernel' || verdict.by === 'whoever') continue;
    const key = verdict.by === 'strays' ? `stray ${verdict.cause}` : verdict.cause;
    expected.set(key, (expected.get(key) ?? 0) + 1);
  }
  const rise = new Map<string, number>();
  const [then, now] = [before?.detail, after?.detail];
  for (const [cause, n] of Object.entries(now?.statistics.dropped ?? {}))
    rise.set(cause, n - (then?.statistics.dropped[cause] ?? 0));
  for (const [cause, n] of Object.entries(now?.strays ?? {})) rise.set(`stray ${cause}`, n - (then?.strays[cause] ?? 0));
  const seen = [...rise].filter(([, n]) => n !== 0);
  assert.deepEqual(Object.fromEntries(seen.sort()), Object.fromEntries([...expected].sort()));
}

async function undisturbed({ peer, capture, lan, from, to }: World): Promise<void> {
  assert.equal(await peer.state(), 'up');
  await capture.stop();
  const rows = await fields(capture.file, `bfd && eth.src == ${lan.host('a').mac}`, ['frame.time_epoch', 'bfd.sta']);
  const during = rows.map(([at, state]) => ({ at: Number(at), state: Number(state) })).filter(({ at }) => at >= from && at <= to);
  for (const { state } of during) assert.equal(state, 3);
  // A packet that answers, or a timer that begins anew, would show in their number.
  const everyMs = (1000 * (to - from)) / during.length;
  assert.ok(everyMs > 0.74 * timers.txMs && everyMs < 1.02 * timers.txMs, `a packet every ${everyMs} ms`);
}

describeScenarios('hostile BFD packets', 2, 600_000, [scenario('frr', 4), scenario('bird', 6)]);
