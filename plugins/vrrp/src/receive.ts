/**
 * Which received advertisements are believed: the checks of RFC 3768 section 7.1 and RFC 9568 section 7.1 in their order, and
 * keepalived's additions. A packet that fails a check is counted by cause and changes nothing else. Pure; called by instance.ts.
 */
import { timingSafeEqual } from 'node:crypto';
import { isLinkLocal, isMulticast, type RawIpPacket } from '@mainstay/sdk';
import type { InstanceConfig } from './instance-config.js';
import { type Advert, type ChecksumForm, decodeAdvert, type Malformation } from './packet.js';

/** Why a packet was dropped. */
export type DropCause =
  | Malformation
  | 'ttl'
  | 'own-packet'
  | 'source'
  | 'destination'
  | 'auth-type-invalid'
  | 'auth-type-mismatch'
  | 'auth-failure'
  | 'interval'
  | 'owner';

export type Receipt =
  | { readonly ok: true; readonly advert: Advert; readonly checksum: ChecksumForm; readonly isAddressListDifferent: boolean }
  | { readonly ok: false; readonly cause: DropCause; readonly detail: string };

const ipHopLimit = 255;

/** Bounds beyond which no packet is believed, for the pacemaker to know; undefined: they depend on the peer. */
export function hopLimitsOf({ isUnicast }: InstanceConfig): readonly [least: number, most: number] | undefined {
  return isUnicast ? undefined : [ipHopLimit, ipHopLimit];
}

function drop(cause: DropCause, detail: string): Receipt {
  return { ok: false, cause, detail };
}

/** `ownSource`: the address our own advertisements carry now, where there is one. An owner that resigns listens like any other. */
export function receive(
  packet: RawIpPacket,
  config: InstanceConfig,
  ownSource: string | undefined,
  isResigning = false,
): Receipt {
  const fromWire = checkEnvelope(packet, config, ownSource);
  if (fromWire !== undefined) return fromWire;
  const decoded = decodeAdvert(packet.payload, config.family, packet, config.checksum);
  if (!decoded.ok) return drop(decoded.why, malformed[decoded.why]);
  const { advert, checksum } = decoded;
  if (advert.version !== config.version)
    return drop('version', `version ${advert.version}, but this router runs version ${config.version}`);
  if (!isChecksumAccepted(checksum, config)) return drop('checksum', `the checksum is right only in the form "${checksum}"`);
  const refusal = checkAuthentication(advert, config) ?? checkInterval(advert, config);
  if (refusal !== undefined) return refusal;
  if (config.basePriority === 255 && !isResigning)
    return drop('owner', `${packet.source} advertises priority ${advert.priority}, but this router owns the addresses`);
  return { ok: true, advert, checksum, isAddressListDifferent: config.checkAddressList && !hasSameAddresses(advert, config) };
}

const malformed: Readonly<Record<Malformation, string>> = {
  length: 'shorter or longer than its count of addresses says',
  version: 'of an unknown version',
  type: 'not an advertisement',
  checksum: 'with a wrong checksum',
};

/** What the IP header tells: the TTL guard (RFC 9568 section 5.1.1.3), our own packet, the peer, the destination. */
function checkEnvelope(packet: RawIpPacket, config: InstanceConfig, ownSource: string | undefined): Receipt | undefined {
  if (packet.source === ownSource)
    return drop('own-packet', 'our own advertisement came back: a loop, or another host uses our address');
  const peer = config.peers.find(({ address }) => address === packet.source);
  if (config.isUnicast) {
    if (config.checkUnicastSource && peer === undefined) return drop('source', `${packet.source} is not a configured peer`);
    const { minTtl = 0, maxTtl = 255 } = peer ?? {};
    if (packet.hopLimit < minTtl || packet.hopLimit > maxTtl)
      return drop('ttl', `TTL ${packet.hopLimit}, not ${minTtl}..${maxTtl}`);
    return isMulticast(packet.destination) ? drop('destination', 'multicast, but this router runs unicast') : undefined;
  }
  if (packet.hopLimit !== ipHopLimit) return drop('ttl', `TTL ${packet.hopLimit}, not 255: it came from another network`);
  if (!isMulticast(packet.destination)) return drop('destination', 'unicast, but this router runs multicast');
  if (config.family === 6 && !isLinkLocal(packet.source)) return drop('source', `${packet.source} is not link-local`);
  return undefined;
}

function isChecksumAccepted(form: ChecksumForm, config: InstanceConfig): boolean {
  return (
    form === config.checksum ||
    (form === 'multicast' && config.detectOldChecksum) ||
    (form === 'rfc' && config.checksum === 'multicast')
  );
}

/** RFC 2338 section 7.1: the type is one we know, ours, and the eight bytes are equal (compared in constant time). */
function checkAuthentication(advert: Advert, config: InstanceConfig): Receipt | undefined {
  if (config.version === 3) return undefined;
  if (advert.authType > 2) return drop('auth-type-invalid', `unknown authentication type ${advert.authType}`);
  if (advert.authType !== config.authType)
    return drop('auth-type-mismatch', `authentication type ${advert.authType}, not ${config.authType}`);
  if (config.authType === 1 && !timingSafeEqual(advert.authData, config.password))
    return drop('auth-failure', 'a wrong password');
  return undefined;
}

/** v2: a different interval is refused (RFC 3768 section 7.1). v3: it is learnt, but zero would be no interval at all. */
function checkInterval(advert: Advert, config: InstanceConfig): Receipt | undefined {
  const isRefused = config.version === 2 ? advert.intervalMs !== config.advertIntervalMs : advert.intervalMs === 0;
  return isRefused
    ? drop('interval', `advertisement interval ${advert.intervalMs} ms, not ${config.advertIntervalMs} ms`)
    : undefined;
}

function hasSameAddresses(advert: Advert, config: InstanceConfig): boolean {
  const own = new Set(config.addresses.map(({ address }) => address));
  return advert.addresses.length === config.addresses.length && advert.addresses.every((address) => own.has(address));
}
