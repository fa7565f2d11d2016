/**
 * VRRP advertisements as bytes: VRRPv2 (RFC 3768 section 5.3, authentication of RFC 2338) and VRRPv3 (RFC 9568 section 5.2).
 * Pure. Encoding is for the sender in instance.ts; decoding checks form only, receive.ts decides who is believed.
 */
import { addressBytes, type Family, formatAddress, internetChecksum, pseudoHeader } from '@mainstay/sdk';

/** IP protocol number of VRRP. */
export const vrrpProtocol = 112;
const advertisementType = 1;
const headerLength = 8;
const authenticationLength = 8;

/** `as-v2` leaves the pseudo-header out of a v3 checksum on IPv4; `multicast` is what old keepalived put there for unicast. */
export type ChecksumForm = 'rfc' | 'as-v2' | 'multicast';

export interface Advert {
  readonly version: 2 | 3;
  readonly virtualRouterId: number;
  /** 0: the master resigns; 255: the address owner. */
  readonly priority: number;
  /** v2: whole seconds in milliseconds; v3: centiseconds in milliseconds. */
  readonly intervalMs: number;
  readonly addresses: readonly string[];
  /** v2 only: 0 none, 1 simple text password, 2 AH. */
  readonly authType: number;
  /** v2 only: eight bytes. */
  readonly authData: Uint8Array;
}

export interface Endpoints {
  readonly source: string;
  readonly destination: string;
}

/** Why bytes are not an advertisement. */
export type Malformation = 'length' | 'version' | 'type' | 'checksum';

export type Decoded =
  | { readonly ok: true; readonly advert: Advert; readonly checksum: ChecksumForm }
  | { readonly ok: false; readonly why: Malformation; readonly virtualRouterId?: number };

export const noAuthentication = new Uint8Array(authenticationLength);

/** What stands in front of the message for its checksum: nothing in v2, a pseudo-header in v3. */
function checksumPrefix(version: number, form: ChecksumForm, ends: Endpoints, length: number): Uint8Array {
  const isIpv6 = ends.source.includes(':');
  if (version === 2 || (form === 'as-v2' && !isIpv6)) return new Uint8Array(0);
  const destination = form === 'multicast' && !isIpv6 ? '224.0.0.18' : ends.destination;
  return pseudoHeader(ends.source, destination, vrrpProtocol, length);
}

/** The bytes of an advertisement. Addresses must all be of the family of `ends`. */
export function encodeAdvert(advert: Advert, ends: Endpoints, form: ChecksumForm = 'rfc'): Uint8Array {
  const addressLength = ends.source.includes(':') ? 16 : 4;
  const bodyEnd = headerLength + advert.addresses.length * addressLength;
  const bytes = new Uint8Array(bodyEnd + (advert.version === 2 ? authenticationLength : 0));
  const centiseconds = Math.round(advert.intervalMs / 10);
  bytes[0] = (advert.version << 4) | advertisementType;
  bytes[1] = advert.virtualRouterId;
  bytes[2] = advert.priority;
  bytes[3] = advert.addresses.length;
  bytes[4] = advert.version === 2 ? advert.authType : centiseconds >> 8;
  bytes[5] = advert.version === 2 ? Math.round(advert.intervalMs / 1000) : centiseconds & 255;
  for (const [i, address] of advert.addresses.entries()) bytes.set(addressBytes(address), headerLength + i * addressLength);
  if (advert.version === 2) bytes.set(advert.authData, bodyEnd);
  const checksum = internetChecksum(checksumPrefix(advert.version, form, ends, bytes.length), bytes);
  bytes[6] = checksum >> 8;
  bytes[7] = checksum & 255;
  return bytes;
}

/**
 * Reads an advertisement in the order of RFC 9568 section 7.1: version, type, complete length, checksum. A message longer
 * than its count of addresses says is refused, as every known implementation does. Never throws.
 *
 * `expected` is the checksum form tried first: between some addresses two forms are right for the same bytes.
 */
export function decodeAdvert(bytes: Uint8Array, family: Family, ends: Endpoints, expected: ChecksumForm = 'rfc'): Decoded {
  const [first = 0, virtualRouterId = 0, priority = 0, count = 0, fifth = 0, sixth = 0] = bytes;
  if (bytes.length < headerLength) return { ok: false, why: 'length' };
  const version = first >> 4;
  if (version !== 2 && version !== 3) return { ok: false, why: 'version', virtualRouterId };
  if (version === 2 && family === 6) return { ok: false, why: 'version', virtualRouterId };
  if ((first & 15) !== advertisementType) return { ok: false, why: 'type', virtualRouterId };
  const addressLength = family === 6 ? 16 : 4;
  const bodyEnd = headerLength + count * addressLength;
  const complete = bodyEnd + (version === 2 ? authenticationLength : 0);
  if (bytes.length !== complete) return { ok: false, why: 'length', virtualRouterId };
  const checksum = checksumFormOf(version, bytes, ends, expected);
  if (checksum === undefined) return { ok: false, why: 'checksum', virtualRouterId };
  const addresses = Array.from({ length: count }, (_, i) =>
    formatAddress(bytes.subarray(headerLength + i * addressLength, headerLength + (i + 1) * addressLength)),
  );
  const intervalMs = version === 2 ? sixth * 1000 : (((fifth & 15) << 8) | sixth) * 10;
  const authData = version === 2 ? bytes.slice(bodyEnd, complete) : noAuthentication;
  return {
    ok: true,
    checksum,
    advert: { version, virtualRouterId, priority, intervalMs, addresses, authType: version === 2 ? fifth : 0, authData },
  };
}

/** The form in which the checksum is right, the expected one first; undefined where it is wrong in every form. */
function checksumFormOf(version: number, bytes: Uint8Array, ends: Endpoints, expected: ChecksumForm): ChecksumForm | undefined {
  const isRfcOnly = version === 2 || ends.source.includes(':');
  const forms: readonly ChecksumForm[] = isRfcOnly ? ['rfc'] : [expected, 'rfc', 'multicast', 'as-v2'];
  return forms.find((form) => internetChecksum(checksumPrefix(version, form, ends, bytes.length), bytes) === 0);
}
