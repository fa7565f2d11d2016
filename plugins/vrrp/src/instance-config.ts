/**
 * What the keywords of an instance mean together: defaults from global_defs, keepalived's automatic corrections (each said),
 * and the rules that span keywords. Pure; called by index.ts when the configuration is checked and when it is used.
 */
import { type ConfigEntry, type Family, familyOf, isLinkLocal, isMulticast } from '@mainstay/sdk';
import type { VirtualAddress } from './address-entry.js';
import type { GlobalValue, InstanceValue, TrackedInterface, UnicastPeer } from './config.js';
import type { MachineConfig } from './machine.js';
import { type ChecksumForm, noAuthentication } from './packet.js';
import { sessionsOf } from './session-rules.js';
import type { SessionTerms, TrackedSession } from './sessions.js';
import { masterDownInterval } from './timers.js';

/** Settings of the gratuitous ARP and neighbour advertisement bursts; times in milliseconds. */
export interface AnnounceConfig {
  readonly repeat: number;
  /** 0: no second burst. */
  readonly delayMs: number;
  /** 0: no refresh. */
  readonly refreshMs: number;
  readonly refreshRepeat: number;
  readonly lowerPriorityRepeat: number;
  readonly lowerPriorityDelayMs: number;
  readonly arpIntervalMs: number;
  readonly neighbourIntervalMs: number;
}

export interface InstanceConfig extends MachineConfig {
  readonly name: string;
  readonly interface: string;
  readonly family: Family;
  readonly virtualRouterId: number;
  readonly basePriority: number;
  readonly isUnicast: boolean;
  readonly peers: readonly UnicastPeer[];
  readonly unicastTtl: number;
  readonly checkUnicastSource: boolean;
  readonly group: string;
  readonly source?: string;
  readonly trackSource: boolean;
  readonly trackOwnLink: boolean;
  readonly tracked: readonly TrackedInterface[];
  readonly trackedSessions: readonly TrackedSession[];
  /** BFD sessions with the routers that may be master. */
  readonly hints: readonly string[];
  readonly authType: 0 | 1;
  /** Eight bytes. */
  readonly password: Uint8Array;
  readonly checksum: ChecksumForm;
  /** Follow a peer that uses the checksum of old keepalived. */
  readonly detectOldChecksum: boolean;
  readonly addresses: readonly VirtualAddress[];
  readonly excluded: readonly VirtualAddress[];
  /** Accept_Mode: packets to the virtual addresses are accepted. */
  readonly accept: boolean;
  readonly checkAddressList: boolean;
  readonly announce: AnnounceConfig;
  /** If this process does not act for so long, the pacemaker resigns for it. */
  readonly deadManMs: number;
}

/** A stall shorter than the others' patience costs nothing, so it is no reason to resign, unless the operator says so. */
const leastDeadManMs = 2000;

type Report = (keyword: string | undefined, code: string, message: string, hint?: string) => void;
export interface Reports {
  readonly error: Report;
  readonly warning: Report;
}

function reportsOf(entry: ConfigEntry<InstanceValue>): Reports {
  return {
    error: (keyword, code, message, hint) => entry.report(keyword).error(code, `(${entry.name}) ${message}`, hint),
    warning: (keyword, code, message, hint) => entry.report(keyword).warning(code, `(${entry.name}) ${message}`, hint),
  };
}

/** What each bfd_instance says of its clients, by name. */
export type AllSessionTerms = ReadonlyMap<string, SessionTerms>;

/** The configuration of one instance; problems go to the reporter of the statement that causes them. */
export function instanceConfig(
  entry: ConfigEntry<InstanceValue>,
  global: GlobalValue,
  sessions: AllSessionTerms = new Map(),
): InstanceConfig {
  const { value } = entry;
  const say = reportsOf(entry);
  const family = familyOfInstance(value);
  const version = versionOf(value, global, family, say);
  const basePriority = value.priority ?? (value.state === 'MASTER' ? 255 : 100);
  const advertIntervalMs = advertIntervalOf(value, version, say);
  const downAdverts = value.down_timer_adverts ?? global.vrrp_down_timer_adverts;
  const unicast = unicastOf(value, global, family, say);
  checkAddresses(value, version, family, say);
  if (unicast.isUnicast === false) checkGroup(value, family, say);
  return {
    name: entry.name,
    interface: value.interface,
    family,
    version,
    virtualRouterId: value.virtual_router_id,
    basePriority,
    advertIntervalMs,
    downAdverts,
    ...preemptionOf(value, basePriority, say),
    lowerPriorityNoAdvert: value.lower_prio_no_advert ?? global.vrrp_lower_prio_no_advert,
    higherPrioritySendAdvert: value.higher_prio_send_advert ?? global.vrrp_higher_prio_send_advert,
    ...unicast,
    group: value.mcast_dst_ip ?? (family === 4 ? global.vrrp_mcast_group4 : global.vrrp_mcast_group6),
    ...sourceOf(value, family, say),
    trackOwnLink: !value.dont_track_primary,
    tracked: trackedOf(value, basePriority, say),
    ...sessionsOf(value, basePriority, sessions, say),
    ...authenticationOf(value, version, say),
    checksum: checksumOf(value, global, version, family, unicast.isUnicast),
    detectOldChecksum: unicast.isUnicast && value.old_unicast_checksum !== 'never',
    ...listedOnce(value),
    accept: acceptOf(value, basePriority, say),
    checkAddressList: !(value.skip_check_adv_addr ?? global.vrrp_skip_check_adv_addr),
    announce: announceOf(value, global),
    deadManMs:
      global.vrrp_dead_man_time ??
      Math.max(leastDeadManMs, masterDownInterval(version, basePriority, advertIntervalMs, downAdverts)),
  };
}

function familyOfInstance(value: InstanceValue): Family {
  const source = value.unicast_src_ip ?? value.mcast_src_ip ?? value.unicast_peer[0]?.address;
  return value.virtual_ipaddress[0]?.family ?? (source !== undefined ? familyOf(source) : value.native_ipv6 ? 6 : 4);
}

function versionOf(value: InstanceValue, global: GlobalValue, family: Family, say: Reports): 2 | 3 {
  if (family === 6) {
    if (value.version === '2') say.warning('version', 'VRRP_VERSION', 'IPv6 needs VRRP version 3, which is used');
    return 3;
  }
  return (value.version ?? global.vrrp_version) === '3' ? 3 : 2;
}

function advertIntervalOf(value: InstanceValue, version: 2 | 3, say: Reports): number {
  const ms = value.advert_int;
  if (version === 3) {
    if (ms > 40950) say.error('advert_int', 'VRRP_INTERVAL', 'version 3 cannot advertise less often than every 40.95 seconds');
    return Math.max(10, Math.round(ms / 10) * 10);
  }
  const whole = Math.max(1, Math.round(ms / 1000)) * 1000;
  if (whole !== ms) {
    say.warning(
      'advert_int',
      'VRRP_INTERVAL',
      `version 2 counts whole seconds: ${whole / 1000} is used`,
      'version 3 has hundredths of a second',
    );
  }
  return whole;
}

function preemptionOf(value: InstanceValue, priority: number, say: Reports): { preempt: boolean; preemptDelayMs: number } {
  let preempt = !value.nopreempt;
  let preemptDelayMs = value.preempt_delay ?? 0;
  if (priority === 255 && value.nopreempt) {
    say.warning('nopreempt', 'VRRP_PREEMPT', 'an address owner (priority 255) always preempts; nopreempt is ignored');
    preempt = true;
  } else if (value.state === 'MASTER' && value.nopreempt) {
    say.warning('nopreempt', 'VRRP_PREEMPT', 'nopreempt needs state BACKUP and is ignored', 'write state BACKUP on every router');
    preempt = true;
  }
  if (preemptDelayMs > 0 && value.state === 'MASTER') {
    say.warning('preempt_delay', 'VRRP_PREEMPT', 'preempt_delay needs state BACKUP and is ignored');
    preemptDelayMs = 0;
  } else if (preemptDelayMs > 0 && !preempt) {
    say.warning('preempt_delay', 'VRRP_PREEMPT', 'preempt_delay has no meaning with nopreempt and is ignored');
    preemptDelayMs = 0;
  }
  return { preempt, preemptDelayMs };
}

function acceptOf(value: InstanceValue, priority: number, say: Reports): boolean {
  if (!value.no_accept) return true;
  if (value.accept) say.warning('accept', 'VRRP_ACCEPT', 'accept and no_accept are both written: no_accept is used');
  if (priority !== 255) return false;
  const message = 'an address owner (priority 255) always accepts packets to its addresses; no_accept is ignored';
  say.warning('no_accept', 'VRRP_ACCEPT', message);
  return true;
}

type Unicast = Pick<InstanceConfig, 'isUnicast' | 'peers' | 'unicastTtl' | 'checkUnicastSource'>;

function unicastOf(value: InstanceValue, global: GlobalValue, family: Family, say: Reports): Unicast {
  const peers = value.unicast_peer;
  for (const peer of peers) {
    if (familyOf(peer.address) !== family)
      say.error('unicast_peer', 'VRRP_FAMILY', `the peer ${peer.address} is not an IPv${family} address`);
    if (isMulticast(peer.address)) say.error('unicast_peer', 'VRRP_PEER', `the peer ${peer.address} is a multicast address`);
  }
  if (peers.length === 0 && value.unicast_src_ip !== undefined && !value.unicast_fault_no_peer) {
    say.warning(
      'unicast_src_ip',
      'VRRP_PEER',
      'unicast_src_ip without unicast_peer: multicast is used',
      'list the peers, or write unicast_fault_no_peer',
    );
  }
  const hasTtlCheck = peers.some((peer) => peer.minTtl !== undefined || peer.maxTtl !== undefined);
  return {
    isUnicast: peers.length > 0 || (value.unicast_fault_no_peer && value.unicast_src_ip !== undefined),
    peers,
    unicastTtl: value.unicast_ttl,
    checkUnicastSource: value.check_unicast_src || global.vrrp_check_unicast_src || hasTtlCheck,
  };
}

function checkGroup(value: InstanceValue, family: Family, say: Reports): void {
  const group = value.mcast_dst_ip;
  if (group === undefined) return;
  if (familyOf(group) !== family || !isMulticast(group))
    say.error('mcast_dst_ip', 'VRRP_GROUP', `${group} is not an IPv${family} multicast address`);
}

function sourceOf(value: InstanceValue, family: Family, say: Reports): { source?: string; trackSource: boolean } {
  const keyword = value.unicast_src_ip !== undefined ? 'unicast_src_ip' : 'mcast_src_ip';
  const source = value.unicast_src_ip ?? value.mcast_src_ip;
  if (source === undefined) return { trackSource: false };
  if (familyOf(source) !== family) say.error(keyword, 'VRRP_FAMILY', `the source ${source} is not an IPv${family} address`);
  return { source, trackSource: value.track_src_ip };
}

/** An address is held once in a place, however often it is listed. */
function placeOf({ address, prefixLength, dev }: InstanceValue['virtual_ipaddress'][number]): string {
  return `${address}/${prefixLength} ${dev ?? ''}`;
}

function listedOnce(value: InstanceValue): Pick<InstanceConfig, 'addresses' | 'excluded'> {
  const seen = new Set<string>();
  const isNew = (vip: InstanceValue['virtual_ipaddress'][number]) =>
    !seen.has(placeOf(vip)) && seen.add(placeOf(vip)) !== undefined;
  return { addresses: value.virtual_ipaddress.filter(isNew), excluded: value.virtual_ipaddress_excluded.filter(isNew) };
}

function checkAddresses(value: InstanceValue, version: 2 | 3, family: Family, say: Reports): void {
  const vips = value.virtual_ipaddress;
  const stranger = vips.find((vip) => vip.family !== family);
  if (stranger) {
    const hint = 'virtual_ipaddress_excluded takes addresses of either family';
    say.error('virtual_ipaddress', 'VRRP_FAMILY', `${stranger.address} is not of the family of ${vips[0]?.address}`, hint);
  }
  if (vips.length > 255)
    say.error(
      'virtual_ipaddress',
      'VRRP_ADDRESSES',
      'an advertisement holds at most 255 addresses',
      'move some to virtual_ipaddress_excluded',
    );
  const seen = new Set<string>();
  for (const vip of [...vips, ...value.virtual_ipaddress_excluded]) {
    const key = placeOf(vip);
    if (seen.has(key)) say.warning('virtual_ipaddress', 'VRRP_ADDRESSES', `${vip.address} is listed twice: the first counts`);
    seen.add(key);
    if (isMulticast(vip.address)) say.error('virtual_ipaddress', 'VRRP_ADDRESSES', `${vip.address} is a multicast address`);
  }
  if (vips.length === 0 && !value.no_virtual_ipaddress) {
    const message = `there is no virtual_ipaddress: this router would protect nothing`;
    if (version === 3) say.error(undefined, 'VRRP_ADDRESSES', message, 'write no_virtual_ipaddress where that is meant');
    else say.warning(undefined, 'VRRP_ADDRESSES', message);
  }
  if (family === 6 && vips[0] && !isLinkLocal(vips[0].address)) {
    say.warning('virtual_ipaddress', 'VRRP_ADDRESSES', 'the first IPv6 address should be link-local (RFC 9568 section 5.2.9)');
  }
}

function trackedOf(value: InstanceValue, priority: number, say: Reports): readonly TrackedInterface[] {
  return value.track_interface.filter((tracked) => {
    if (tracked.name === value.interface && !value.dont_track_primary) {
      say.warning('track_interface', 'VRRP_TRACK', `${tracked.name} is the instance's own interface, which is tracked anyway`);
      return false;
    }
    if (priority === 255 && tracked.weight !== 0) {
      say.warning(
        'track_interface',
        'VRRP_TRACK',
        `the priority of an address owner never changes: the weight of ${tracked.name} is ignored`,
      );
      return false;
    }
    return true;
  });
}

function authenticationOf(value: InstanceValue, version: 2 | 3, say: Reports): { authType: 0 | 1; password: Uint8Array } {
  const none = { authType: 0, password: noAuthentication } as const;
  if (value.authentication === undefined) return none;
  if (version === 3) {
    say.warning(
      'authentication',
      'VRRP_AUTH',
      'version 3 has no authentication; it is ignored',
      'the password protected nothing that listens on the wire',
    );
    return none;
  }
  if (value.authentication.auth_type === 'AH') {
    say.error('authentication', 'CONFIG_NOT_BUILT', 'auth_type AH is not built yet');
    return none;
  }
  const bytes = Buffer.from(value.authentication.auth_pass);
  if (bytes.length > 8) say.warning('authentication', 'VRRP_AUTH', 'only the first eight characters of auth_pass count');
  const password = new Uint8Array(8);
  password.set(bytes.subarray(0, 8));
  return { authType: 1, password };
}

function checksumOf(value: InstanceValue, global: GlobalValue, version: 2 | 3, family: Family, isUnicast: boolean): ChecksumForm {
  if (version === 2 || family === 6) return 'rfc';
  if (value.v3_checksum_as_v2 ?? global.v3_checksum_as_v2) return 'as-v2';
  return isUnicast && value.old_unicast_checksum === 'on' ? 'multicast' : 'rfc';
}

function announceOf(value: InstanceValue, global: GlobalValue): AnnounceConfig {
  const repeat = Math.max(1, value.garp_master_repeat ?? global.vrrp_garp_master_repeat ?? 5);
  const delayMs = value.garp_master_delay ?? global.vrrp_garp_master_delay ?? 5000;
  const isMinimal = global.vrrp_min_garp;
  return {
    repeat: isMinimal ? 1 : repeat,
    delayMs: isMinimal ? 0 : delayMs,
    refreshMs: value.garp_master_refresh ?? global.vrrp_garp_master_refresh ?? 0,
    refreshRepeat: Math.max(1, value.garp_master_refresh_repeat ?? global.vrrp_garp_master_refresh_repeat ?? 1),
    lowerPriorityRepeat: value.garp_lower_prio_repeat ?? global.vrrp_garp_lower_prio_repeat ?? (isMinimal ? 1 : repeat),
    lowerPriorityDelayMs: value.garp_lower_prio_delay ?? global.vrrp_garp_lower_prio_delay ?? (isMinimal ? 0 : delayMs),
    arpIntervalMs: global.vrrp_garp_interval,
    neighbourIntervalMs: global.vrrp_gna_interval,
  };
}
