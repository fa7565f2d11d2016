/** The Internet checksum (RFC 1071) and the pseudo-headers of IPv4 and IPv6. Used by codecs of plugins and by ports; pure. */
import { addressBytes } from './ip.js';

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

/**
 * One's complement checksum (RFC 1071), 0..65535, over the parts, each of which is padded to an even length. 0 over data that contains its right
 * checksum.
 */
export function internetChecksum(...parts: readonly Uint8Array[]): number {
  return ~fold(parts.reduce((sum, part) => sumWords(part, sum), 0)) & 0xffff;
}

/**
 * What the checksums of upper layers also cover: source, destination, protocol (0..255) and upper-layer length in bytes (0..65535), in the
 * form of the addresses' family (RFC 768, RFC 8200 section 8.1). Throws RangeError where one is no address.
 */
export function pseudoHeader(source: string, destination: string, protocol: number, length: number): Uint8Array {
  const from = addressBytes(source);
  const to = addressBytes(destination);
  const tail =
    from.length === 4 ? [0, protocol, length >> 8, length & 255] : [0, 0, length >> 8, length & 255, 0, 0, 0, protocol];
  return Uint8Array.from([...from, ...to, ...tail]);
}
