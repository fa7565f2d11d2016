/** The Internet checksum (RFC 1071) and the pseudo-headers of IPv4 and IPv6 (RFC 9568 section 5.2.8). Used by packet.ts and announce.ts. */
import { addressBytes } from '@mainstay/sdk';

/** Adds the 16-bit words of `bytes` to a running sum; an odd last byte counts as the high half of a word. */
function sumWords(bytes: Uint8Array, start: number): number {
  let sum = start;
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0);
  return sum;
}

function fold(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return folded;
}

/** One's complement checksum over the parts, each padded to an even length. 0 over data that contains its right checksum. */
export function internetChecksum(...parts: readonly Uint8Array[]): number {
  return ~fold(parts.reduce((sum, part) => sumWords(part, sum), 0)) & 0xffff;
}

/** Source, destination, zero, protocol and upper-layer length, as both families' pseudo-headers have them. */
export function pseudoHeader(source: string, destination: string, protocol: number, length: number): Uint8Array {
  const from = addressBytes(source);
  const to = addressBytes(destination);
  const tail =
    from.length === 4 ? [0, protocol, length >> 8, length & 255] : [0, 0, length >> 8, length & 255, 0, 0, 0, protocol];
  return Uint8Array.from([...from, ...to, ...tail]);
}
