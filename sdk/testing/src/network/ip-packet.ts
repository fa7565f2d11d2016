/** IP packets between simulated hosts, and their bytes on the wire (RFC 791, RFC 8200; no options, no fragments). */
import { addressBytes, type Family, formatAddress } from '@mainstay/sdk';

export interface IpPacket {
  readonly family: Family;
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  readonly hopLimit: number;
  readonly trafficClass: number;
  readonly payload: Uint8Array;
}

/** The Internet checksum (RFC 1071) over the concatenation of parts that each have an even length, the last excepted. */
export function internetChecksum(...parts: readonly Uint8Array[]): number {
  let sum = 0;
  for (const part of parts) {
    for (let i = 0; i < part.length; i += 2) sum += ((part[i] ?? 0) << 8) | (part[i + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** Checksum of an upper-layer payload with the IPv6 pseudo-header (RFC 8200 section 8.1). 0 over a payload that is intact. */
export function checksum6(packet: Pick<IpPacket, 'source' | 'destination' | 'protocol' | 'payload'>): number {
  const length = packet.payload.length;
  const pseudo = Uint8Array.of(0, 0, length >> 8, length & 255, 0, 0, 0, packet.protocol);
  return internetChecksum(addressBytes(packet.source), addressBytes(packet.destination), pseudo, packet.payload);
}

export function encodeIp(packet: IpPacket): Uint8Array {
  return packet.family === 4 ? encode4(packet) : encode6(packet);
}

function encode4(packet: IpPacket): Uint8Array {
  const bytes = new Uint8Array(20 + packet.payload.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = 0x45;
  bytes[1] = packet.trafficClass;
  view.setUint16(2, bytes.length);
  bytes[8] = packet.hopLimit;
  bytes[9] = packet.protocol;
  bytes.set(addressBytes(packet.source), 12);
  bytes.set(addressBytes(packet.destination), 16);
  view.setUint16(10, internetChecksum(bytes.subarray(0, 20)));
  bytes.set(packet.payload, 20);
  return bytes;
}

function encode6(packet: IpPacket): Uint8Array {
  const bytes = new Uint8Array(40 + packet.payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, (6 << 28) | (packet.trafficClass << 20));
  view.setUint16(4, packet.payload.length);
  bytes[6] = packet.protocol;
  bytes[7] = packet.hopLimit;
  bytes.set(addressBytes(packet.source), 8);
  bytes.set(addressBytes(packet.destination), 24);
  bytes.set(packet.payload, 40);
  return bytes;
}

/** What a kernel would deliver: undefined for anything truncated, of another version, or with a bad header checksum. */
export function decodeIp(family: Family, bytes: Uint8Array): IpPacket | undefined {
  return family === 4 ? decode4(bytes) : decode6(bytes);
}

function decode4(bytes: Uint8Array): IpPacket | undefined {
  const headerLength = ((bytes[0] ?? 0) & 15) * 4;
  if (bytes.length < 20 || (bytes[0] ?? 0) >> 4 !== 4 || headerLength < 20 || bytes.length < headerLength) return undefined;
  const total = ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0);
  const isFragment = ((((bytes[6] ?? 0) << 8) | (bytes[7] ?? 0)) & 0x3fff) !== 0;
  if (total < headerLength || total > bytes.length || isFragment) return undefined;
  if (internetChecksum(bytes.subarray(0, headerLength)) !== 0) return undefined;
  return {
    family: 4,
    source: formatAddress(bytes.subarray(12, 16)),
    destination: formatAddress(bytes.subarray(16, 20)),
    protocol: bytes[9] ?? 0,
    hopLimit: bytes[8] ?? 0,
    trafficClass: bytes[1] ?? 0,
    payload: bytes.slice(headerLength, total),
  };
}

function decode6(bytes: Uint8Array): IpPacket | undefined {
  if (bytes.length < 40 || (bytes[0] ?? 0) >> 4 !== 6) return undefined;
  const length = ((bytes[4] ?? 0) << 8) | (bytes[5] ?? 0);
  if (40 + length > bytes.length) return undefined;
  return {
    family: 6,
    source: formatAddress(bytes.subarray(8, 24)),
    destination: formatAddress(bytes.subarray(24, 40)),
    protocol: bytes[6] ?? 0,
    hopLimit: bytes[7] ?? 0,
    trafficClass: (((bytes[0] ?? 0) & 15) << 4) | ((bytes[1] ?? 0) >> 4),
    payload: bytes.slice(40, 40 + length),
  };
}
