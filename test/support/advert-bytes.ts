/**
 * VRRP adverts, IP packets and Ethernet frames as bytes, right or deliberately wrong. Written from the RFCs alone and not with the
 * plugin's codec, so that the two check each other. Used by the fuzzer and by the hostile-advert tests.
 */
import { addressBytes } from '@mainstay/sdk';

export interface AdvertFields {
  readonly version: number;
  readonly type: number;
  readonly vrid: number;
  readonly priority: number;
  readonly addresses: readonly string[];
  /** Number of addresses claimed; their true number when absent. */
  readonly count?: number;
  /** v2 only. */
  readonly authType: number;
  /** v2 only, at most eight bytes. */
  readonly password: string;
  /** Whole seconds in v2, centiseconds in v3. */
  readonly interval: number;
  /** Added to the checksum: anything but 0 makes it wrong. */
  readonly checksumError: number;
}

export interface IpFields {
  readonly source: string;
  readonly destination: string;
  readonly hopLimit: number;
  /** IPv4 options, a multiple of four bytes. */
  readonly options: readonly number[];
}

/** RFC 1071: the one's complement of the one's complement sum. */
function onesComplement(...parts: readonly Uint8Array[]): number {
  let sum = 0;
  for (const part of parts) {
    for (let i = 0; i < part.length; i += 2) sum += ((part[i] ?? 0) << 8) + (part[i + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}

/** RFC 9568 section 5.2.8: addresses, length and protocol, for both families. */
function pseudoHeader({ source, destination }: IpFields, length: number): Uint8Array {
  const ends = [...addressBytes(source), ...addressBytes(destination)];
  const tail = ends.length === 8 ? [0, 112, length >> 8, length & 255] : [0, 0, length >> 8, length & 255, 0, 0, 0, 112];
  return Uint8Array.from([...ends, ...tail]);
}

/** Puts the right checksum, plus an error where one is wanted, into bytes 6 and 7. */
export function seal(advert: Uint8Array, version: number, ip: IpFields, error = 0): Uint8Array {
  if (advert.length < 8) return advert;
  advert[6] = 0;
  advert[7] = 0;
  const prefix = version === 2 ? new Uint8Array(0) : pseudoHeader(ip, advert.length);
  const sum = (onesComplement(prefix, advert) + error) & 0xffff;
  advert[6] = sum >> 8;
  advert[7] = sum & 255;
  return advert;
}

export function advertBytes(fields: AdvertFields, ip: IpFields): Uint8Array {
  const { version, type, vrid, priority, addresses, authType, password, interval } = fields;
  const head = [(version << 4) | type, vrid, priority, fields.count ?? addresses.length];
  const middle = version === 2 ? [authType, interval & 255] : [(interval >> 8) & 255, interval & 255];
  const list = addresses.flatMap((address) => [...addressBytes(address)]);
  const secret = version === 2 ? [...Buffer.alloc(8).fill(password.padEnd(8, '\0'), 0, 8, 'latin1')] : [];
  return seal(Uint8Array.from([...head, ...middle, 0, 0, ...list, ...secret]), version, ip, fields.checksumError);
}

export function ipPacket(payload: Uint8Array, ip: IpFields): Uint8Array {
  return ip.source.includes(':') ? ip6(payload, ip) : ip4(payload, ip);
}

function ip4(payload: Uint8Array, { source, destination, hopLimit, options }: IpFields): Uint8Array {
  const words = 5 + options.length / 4;
  const total = words * 4 + payload.length;
  const start = [0x40 | words, 0xc0, total >> 8, total & 255, 0, 1, 0, 0, hopLimit, 112, 0, 0];
  const header = Uint8Array.from([...start, ...addressBytes(source), ...addressBytes(destination), ...options]);
  const sum = onesComplement(header);
  header[10] = sum >> 8;
  header[11] = sum & 255;
  return Uint8Array.from([...header, ...payload]);
}

function ip6(payload: Uint8Array, { source, destination, hopLimit }: IpFields): Uint8Array {
  const head = [0x6c, 0, 0, 0, payload.length >> 8, payload.length & 255, 112, hopLimit];
  return Uint8Array.from([...head, ...addressBytes(source), ...addressBytes(destination), ...payload]);
}

/** `02:00:00:00:00:01` as bytes. */
function macBytes(mac: string): number[] {
  return mac.split(':').map((part) => Number.parseInt(part, 16));
}

export function ethernetFrame(packet: Uint8Array, from: string, to: string): Uint8Array {
  const type = (packet[0] ?? 0) >> 4 === 6 ? [0x86, 0xdd] : [0x08, 0x00];
  return Uint8Array.from([...macBytes(to), ...macBytes(from), ...type, ...packet]);
}
