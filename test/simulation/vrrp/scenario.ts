/** What one seed means: routers, their configurations, and the faults that befall them. Pure data, drawn from the seed. */
import { createRandom, type Random, type WakeOrder } from '@mainstay/testing';
import { parsePrefix } from './prefix.js';

export interface RouterPlan {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly priority: number;
  readonly preempt: boolean;
  readonly state: 'MASTER' | 'BACKUP';
  /** Milliseconds that its monotonic clock is ahead of the world's. */
  readonly clockOffsetMs: number;
}

export type Fault =
  | { readonly kind: 'crash' | 'stop' | 'powerCut'; readonly router: string }
  | { readonly kind: 'handOver'; readonly router: string }
  | { readonly kind: 'pause'; readonly router: string; readonly wake: WakeOrder }
  | { readonly kind: 'freeze'; readonly router: string }
  | { readonly kind: 'carrier' | 'linkDown'; readonly router: string }
  | { readonly kind: 'addressRemoved'; readonly router: string }
  | { readonly kind: 'reload'; readonly router: string; readonly priority: number; readonly hasExtraAddress: boolean }
  | { readonly kind: 'split'; readonly groups: readonly (readonly string[])[] }
  | { readonly kind: 'oneWay'; readonly from: string; readonly to: string }
  | { readonly kind: 'loss' | 'duplicate' | 'corrupt'; readonly probability: number }
  | { readonly kind: 'slow'; readonly delayMs: readonly [number, number] }
  | { readonly kind: 'wallJump'; readonly byMs: number };

/** A fault, when it begins, and when it ends again. Milliseconds of the world. */
export interface PlannedFault {
  readonly at: number;
  readonly until: number;
  readonly fault: Fault;
}

export interface Scenario {
  readonly seed: number;
  readonly family: 4 | 6;
  readonly version: 2 | 3;
  readonly intervalMs: number;
  /** Adverts go to each peer instead of the group. On IPv6 without links set down: they lose the fixed addresses for good. */
  readonly isUnicast: boolean;
  readonly delayMs: readonly [number, number];
  readonly routers: readonly RouterPlan[];
  readonly virtualAddresses: readonly string[];
  /** One more, which a reload may bring and take away. */
  readonly extraAddress: string;
  readonly faults: readonly PlannedFault[];
  /** When everything is whole again. */
  readonly healAt: number;
  /** Routers that stay down after the healing; never all of them. */
  readonly absent: readonly string[];
}

export function scenarioOf(seed: number): Scenario {
  const random = createRandom(seed).fork('scenario');
  const family = random.chance(0.35) ? 6 : 4;
  const version = family === 6 || random.chance(0.6) ? 3 : 2;
  const intervalMs = version === 3 && random.chance(0.5) ? 100 : 1000;
  const count = random.int(3, 5);
  const routers = Array.from({ length: count }, (_, i) => routerPlan(random, family, i + 1));
  const names = routers.map((router) => router.name);
  const healAt = intervalMs * random.int(15, 30);
  const isUnicast = random.chance(0.25);
  const slowest = random.between(0.2, 0.02 * intervalMs);
  return {
    seed,
    family,
    version,
    intervalMs,
    isUnicast,
    delayMs: [random.between(0.05, slowest), slowest],
    routers,
    virtualAddresses: family === 4 ? ['10.0.0.100/24', '10.0.0.101/32'] : ['fe80::100/64', '2001:db8::100/64'],
    extraAddress: family === 4 ? '10.0.0.102/24' : '2001:db8::102/64',
    faults: faultPlan(random, names, intervalMs, healAt).filter(({ fault }) => !isUnicast || isFairToUnicast(fault, family)),
    healAt,
    absent: random.shuffle(names).slice(0, random.chance(0.3) ? random.int(1, count - 1) : 0),
  };
}

function isFairToUnicast({ kind }: Fault, family: 4 | 6): boolean {
  // ARP has no checksum: a damaged answer would misdirect unicast for longer than a run lasts, here and on real networks.
  return kind !== 'corrupt' && (family === 4 || kind !== 'linkDown');
}

/** Equal and neighbouring priorities are where elections are hard. */
function drawPriority(random: Random): number {
  return random.chance(0.3) ? random.pick([1, 100, 100, 101, 253, 254]) : random.int(1, 254);
}

function routerPlan(random: Random, family: 4 | 6, number: number): RouterPlan {
  return {
    name: `r${number}`,
    addresses: family === 4 ? [`10.0.0.${number}/24`] : [`2001:db8::${number}/64`],
    priority: drawPriority(random),
    preempt: random.chance(0.65),
    state: random.chance(0.3) ? 'MASTER' : 'BACKUP',
    clockOffsetMs: random.int(0, 1_000_000),
  };
}

function faultPlan(random: Random, names: readonly string[], intervalMs: number, healAt: number): readonly PlannedFault[] {
  const count = random.int(2, 8);
  const faults = Array.from({ length: count }, () => {
    const at = random.between(0, healAt * 0.9);
    const until = Math.min(healAt, at + random.between(0.2, 12) * intervalMs);
    return { at, until, fault: drawFault(random, names, intervalMs) };
  });
  return faults.sort((a, b) => a.at - b.at);
}

function drawFault(random: Random, names: readonly string[], intervalMs: number): Fault {
  const router = random.pick(names);
  switch (random.int(0, 15)) {
    case 0:
    case 1:
      return { kind: 'crash', router };
    case 2:
      return { kind: 'stop', router };
    case 3:
      return { kind: 'powerCut', router };
    case 4:
      return { kind: 'pause', router, wake: random.chance(0.5) ? 'timers-first' : 'events-first' };
    case 5:
      return { kind: 'freeze', router };
    case 6:
      return { kind: 'carrier', router };
    case 7:
      return { kind: 'linkDown', router };
    case 8:
      return { kind: 'addressRemoved', router };
    case 9:
    case 10:
      return { kind: 'split', groups: splitOf(random, names) };
    case 11:
      return { kind: 'oneWay', from: router, to: random.pick(names.filter((name) => name !== router)) };
    case 12:
      return { kind: random.pick(['loss', 'loss', 'duplicate', 'corrupt'] as const), probability: random.between(0.02, 0.6) };
    case 14:
      return { kind: 'handOver', router };
    case 13:
      return { kind: 'reload', router, priority: drawPriority(random), hasExtraAddress: random.chance(0.5) };
    default:
      return random.chance(0.5)
        ? { kind: 'slow', delayMs: [0.1, random.between(0.05, 1.5) * intervalMs] }
        : { kind: 'wallJump', byMs: random.int(-3_600_000, 3_600_000) };
  }
}

function splitOf(random: Random, names: readonly string[]): readonly (readonly string[])[] {
  const shuffled = random.shuffle(names);
  const cut = random.int(1, names.length - 1);
  return [shuffled.slice(0, cut), shuffled.slice(cut)];
}

/** The keepalived.conf of one router. */
export function configOf(scenario: Scenario, router: RouterPlan, virtualAddresses = scenario.virtualAddresses): string {
  return `vrrp_instance VI {
  state ${router.state}
  interface eth0
  virtual_router_id 51
  version ${scenario.version}
  priority ${router.priority}
  advert_int ${scenario.intervalMs / 1000}
  ${!isPreempting(router) ? 'nopreempt' : ''}
  ${scenario.isUnicast ? unicastOf(scenario, router) : ''}
  virtual_ipaddress {
    ${virtualAddresses.join('\n    ')}
  }
}
`;
}

function unicastOf(scenario: Scenario, router: RouterPlan): string {
  const ownAddress = (plan: RouterPlan) => parsePrefix(plan.addresses[0] ?? '');
  const peers = scenario.routers.filter((other) => other.name !== router.name).map(ownAddress);
  return `unicast_src_ip ${ownAddress(router)}\n  unicast_peer {\n    ${peers.join('\n    ')}\n  }`;
}

/** keepalived ignores nopreempt where the initial state is MASTER. */
export function isPreempting(router: RouterPlan): boolean {
  return router.preempt || router.state === 'MASTER';
}
