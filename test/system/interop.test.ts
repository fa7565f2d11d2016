/**
 * Mainstay and keepalived share a virtual router, in both roles, in every version, family and mode of VRRP. Both are started from
 * the same keepalived.conf; what they do is judged by the kernel's addresses and by what tshark saw on the wire.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Capture, type SeenAdvert } from '../support/capture.js';
import { until } from '../support/command.js';
import { Lan } from '../support/netns.js';
import { Daemon, type Program, pairs, scratch } from '../support/peers.js';
import {
  advertised,
  masterDownInterval,
  priorities,
  routerConf,
  serviceAddress,
  skewTime,
  type Variant,
  variants,
} from '../support/router-conf.js';
import { describeScenarios, type Scenario } from '../support/scenarios.js';

/** What timers may be late on a busy machine with two cores, seconds. The formulas themselves are tested in virtual time. */
const slack = 0.25;
/** What a timestamp may be early: the capture stamps a packet after its sender started its timer. */
const early = 0.02;

interface Moments {
  crash: number;
  returned: number;
  stopped: number;
  late: number;
  secondCrash: number;
}

interface World {
  readonly lan: Lan;
  readonly capture: Capture;
  readonly variant: Variant;
  readonly programs: readonly [Program, Program];
  readonly before: readonly string[];
  a: Daemon;
  b: Daemon;
  readonly moments: Moments;
  adverts: readonly SeenAdvert[];
}

function scenario(programs: readonly [Program, Program], variant: Variant): Scenario<World> {
  const { version, family, mode } = variant;
  return {
    name: `v${version} IPv${family} ${mode}: A is ${programs[0]}, B is ${programs[1]}`,
    open: () => open(programs, variant),
    steps: {
      'the higher priority is elected': election,
      'the other takes over when the master dies by kill -9': crash,
      'the first takes back on its return': comeBack,
      'a clean stop hands over by priority 0': cleanStop,
      'with nopreempt the first stays backup, and takes over when needed': noPreempt,
      'nothing is left in the kernel after the stop': nothingLeft,
      'elections and takeovers on the wire keep to the timers': timing,
      'the packets are as the RFC wants them': packets,
      'addresses are announced at each takeover': announcements,
      'tshark has no complaint about a packet of Mainstay': complaints,
    },
    close,
  };
}

async function open(programs: readonly [Program, Program], variant: Variant): Promise<World> {
  const lan = await Lan.create('a', 'b');
  try {
    const capture = await Capture.start(lan, join(scratch(), 'lan.pcap'));
    const before = (await lan.host('a').addresses()).map((held) => held.local);
    const conf = routerConf(variant);
    const a = Daemon.start({ program: programs[0], host: lan.host('a'), conf, id: 'a' });
    const b = Daemon.start({ program: programs[1], host: lan.host('b'), conf, id: 'b' });
    const moments = { crash: 0, returned: 0, stopped: 0, late: 0, secondCrash: 0 };
    return { lan, capture, variant, programs, before, a, b, moments, adverts: [] };
  } catch (error) {
    lan.destroy();
    throw error;
  }
}

async function close({ a, b, lan, capture }: World): Promise<void> {
  if (a.process.isRunning) await a.crash();
  if (b.process.isRunning) await b.crash();
  await capture.stop();
  lan.destroy();
}

/** Waits until `holder` has the service address, and `other` has not unless it died with it. */
async function held(world: World, holder: 'a' | 'b', other?: 'a' | 'b'): Promise<void> {
  const address = serviceAddress(world.variant.family);
  const seconds = 2 * masterDownInterval(world.variant, priorities.b) + 6;
  try {
    await until(`${holder} holds ${address}`, seconds * 1000, () => world.lan.host(holder).holds(address));
    if (other !== undefined)
      await until(`${other} gave ${address} up`, 2000, async () => !(await world.lan.host(other).holds(address)));
  } catch (error) {
    throw new Error(`${String(error)}\n--- log of a:\n${world.a.log}\n--- log of b:\n${world.b.log}`);
  }
}

async function restart(world: World, id: 'a' | 'late'): Promise<void> {
  const conf = routerConf(world.variant);
  world.a = Daemon.start({ program: world.programs[0], host: world.lan.host('a'), conf, id });
  await world.a.ready();
}

async function election(world: World): Promise<void> {
  await Promise.all([world.a.ready(), world.b.ready()]);
  await held(world, 'a', 'b');
  await sleep(2 * world.variant.interval * 1000);
}

async function crash(world: World): Promise<void> {
  world.moments.crash = await world.a.crash();
  await held(world, 'b');
}

async function comeBack(world: World): Promise<void> {
  await sleep(2 * world.variant.interval * 1000);
  world.moments.returned = Date.now() / 1000;
  await restart(world, 'a');
  await held(world, 'a', 'b');
  await sleep(2 * world.variant.interval * 1000);
}

async function cleanStop(world: World): Promise<void> {
  world.moments.stopped = Date.now() / 1000;
  const ending = await world.a.stop();
  assert.deepEqual(ending, { code: 0, signal: null }, world.a.log);
  await held(world, 'b', 'a');
}

async function noPreempt(world: World): Promise<void> {
  await restart(world, 'late');
  world.moments.late = Date.now() / 1000;
  await sleep((2 * masterDownInterval(world.variant, priorities.b) + slack) * 1000);
  const address = serviceAddress(world.variant.family);
  assert.equal(await world.lan.host('a').holds(address), false, world.a.log);
  assert.equal(await world.lan.host('b').holds(address), true, world.b.log);
  world.moments.secondCrash = await world.b.crash();
  await held(world, 'a');
}

async function nothingLeft(world: World): Promise<void> {
  await world.a.stop();
  const left = (await world.lan.host('a').addresses()).map((address) => address.local);
  assert.deepEqual(left, world.before);
  await sleep(200);
  await world.capture.stop();
}

/** Adverts of one host, by its MAC: its addresses change from case to case, its interface does not. */
function sentBy(world: World, name: 'a' | 'b'): SeenAdvert[] {
  const { mac } = world.lan.host(name);
  return world.adverts.filter((advert) => advert.mac === mac);
}

function within(value: number, from: number, to: number, what: string): void {
  assert.ok(value >= from && value <= to, `${what}: ${value.toFixed(3)} s, expected ${from.toFixed(3)} to ${to.toFixed(3)} s`);
}

async function timing(world: World): Promise<void> {
  world.adverts = await world.capture.adverts();
  const { variant, moments } = world;
  const [a, b] = [sentBy(world, 'a'), sentBy(world, 'b')];
  takeover(a, b, moments.crash, masterDownInterval(variant, priorities.b), 'silence of A to first advert of B');
  takeover(b, a, moments.secondCrash, masterDownInterval(variant, priorities.a), 'silence of B to first advert of A');

  const resigned = a.find((advert) => advert.priority === 0 && advert.at > moments.stopped);
  assert.ok(resigned, 'A sent no priority 0 when it stopped');
  const next = b.find((advert) => advert.at > resigned.at);
  assert.ok(next, 'B never took over from the stopped A');
  const skew = skewTime(variant, priorities.b);
  within(next.at - resigned.at, skew - early, skew + slack, 'priority 0 of A to first advert of B');

  const during = a.filter((advert) => advert.at > resigned.at && advert.at < moments.secondCrash);
  assert.deepEqual(during, [], 'A spoke after its priority 0, or in spite of nopreempt');
}

/** From the last advert of `dead` before `moment` to the first of `heir` after it. */
function takeover(dead: SeenAdvert[], heir: SeenAdvert[], moment: number, expected: number, what: string): void {
  const last = dead.filter((advert) => advert.at <= moment + early).at(-1);
  const first = heir.find((advert) => advert.at > moment);
  assert.ok(last !== undefined && first !== undefined, `${what}: not on the wire`);
  within(first.at - last.at, expected - early, expected + slack, what);
}

function packets(world: World): void {
  const { variant } = world;
  const multicast = variant.family === 4 ? '224.0.0.18' : 'ff02::12';
  for (const [i, name] of (['a', 'b'] as const).entries()) {
    const host = world.lan.host(name);
    const other = world.lan.host(name === 'a' ? 'b' : 'a');
    const unicast = variant.family === 4 ? [host.address4, other.address4] : [host.address6, other.address6];
    const source = variant.family === 4 ? host.address4 : host.linkLocal;
    const [from, to] = variant.mode === 'unicast' ? unicast : [source, multicast];
    for (const advert of sentBy(world, name)) {
      const { version, vrid, hopLimit, source, destination, addresses } = advert;
      const seen = { version, vrid, hopLimit, source, destination, addresses };
      // keepalived 2.2.7 sends IPv6 unicast with the system's hop limit.
      const limit = world.programs[i] === 'keepalived' ? hopLimit : 255;
      const want = { version: variant.version, vrid: 51, hopLimit: limit, source: from, destination: to };
      assert.deepEqual(seen, { ...want, addresses: advertised(variant.family) });
      assert.ok([priorities[name], 0].includes(advert.priority), `priority ${advert.priority} of ${name}`);
    }
  }
}

async function announcements(world: World): Promise<void> {
  const seen = await world.capture.announcements();
  const address = serviceAddress(world.variant.family);
  const { crash, returned, stopped, secondCrash } = world.moments;
  const takeovers = [
    ['b', crash, returned],
    ['a', returned, stopped],
    ['b', stopped, secondCrash],
    ['a', secondCrash, Number.POSITIVE_INFINITY],
  ] as const;
  for (const [name, from, to] of takeovers) {
    const { mac } = world.lan.host(name);
    const heard = seen.filter((one) => one.mac === mac && one.address === address && one.at > from && one.at < to);
    assert.ok(heard.length > 0, `${name} did not announce ${address} when it took over`);
  }
}

async function complaints(world: World): Promise<void> {
  for (const [i, name] of (['a', 'b'] as const).entries()) {
    if (world.programs[i] !== 'mainstay') continue;
    assert.deepEqual(await world.capture.complaints(world.lan.host(name).mac), []);
  }
}

describeScenarios(
  'interoperation',
  4,
  240_000,
  pairs().flatMap((programs) => variants.map((variant) => scenario(programs, variant))),
);
