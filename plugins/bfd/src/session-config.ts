/** What the keywords of a bfd_instance mean together, with the rules that span them. Pure; used by manager.ts. */
import { type ConfigEntry, type Family, familyOf, isLinkLocal, isMulticast } from '@mainstay/sdk';
import { type Authentication, longestSecret } from './authentication.js';
import type { EchoWay, InstanceValue, Place, Weight } from './config.js';
import { multihopPort, singleHopPort } from './packet.js';
import type { MachineConfig } from './states.js';

export interface SessionConfig extends MachineConfig {
  readonly name: string;
  readonly family: Family;
  readonly neighbour: string;
  /** Name of the link that a link-local neighbour is on. */
  readonly link?: string;
  readonly source?: string;
  /** UDP port on which both sides listen. */
  readonly port: number;
  readonly hopLimit: number;
  /** Packets with a lower TTL or hop limit are not believed (RFC 5082); absent: any are. */
  readonly leastHopLimit?: number;
  readonly authentication?: Authentication;
  /** Who turns round the echo packets of this side. */
  readonly echoVia: EchoWay;
  /** Who is to track the session: what others read in its status. */
  readonly clients: readonly ('vrrp' | 'checker')[];
  readonly weight?: Weight;
}

type Entry = ConfigEntry<InstanceValue>;

/** keepalived says so, too: whoever writes that much may have meant another unit. */
const longUs = 10_000_000;
/** RFC 5880 section 6.8.3: a second at least. */
const slowRxUs = 1_000_000;

export function sessionConfigs(entries: readonly Entry[]): readonly SessionConfig[] {
  const first = new Map<string, string>();
  const names = new Set<string>();
  return entries.map((entry) => {
    const config = sessionConfig(entry);
    const key = placeOf(config);
    const twin = first.get(key);
    if (twin !== undefined) {
      const message = `(${entry.name}) the session with ${config.neighbour} is already that of ${twin}: packets could not be told apart`;
      entry
        .report('neighbor_ip')
        .error('BFD_DUPLICATE_NEIGHBOUR', message, 'remove one of the two, or give each its own source_ip');
    }
    if (names.has(entry.name)) {
      const message = `there are two bfd_instance ${entry.name}: who tracks it could not say which is meant`;
      entry.report().error('BFD_DUPLICATE_NAME', message, 'give each its own name');
    }
    names.add(entry.name);
    first.set(key, twin ?? entry.name);
    return config;
  });
}

/** What a first packet of the peer is told by. */
function placeOf({ neighbour, link, source, port }: SessionConfig): string {
  return JSON.stringify([neighbour, link, source, port]);
}

/** Both are one session on the wire: it goes on when the one becomes the other. */
export function isSameSession(a: SessionConfig, b: SessionConfig): boolean {
  return placeOf(a) === placeOf(b);
}

function sessionConfig(entry: Entry): SessionConfig {
  const { value, name } = entry;
  const { neighbor_ip: neighbour, multihop, vrrp, checker, weight } = value;
  checkPlaces(entry);
  checkEcho(entry);
  for (const keyword of ['min_rx', 'min_tx', 'idle_tx', 'echo_interval', 'min_echo_rx'] as const) {
    const us = value[keyword] ?? 0;
    if (us <= longUs) continue;
    const message = `(${name}) ${keyword} is ${us / 1e6} seconds: a dead path is noticed that late`;
    entry.report(keyword).warning('BFD_LONG_INTERVAL', message, 'the unit is milliseconds');
  }
  const hopLimit = value.ttl ?? 255;
  const leastHopLimit = leastHopLimitOf(value.max_hops ?? (multihop ? -1 : 0), hopLimit);
  const authentication = authenticationOf(entry);
  return {
    name,
    family: familyOf(neighbour.address),
    neighbour: neighbour.address,
    ...(neighbour.link !== undefined && { link: neighbour.link }),
    ...(value.source_ip !== undefined && { source: value.source_ip.address }),
    port: multihop ? multihopPort : singleHopPort,
    hopLimit,
    ...(leastHopLimit !== undefined && { leastHopLimit }),
    ...(authentication !== undefined && { authentication }),
    clients: vrrp === checker ? ['vrrp', 'checker'] : [vrrp ? 'vrrp' : 'checker'],
    ...(weight !== undefined && { weight }),
    minTxUs: value.min_tx,
    minRxUs: value.min_rx,
    idleTxUs: value.idle_tx,
    multiplier: value.multiplier,
    isPassive: value.passive,
    isShut: value.admin_down,
    echoVia: value.echo_via,
    ...(value.echo_interval !== undefined && {
      echo: { intervalUs: value.echo_interval, slowRxUs: value.echo_slow_rx ?? slowRxUs },
    }),
    ...(value.min_echo_rx !== undefined && { minEchoRxUs: value.min_echo_rx }),
  };
}

function leastHopLimitOf(hops: number, hopLimit: number): number | undefined {
  if (hops === -1 || hops === 255) return undefined;
  return Math.max(1, hopLimit - hops);
}

function checkPlaces({ name, value, report }: Entry): void {
  const { neighbor_ip: neighbour, source_ip: source } = value;
  const refuse = (keyword: string, message: string, hint: string) =>
    report(keyword).error('BFD_BAD_ADDRESS', `(${name}) ${message}`, hint);
  if (isMulticast(neighbour.address)) refuse('neighbor_ip', 'the neighbour is a group, not a host', 'write its own address');
  if (source !== undefined && familyOf(source.address) !== familyOf(neighbour.address)) {
    refuse('source_ip', 'source_ip and neighbor_ip are of different families', 'write both as IPv4 or both as IPv6');
  }
  if (needsLink(neighbour) && neighbour.link === undefined) {
    refuse('neighbor_ip', `${neighbour.address} may be on any link`, `write ${neighbour.address}%INTERFACE`);
  }
  if (!needsLink(neighbour) && neighbour.link !== undefined) {
    refuse('neighbor_ip', 'only link-local addresses have a link', `write ${neighbour.address} alone`);
  }
}

function checkEcho({ name, value, report }: Entry): void {
  const { neighbor_ip: neighbour, multihop, echo_interval: interval } = value;
  const refuse = (keyword: string, message: string, hint: string) =>
    report(keyword).error('BFD_BAD_ECHO', `(${name}) ${message}`, hint);
  for (const keyword of ['echo_interval', 'min_echo_rx'] as const) {
    if (!multihop || value[keyword] === undefined) continue;
    refuse(keyword, 'the Echo function is for neighbours on the link (RFC 5883 section 2)', 'remove it, or multihop');
  }
  if (interval === undefined) {
    if (value.echo_slow_rx !== undefined) refuse('echo_slow_rx', 'echo_slow_rx without echo_interval does nothing', 'write both');
    if (value.echo_via !== 'forwarding') refuse('echo_via', 'echo_via without echo_interval does nothing', 'write both');
  } else if (value.echo_via === 'forwarding' && needsLink(neighbour)) {
    const message = 'no router forwards link-local addresses: nothing would come back';
    refuse('echo_interval', message, 'write "echo_via daemon" where the peer loops by itself, or a global neighbor_ip');
  }
}

function needsLink({ address }: Place): boolean {
  return familyOf(address) === 6 && isLinkLocal(address);
}

function authenticationOf({ name, value, report }: Entry): Authentication | undefined {
  const { auth_type: type, auth_password: password, auth_key_id: id, auth_accept: accepted } = value;
  const refuse = (keyword: string, message: string, hint: string) =>
    report(keyword).error('BFD_BAD_AUTHENTICATION', `(${name}) ${message}`, hint);
  if (type === undefined) {
    if (password !== undefined) refuse('auth_password', 'auth_password without auth_type does nothing', 'write auth_type');
    else if (accepted.length > 0) refuse('auth_accept', 'auth_accept without auth_type does nothing', 'write auth_type');
    return undefined;
  }
  if (password === undefined) {
    refuse('auth_type', 'auth_type needs a key', 'write auth_password');
    return undefined;
  }
  const key = { id, secret: new TextEncoder().encode(password) };
  const most = longestSecret(type);
  for (const [keyword, { secret }] of [
    ['auth_password', key] as const,
    ...accepted.map((one) => ['auth_accept', one] as const),
  ]) {
    if (secret.length === 0) refuse(keyword, 'a key of no bytes protects nothing: anybody can sign with it', 'write a password');
    if (secret.length > most)
      refuse(keyword, `a key of ${type} has at most ${most} bytes, not ${secret.length}`, 'write a shorter one');
  }
  return { type, key, accepted };
}
