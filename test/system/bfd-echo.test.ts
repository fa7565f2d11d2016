/**
 * The Echo function with FRR and with another Mainstay: through the forwarding plane and by the daemon, in both directions. A path that
 * loses echo packets alone is dead for it; BIRD and keepalived, which know no Echo, are not disturbed. The packets are judged by tshark.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BfdPeer, type BfdPeerKind, bfdPeers, FrrPeer, type PeerState } from '../support/bfd-peers.js';
import { closeBfdWorld, firstObject } from '../support/bfd-world.js';
import { Capture, fields } from '../support/capture.js';
import { until } from '../support/command.js';
import { type Host, Lan } from '../support/netns.js';
import { Daemon, scratch } from '../support/peers.js';
import { describeScenarios, type Scenario } from '../support/scenarios.js';

type Way = 'forwarding' | 'daemon';

interface World {
  readonly lan: Lan;
  readonly capture: Capture;
  readonly family: 4 | 6;
  readonly way: Way;
  readonly mainstay: Daemon;
  readonly peer: BfdPeer;
}

interface Session {
  readonly state: string;
  readonly summary: { readonly diagnostic: string; readonly detection_ms: number | null };
  readonly detail: {
    readonly remote_diagnostic: string;
    readonly echo: {
      readonly phase: string;
      readonly interval_ms: number | null;
      readonly returned: number;
      readonly lost: number;
      readonly looped: number;
      readonly withheld: number;
    } | null;
    readonly statistics: { readonly timesUp: number };
  };
}

/** What timers may be late on a busy machine with two cores, seconds. */
const slack = 0.5;
/** On a busy machine a daemon takes long to start. */
const patienceMs = 120_000;

const timers = { txMs: 100, rxMs: 100, multiplier: 10 } as const;
const own = (lan: Lan, name: string, family: 4 | 6) => (family === 4 ? lan.host(name).address4 : lan.host(name).address6);

function conf(lan: Lan, name: 'a' | 'b', family: 4 | 6, more: readonly string[]): string {
  const ends = [`neighbor_ip ${own(lan, name === 'a' ? 'b' : 'a', family)}`, `source_ip ${own(lan, name, family)}`];
  const keywords = [...ends, 'min_tx 100', 'min_rx 100', 'multiplier 10', ...more];
  return `bfd_instance B1 {\n${keywords.map((keyword) => `  ${keyword}\n`).join('')}}\n`;
}

const echoes = (way: Way) => ['echo_interval 100', `echo_via ${way}`, 'min_echo_rx 50'];

async function forward(host: Host): Promise<void> {
  await host.run('sysctl', ['-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1']);
}

/** Loses the echo packets of the other host, which go through this one or are sent back by its daemon; those of its own come back. */
async function loseEchoes(host: Host, isLost: boolean): Promise<void> {
  const hooks = [
    'chain forward {\ntype filter hook forward priority 0\nudp dport 3785 drop\n}',
    'chain input {\ntype filter hook input priority 0\nip ttl 255 udp dport 3785 drop\nip6 hoplimit 255 udp dport 3785 drop\n}',
  ];
  if (isLost) await host.run('nft', ['-f', '-'], `table inet lossy {\n${hooks.join('\n')}\n}\n`);
  else await host.run('nft', ['delete', 'table', 'inet', 'lossy']);
}

const sessionOf = (daemon: Daemon) => firstObject<Session>(daemon);

async function reach(world: World, what: string, check: (session: Session) => boolean, ms = patienceMs): Promise<void> {
  try {
    await until(what, ms, async () => {
      const session = await sessionOf(world.mainstay);
      return session !== undefined && check(session);
    });
  } catch (error) {
    const session = JSON.stringify(await sessionOf(world.mainstay));
    throw new Error(`${String(error)}\n${session}\n--- Mainstay:\n${world.mainstay.log}\n--- the peer:\n${world.peer.log}`);
  }
}

const peerIs = (world: World, ...states: readonly PeerState[]) =>
  until(`the peer is ${states}`, patienceMs, async () => states.includes(await world.peer.state()));

/** A Mainstay as the peer. */
class MainstayPeer implements BfdPeer {
  #daemon: Daemon | undefined;
  constructor(
    private readonly host: Host,
    private readonly text: string,
  ) {}

  get log(): string {
    return this.#daemon?.log ?? '';
  }
  start(): Promise<void> {
    this.#daemon = Daemon.start({ program: 'mainstay', host: this.host, conf: this.text, id: 'b' });
    return Promise.resolve();
  }
  async session(): Promise<Session | undefined> {
    return this.#daemon && (await sessionOf(this.#daemon));
  }
  async state(): Promise<PeerState> {
    return ((await this.session())?.state as PeerState | undefined) ?? 'none';
  }
  detectionMs(): Promise<number | undefined> {
    return Promise.resolve(undefined);
  }
  retime(): Promise<void> {
    return Promise.resolve();
  }
  async stop(): Promise<void> {
    await this.#daemon?.stop();
  }
  async crash(): Promise<void> {
    await this.#daemon?.crash();
  }
}

async function open(kind: BfdPeerKind | 'mainstay', family: 4 | 6, way: Way): Promise<World> {
  const lan = await Lan.create('a', 'b');
  try {
    await Promise.all(lan.hosts.map(forward));
    const capture = await Capture.start(lan, join(scratch(), 'lan.pcap'), 'udp');
    const plan = { host: lan.host('b'), own: own(lan, 'b', family), neighbour: own(lan, 'a', family), ...timers };
    const peer =
      kind === 'mainstay'
        ? new MainstayPeer(lan.host('b'), conf(lan, 'b', family, echoes(way)))
        : new bfdPeers[kind](kind === 'frr' ? { ...plan, echo: { txMs: 50, rxMs: 50 } } : plan);
    const text = conf(lan, 'a', family, echoes(way));
    const mainstay = Daemon.start({ program: 'mainstay', host: lan.host('a'), conf: text, id: 'a' });
    await peer.start();
    return { lan, capture, family, way, mainstay, peer };
  } catch (error) {
    lan.destroy();
    throw error;
  }
}

async function works(world: World): Promise<void> {
  await reach(world, 'the echo works', ({ state, detail }) => state === 'up' && detail.echo?.phase === 'working');
  await reach(world, 'control packets are slow', ({ summary }) => (summary.detection_ms ?? 0) >= 3000);
  const before = await sessionOf(world.mainstay);
  await reach(
    world,
    'echoes come back',
    ({ detail }) => (detail.echo?.returned ?? 0) > (before?.detail.echo?.returned ?? 0) + 40,
  );
  const after = await sessionOf(world.mainstay);
  assert.equal(after?.detail.statistics.timesUp, before?.detail.statistics.timesUp, 'no flap');
}

/** The peer's echo packets come back to it. */
async function worksThere(world: World): Promise<void> {
  const { peer } = world;
  if (peer instanceof FrrPeer) {
    const input = async () => Number((await peer.facts())['echo-packet-input'] ?? 0);
    const first = await input();
    await until('echo packets of FRR come back', patienceMs, async () => (await input()) > first + 20);
  } else if (peer instanceof MainstayPeer) {
    const isWorking = async () => (await peer.session())?.detail.echo?.phase === 'working';
    await until('the echo of the other works', patienceMs, isWorking);
  }
}

async function lostThere(world: World): Promise<void> {
  const { lan, mainstay } = world;
  const ups = (await sessionOf(mainstay))?.detail.statistics.timesUp ?? 0;
  await loseEchoes(lan.host('b'), true);
  await until('it is down for its echo', patienceMs, () => /no echo packet came back for 1000 ms/.test(mainstay.log));
  await loseEchoes(lan.host('b'), false);
  await reach(world, 'up again', ({ state, detail }) => state === 'up' && detail.echo?.phase === 'working');
  const session = await sessionOf(mainstay);
  assert.ok((session?.detail.statistics.timesUp ?? 0) > ups);
}

async function lostHere(world: World): Promise<void> {
  const { lan, mainstay, peer } = world;
  await peerIs(world, 'up');
  await worksThere(world);
  await loseEchoes(lan.host('a'), true);
  const said = () => (mainstay.log.match(/the peer went down: echo function failed/g) ?? []).length;
  const before = said();
  await until('the peer is down for its echo', patienceMs, () => said() > before);
  await loseEchoes(lan.host('a'), false);
  await reach(world, 'up again', ({ state, detail }) => state === 'up' && detail.echo?.phase === 'working');
  assert.ok(peer.log !== undefined);
}

async function judged({ capture, lan, family, way }: World): Promise<void> {
  await capture.stop();
  const { mac } = lan.host('a');
  const hops = family === 4 ? 'ip.ttl' : 'ipv6.hlim';
  const [source, destination] = family === 4 ? ['ip.src', 'ip.dst'] : ['ipv6.src', 'ipv6.dst'];
  const filter = `eth.src == ${mac} && udp.dstport == 3785 && ${hops} == 255`;
  const rows = await fields(capture.file, filter, ['bfd_echo.packet', source ?? '', destination ?? '', 'eth.dst']);
  assert.ok(rows.length > 50);
  const to = way === 'forwarding' ? own(lan, 'a', family) : own(lan, 'b', family);
  for (const [packet, from, dest, ether] of rows) {
    assert.ok((packet ?? '') !== '', 'tshark knows it as BFD Echo');
    assert.deepEqual([from, dest, ether], [own(lan, 'a', family), to, lan.host('b').mac]);
  }
  assert.deepEqual(await capture.complaints(mac), []);
  const waited = await detection(capture.file, lan, hops);
  assert.ok(waited >= 0.999 && waited < 1 + slack, `down ${waited} s after the last echo`);
}

/** Seconds from the last echo that came back to the first control packet that says Down for it. */
async function detection(file: string, lan: Lan, hops: string): Promise<number> {
  const times = async (filter: string) => (await fields(file, filter, ['frame.time_epoch'])).map(([at]) => Number(at));
  const [first] = await times(`eth.src == ${lan.host('a').mac} && bfd.sta == 1 && bfd.diag == 2`);
  const back = await times(`eth.src == ${lan.host('b').mac} && udp.port == 3785 && ${hops} == 254`);
  const last = back.filter((at) => at < (first ?? 0)).at(-1);
  assert.ok(first !== undefined && last !== undefined);
  return first - last;
}

async function undisturbed(world: World): Promise<void> {
  await reach(world, 'the session is up', ({ state }) => state === 'up');
  await peerIs(world, 'up');
  const before = await sessionOf(world.mainstay);
  await sleep(2000);
  const after = await sessionOf(world.mainstay);
  assert.deepEqual([after?.state, after?.detail.echo?.phase], ['up', 'off']);
  assert.equal(after?.detail.statistics.timesUp, before?.detail.statistics.timesUp);
}

async function nothingSent({ capture, lan }: World): Promise<void> {
  await capture.stop();
  assert.deepEqual(await fields(capture.file, `eth.src == ${lan.host('a').mac} && udp.port == 3785`, ['frame.number']), []);
}

const full = (kind: 'frr' | 'mainstay', family: 4 | 6, way: Way): Scenario<World> => ({
  name: `with ${kind} over IPv${family}, by ${way}`,
  open: () => open(kind, family, way),
  steps: {
    'echo packets of Mainstay come back, and control packets are slow': works,
    'echo packets of the peer come back to it': worksThere,
    'lost on the side of the peer: down with diagnostic 2, while control packets come': lostThere,
    'lost on this side: the peer is down': lostHere,
    'the packets are as the RFC wants them': judged,
  },
  close: closeBfdWorld,
});

const silent = (kind: 'bird' | 'keepalived'): Scenario<World> => ({
  name: `with ${kind}`,
  open: () => open(kind, 4, 'forwarding'),
  steps: { 'a peer without Echo is not disturbed': undisturbed, 'no echo packet leaves': nothingSent },
  close: closeBfdWorld,
});

describeScenarios('BFD Echo', 2, 900_000, [
  full('frr', 4, 'forwarding'),
  full('frr', 6, 'daemon'),
  full('mainstay', 4, 'daemon'),
  full('mainstay', 6, 'forwarding'),
  silent('bird'),
  silent('keepalived'),
]);
