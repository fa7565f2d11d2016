/**
 * Hundreds of malformed and hostile adverts against a running daemon, as backup and as master, in every version and family: none
 * changes its state or delays an advert, and each is counted under its cause.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ethernetFrame } from '../support/advert-bytes.js';
import { Capture } from '../support/capture.js';
import { until } from '../support/command.js';
import { type HostileAdvert, hostileAdverts, type Victim } from '../support/hostile-adverts.js';
import { inject } from '../support/injector.js';
import { Lan } from '../support/netns.js';
import { Daemon, scratch } from '../support/peers.js';
import { describeScenarios, type Scenario } from '../support/scenarios.js';

type Role = 'backup' | 'master';

interface Kind {
  readonly version: 2 | 3;
  readonly family: 4 | 6;
  /** Seconds. */
  readonly interval: number;
}

const kinds: readonly Kind[] = [
  { version: 2, family: 4, interval: 1 },
  { version: 3, family: 4, interval: 0.1 },
  { version: 3, family: 6, interval: 0.1 },
];

/** The part of `mainstay status --json` that counts. */
interface Seen {
  readonly state: string;
  readonly priorityZeroReceived: number;
  readonly becameMaster: number;
  readonly releasedMaster: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly strays: Readonly<Record<string, number>>;
}

interface World {
  readonly lan: Lan;
  readonly role: Role;
  readonly kind: Kind;
  readonly adverts: readonly HostileAdvert[];
  readonly victim: Daemon;
  readonly peer: Daemon;
  readonly capture: Capture;
  before: Seen;
  after: Seen;
  from: number;
  to: number;
}

const vips = { 4: ['10.9.0.100', '10.9.0.101'], 6: ['fe80::100', 'fd09::100'] } as const;

function conf({ version, family, interval }: Kind): string {
  const authentication = version === 2 ? 'authentication {\n auth_type PASS\n auth_pass s3cret\n }' : '';
  return `
vrrp_instance VI_1 {
  state BACKUP
  interface eth0
  version ${version}
  virtual_router_id 51
  @weak priority 100
  @middle priority 150
  @strong priority 200
  advert_int ${interval}
  ${authentication}
  virtual_ipaddress {
    ${vips[family].join('\n    ')}
  }
}
`;
}

async function open(kind: Kind, role: Role): Promise<World> {
  const lan = await Lan.create('a', 'b', 'x');
  try {
    const capture = await Capture.start(lan, join(scratch(), 'lan.pcap'));
    const text = conf(kind);
    const victim = Daemon.start({ program: 'mainstay', host: lan.host('a'), conf: text, id: 'middle' });
    const id = role === 'backup' ? 'strong' : 'weak';
    const peer = Daemon.start({ program: 'keepalived', host: lan.host('b'), conf: text, id });
    const nothing = { state: '', priorityZeroReceived: 0, becameMaster: 0, releasedMaster: 0 };
    const none = { ...nothing, dropped: {}, strays: {} };
    const adverts = hostileAdverts(victimOf(lan, kind, role));
    return { lan, role, kind, adverts, victim, peer, capture, before: none, after: none, from: 0, to: 0 };
  } catch (error) {
    lan.destroy();
    throw error;
  }
}

function victimOf(lan: Lan, { version, family, interval }: Kind, role: Role): Victim {
  const [a, x] = [lan.host('a'), lan.host('x')];
  return {
    version,
    family,
    vrid: 51,
    addresses: vips[family],
    password: version === 2 ? 's3cret' : '',
    interval: version === 2 ? interval : interval * 100,
    source: family === 4 ? a.address4 : a.linkLocal,
    attacker: family === 4 ? x.address4 : x.linkLocal,
    globalAttacker: x.address6,
    priority: role === 'backup' ? 0 : 255,
  };
}

async function close({ victim, peer, capture, lan }: World): Promise<void> {
  if (victim.process.isRunning) await victim.crash();
  if (peer.process.isRunning) await peer.crash();
  await capture.stop();
  lan.destroy();
}

async function look(victim: Daemon): Promise<Seen> {
  const status = await victim.status();
  const [object] = (status as { objects: { state: string; detail: { statistics: Omit<Seen, 'state' | 'strays'> } }[] }).objects;
  assert.ok(object, `no instance in ${JSON.stringify(status)}`);
  const strays = below(status, 'strays') as Record<string, number> | undefined;
  return { state: object.state, ...object.detail.statistics, strays: strays ?? {} };
}

/** The first value of that name, at any depth. */
function below(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  const record = value as Record<string, unknown>;
  return (
    record[name] ??
    Object.values(record)
      .map((part) => below(part, name))
      .find((found) => found !== undefined)
  );
}

async function settle(world: World): Promise<void> {
  const { victim, peer, role, lan, kind } = world;
  await Promise.all([victim.ready(), peer.ready()]);
  const vip = vips[kind.family][1];
  const holder = lan.host(role === 'master' ? 'a' : 'b');
  await until(`${holder.name} holds ${vip}`, 20_000, () => holder.holds(vip));
  await sleep(1500);
  world.before = await look(victim);
  assert.equal(world.before.state, role);
}

/** To the victim's own MAC: its peer shall not hear them, for keepalived believes some (an interval of zero, an echo in IPv6). */
function frames({ lan, adverts }: World): Uint8Array[] {
  return adverts.map(({ packet }) => ethernetFrame(packet, lan.host('x').mac, lan.host('a').mac));
}

async function attack(world: World): Promise<void> {
  world.from = Date.now() / 1000;
  await inject(world.lan.host('x'), frames(world), 5);
  // Long enough for any timer that was moved to run out.
  await sleep(world.kind.interval * 1000 * 4.5);
  world.to = Date.now() / 1000;
  world.after = await look(world.victim);
  await sleep(100);
}

function noChange({ before, after, victim }: World): void {
  const essence = ({ state, priorityZeroReceived, becameMaster, releasedMaster }: Seen) => {
    return { state, priorityZeroReceived, becameMaster, releasedMaster };
  };
  assert.deepEqual(essence(after), essence(before), victim.log);
}

function counted({ before, after, adverts }: World): void {
  const expected = new Map<string, number>();
  for (const { verdict } of adverts) {
    if (verdict.by === 'kernel') continue;
    const key = verdict.by === 'strays' ? `stray ${verdict.cause}` : verdict.cause;
    expected.set(key, (expected.get(key) ?? 0) + 1);
  }
  const rise = new Map<string, number>();
  for (const [cause, n] of Object.entries(after.dropped)) rise.set(cause, n - (before.dropped[cause] ?? 0));
  for (const [cause, n] of Object.entries(after.strays)) rise.set(`stray ${cause}`, n - (before.strays[cause] ?? 0));
  const seen = [...rise].filter(([, n]) => n !== 0);
  assert.deepEqual(Object.fromEntries(seen.sort()), Object.fromEntries([...expected].sort()));
}

async function undisturbed(world: World): Promise<void> {
  await world.capture.stop();
  const { lan, role, kind, from, to } = world;
  const during = (await world.capture.adverts()).filter((advert) => advert.at >= from && advert.at <= to);
  const speaker = lan.host(role === 'master' ? 'a' : 'b').mac;
  const silent = lan.host(role === 'master' ? 'b' : 'a').mac;
  assert.deepEqual(
    during.filter((advert) => advert.mac === silent),
    [],
    'the backup spoke',
  );
  const times = during.filter((advert) => advert.mac === speaker).map((advert) => advert.at);
  const gaps = times.slice(1).map((at, i) => at - (times[i] ?? at));
  assert.ok(gaps.length >= 4, `only ${times.length} adverts of the master`);
  // Whether the peer keeps its beat on a busy machine is not ours to prove.
  if (role === 'backup') return;
  // A timer that a dropped packet restarts leaves out an advert, or shifts the beat for good; a busy machine does neither.
  const longest = Math.max(...gaps);
  const beat = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  assert.ok(longest < 1.95 * kind.interval, `a gap of ${longest} s between adverts of the master`);
  assert.ok(Math.abs(beat / kind.interval - 1) < 0.03, `an advert every ${beat} s`);
}

function scenario(kind: Kind, role: Role): Scenario<World> {
  const { version, family } = kind;
  return {
    name: `against a ${role}, v${version} IPv${family}`,
    open: () => open(kind, role),
    steps: {
      'it settles': settle,
      'every hostile advert is sent': attack,
      'its state does not change': noChange,
      'each advert is counted under its cause': counted,
      'the master goes on, in its rhythm where it is Mainstay, and the backup is silent': undisturbed,
    },
    close,
  };
}

const all = kinds.flatMap((kind) => (['backup', 'master'] as const).map((role) => scenario(kind, role)));
describeScenarios('hostile adverts', 3, 120_000, all);
