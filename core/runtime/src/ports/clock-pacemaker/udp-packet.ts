/** UDP datagrams as bytes, with their checksum (RFC 768, RFC 8200 section 8.1), and whether an address is in a prefix. Pure. */
import { addressBytes, internetChecksum, pseudoHeader } from '@mainstay/sdk';

export const udpProtocol = 17;
const headerLength = 8;

export interface Datagram {
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload: Uint8Array;
}

type Ends = Pick<Datagram, 'source' | 'destination'>;

/** Header and payload; the checksum is there over IPv4, too. */
export function encodeUdp(datagram: Datagram): Uint8Array {
  const { sourcePort, destinationPort, payload } = datagram;
  const bytes = new Uint8Array(headerLength + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, sourcePort);
  view.setUint16(2, destinationPort);
  view.setUint16(4, bytes.length);
  bytes.set(payload, headerLength);
  // 0 would mean that there is none.
  view.setUint16(6, checksum(datagram, bytes) || 0xffff);
  return bytes;
}

/** Undefined for what a kernel would not deliver: too short, or with a wrong checksum. Over IPv6 there must be one. */
export function decodeUdp({ payload: bytes, ...ends }: Ends & { readonly payload: Uint8Array }) {
  if (bytes.length < headerLength) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = view.getUint16(4);
  if (length < headerLength || length > bytes.length) return undefined;
  const given = view.getUint16(6);
  if (given === 0 ? ends.source.includes(':') : !isRight(given, ends, bytes.subarray(0, length))) return undefined;
  return {
    sourcePort: view.getUint16(0),
    destinationPort: view.getUint16(2),
    payload: bytes.slice(headerLength, length),
  };
}

/** What never leaves the host, as between namespaces, has only the sum of the pseudo-header: the rest was left to hardware. */
function isRight(given: number, ends: Ends, bytes: Uint8Array): boolean {
  const sum = ~internetChecksum(pseudoHeader(ends.source, ends.destination, udpProtocol, bytes.length)) & 0xffff;
  return checksum(ends, bytes) === 0 || given === sum;
}

/** Over the pseudo-header and the datagram: 0 where that holds the right checksum. */
function checksum({ source, destination }: Ends, bytes: Uint8Array): number {
  return internetChecksum(pseudoHeader(source, destination, udpProtocol, bytes.length), bytes);
}

/** Whether an address is in the prefix of so many bits around another; false where they are of different families. */
export function isWithin(address: string, other: string, bits: number): boolean {
  const [a, b] = [addressBytes(address), addressBytes(other)];
  if (a.length !== b.length) return false;
  return a.every((byte, i) => {
    const mask = (0xff00 >> Math.min(8, Math.max(0, bits - 8 * i))) & 0xff;
    return (byte & mask) === ((b[i] ?? 0) & mask);
  });
}
