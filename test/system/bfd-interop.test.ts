/**
 * Mainstay and another BFD speaker (FRR, BIRD, keepalived) watch each other over IPv4 and IPv6: up, down in both roles, other timers
 * on either side, administratively down, restart of either end. The packets are judged by tshark.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BfdPeer, type BfdPeerKind, bfdPeers, type PeerState } from '../support/bfd-peers.js';
import { closeBfdWorld, firstObject } from '../support/bfd-world.js';
import { Capture, fields } from '../support/capture.js';
import { until } from '../support/command.js';
import { Lan } from '../support/netns.js';
import { Daemon, scratch } from '../support/peers.js';
import { signalTree } from '../support/process-tree.js';
import { describeScenarios, type Scenario } from '../support/scenarios.js';

interface World {
  readonly lan: Lan;
  readonly capture: Capture;
  readonly kind: BfdPeerKind;
  readonly family: 4 | 6;
  readonly peer: BfdPeer;
  mainstay: Daemon;
  /** When the peer died, seconds since the epoch. */
  crashedAt: number;
}

interface Session {
  readonly state: string;
  readonly summary: { readonly detection_ms: number | null; readonly tx_ms: number | null };
  readonly detail: { readonly client_decision: { readonly act: boolean }; readonly statistics: { readonly timesUp: number } };
}

const timers = { txMs: 100, rxMs: 100, multiplier: 5 } as const;
/** What timers may be late on a busy machine with two cores, seconds. */
const slack = 0.25;

function addresses(lan: Lan, family: 4 | 6) {
  const of = (name: string) => (family === 4 ? lan.host(name).address4 : lan.host(name).address6);
  return { own: of('a'), neighbour: of('b') };
}

function conf({ lan, family }: Pick<World, 'lan' | 'family'>, more: readonly string[] = []): string {
  const { own, neighbour } = addresses(lan, family);
  const keywords = [`neighbor_ip ${neighbour}`, `source_ip ${own}`, 'min_tx 100', 'min_rx 100', 'multiplier 5', ...more];
  return `bfd_instance B1 {\n${keywords.map((keyword) => `  ${keyword}\n`).join('')}}\n`;
}

function scenario(kind: BfdPeerKind, family: 4 | 6): Scenario<World> {
  return {
    name: `${kind} over IPv${family}`,
    open: () => open(kind, family),
    steps: {
      'the session comes up, with the detection times of both': comesUp,
      'other timers of Mainstay are taken over without a flap': retimed,
      'other timers of the peer are taken over without a flap': peerRetimed,
      'the peer dies by kill -9: down within the detection time': peerDies,
      'the peer returns': peerReturns,
      'Mainstay dies by kill -9, and returns': mainstayDies,
      'Mainstay stands still for two seconds: that is no silence of the peer': standsStill,
      'shut here: the peer is told': shutHere,
      'shut there: down, and no failure for clients': shutThere,
      'a clean stop tells the peer': cleanStop,
      'the packets are as the RFC wants them': packets,
      'tshark has no complaint about a packet of Mainstay': complaints,
    },
    close: closeBfdWorld,
  };
}

async function open(kind: BfdPeerKind, family: 4 | 6): Promise<World> {
  const lan = await Lan.create('a', 'b');
  try {
    const capture = await Capture.start(lan, join(scratch(), 'lan.pcap'), 'udp');
    const { own, neighbour } = addresses(lan, family);
    const peer = new bfdPeers[kind]({ host: lan.host('b'), own: neighbour, neighbour: own, ...timers });
    const mainstay = Daemon.start({ program: 'mainstay', host: lan.host('a'), conf: conf({ lan, family }), id: 'a' });
    await peer.start();
    return { lan, capture, kind, family, peer, mainstay, crashedAt: 0 };
  } catch (error) {
    lan.destroy();
    throw error;
  }
}

const session = ({ mainstay }: World) => firstObject<Session>(mainstay);

/** Waits until both sides are in these states. */
async function reach(world: World, mine: string | undefined, theirs: readonly PeerState[], ms = 60_000): Promise<void> {
  try {
    if (mine !== undefined) await until(`Mainstay is ${mine}`, ms, async () => (await session(world))?.state === mine);
    if (theirs.length > 0) await until(`${world.kind} is ${theirs}`, ms, async () => theirs.includes(await world.peer.state()));
  } catch (error) {
    throw new Error(`${String(error)}\n--- Mainstay:\n${world.mainstay.log}\n--- ${world.kind}:\n${world.peer.log}`);
  }
}

async function detections(world: World, mine: number, theirs: number): Promise<void> {
  await until(
    `Mainstay gives ${world.kind} ${mine} ms`,
    15_000,
    async () => (await session(world))?.summary.detection_ms === mine,
  );
  await until(`${world.kind} gives Mainstay ${theirs} ms`, 60_000, async () => (await world.peer.detectionMs()) === theirs);
}

async function comesUp(world: World): Promise<void> {
  await reach(world, 'up', ['up']);
  await detections(world, 500, 500);
}

function reload({ mainstay }: World, text: string): void {
  writeFileSync(join(mainstay.folder, 'keepalived.conf'), text);
  mainstay.process.signal('SIGHUP');
}

const ups = async (world: World) => (await session(world))?.detail.statistics.timesUp;

async function retimed(world: World): Promise<void> {
  const before = await ups(world);
  reload(world, conf(world, ['min_tx 250', 'min_rx 150']));
  await detections(world, 750, 1250);
  reload(world, conf(world));
  await detections(world, 500, 500);
  assert.deepEqual([(await session(world))?.state, await ups(world)], ['up', before]);
}

async function peerRetimed(world: World): Promise<void> {
  const before = await ups(world);
  await world.peer.retime(300, 200);
  await until('the new timers count', 60_000, async () => {
    const now = await session(world);
    return now?.summary.detection_ms === 1500 && now.summary.tx_ms === 200;
  });
  await world.peer.retime(timers.txMs, timers.rxMs);
  await detections(world, 500, 500);
  // keepalived begins a session anew where its timers change.
  if (world.kind !== 'keepalived') assert.equal(await ups(world), before);
}

async function peerDies(world: World): Promise<void> {
  await reach(world, 'up', ['up']);
  await sleep(500);
  world.crashedAt = Date.now() / 1000;
  await world.peer.crash();
  await reach(world, 'down', []);
}

async function peerReturns(world: World): Promise<void> {
  await world.peer.start();
  await reach(world, 'up', ['up']);
}

async function mainstayDies(world: World): Promise<void> {
  await world.mainstay.crash();
  await reach(world, undefined, ['down']);
  world.mainstay = Daemon.start({ program: 'mainstay', host: world.lan.host('a'), conf: conf(world), id: 'a' });
  await reach(world, 'up', ['up']);
}

async function standsStill(world: World): Promise<void> {
  const before = (await session(world))?.detail.statistics.timesUp ?? 0;
  signalTree(world.mainstay.process.pid, 'SIGSTOP');
  await reach(world, undefined, ['down']);
  await sleep(1500);
  signalTree(world.mainstay.process.pid, 'SIGCONT');
  await until('the session is up again', 60_000, async () => (await session(world))?.detail.statistics.timesUp === before + 1);
  await reach(world, 'up', ['up']);
  assert.match(world.mainstay.log, /Entering DOWN STATE \(was UP\): the peer went down/);
  assert.doesNotMatch(world.mainstay.log, /nothing was heard/, 'of this life');
}

async function shutHere(world: World): Promise<void> {
  reload(world, conf(world, ['admin_down']));
  await reach(world, 'adminDown', ['down']);
  reload(world, conf(world));
  await reach(world, 'up', ['up']);
}

async function shutThere(world: World): Promise<void> {
  const { peer } = world;
  // Only FRR says AdminDown on request.
  if (peer.shut === undefined) return;
  await peer.shut(true);
  await reach(world, 'down', ['adminDown']);
  assert.equal((await session(world))?.detail.client_decision.act, false);
  await peer.shut(false);
  await reach(world, 'up', ['up']);
}

async function cleanStop(world: World): Promise<void> {
  const before = Date.now();
  const { code } = await world.mainstay.stop();
  assert.equal(code, 0);
  assert.ok(Date.now() - before < 3000, 'the stop takes its time');
  await reach(world, undefined, ['down'], 3000);
}

interface Seen {
  readonly at: number;
  readonly state: number;
  readonly diagnostic: number;
  readonly isFinal: boolean;
  readonly intervalUs: number;
}

async function seen({ capture, lan }: World, host: 'a' | 'b'): Promise<readonly Seen[]> {
  const names = ['frame.time_epoch', 'bfd.sta', 'bfd.diag', 'bfd.flags.f', 'bfd.desired_min_tx_interval'];
  const rows = await fields(capture.file, `bfd && eth.src == ${lan.host(host).mac}`, names);
  return rows.map(([at, state, diagnostic, final, interval]) => ({
    at: Number(at),
    state: Number(state),
    diagnostic: Number(diagnostic),
    isFinal: final === '1' || final === 'True',
    intervalUs: Number(interval),
  }));
}

async function packets(world: World): Promise<void> {
  await world.capture.stop();
  const { lan, capture, family, crashedAt } = world;
  const mine = await seen(world, 'a');
  const last = (await seen(world, 'b')).filter(({ at }) => at <= crashedAt + 0.1).at(-1);
  const first = mine.find(({ at, state }) => at > (last?.at ?? 0) && state === 1);
  assert.ok(last !== undefined && first !== undefined);
  const waited = first.at - last.at;
  assert.ok(
    first.diagnostic === 1 && waited >= 0.499 && waited < 0.5 + slack,
    `down after ${waited} s, diagnostic ${first.diagnostic}`,
  );
  const farewell = mine.at(-1);
  assert.deepEqual([farewell?.state, farewell?.diagnostic], [0, 7], 'the last word is AdminDown');
  for (const { state, intervalUs } of mine) assert.ok(state === 3 || intervalUs >= 1_000_000, 'slow while not Up');
  const hops = family === 4 ? 'ip.ttl' : 'ipv6.hlim';
  const marks = family === 4 ? 'ip.dsfield' : 'ipv6.tclass';
  const rows = await fields(capture.file, `bfd && eth.src == ${lan.host('a').mac}`, [
    hops,
    marks,
    'udp.srcport',
    'udp.dstport',
    'bfd.message_length',
  ]);
  assert.ok(rows.length > 50);
  for (const [hopLimit, mark, source, destination, length] of rows) {
    assert.deepEqual([hopLimit, Number(mark), destination, length], ['255', 0xc0, '3784', '24']);
    assert.ok(Number(source) >= 49_152);
  }
}

async function complaints({ capture, lan }: World): Promise<void> {
  assert.deepEqual(await capture.complaints(lan.host('a').mac), []);
}

for (const kind of ['frr', 'bird', 'keepalived'] as const) {
  describeScenarios(`BFD with ${kind}`, 2, 600_000, [scenario(kind, 4), scenario(kind, 6)]);
}
