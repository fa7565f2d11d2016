/** Prefixes and groups: which addresses are neighbours, and which hardware address a multicast group has. */
import { addressBytes, formatAddress } from '@mainstay/sdk';
import { macText } from './mac.js';

/** True when both addresses are of one family and agree in the first `length` bits. */
export function inPrefix(address: string, prefix: string, length: number): boolean {
  const a = addressBytes(address);
  const b = addressBytes(prefix);
  if (a.length !== b.length) return false;
  const whole = length >> 3;
  for (let i = 0; i < whole; i++) if (a[i] !== b[i]) return false;
  const mask = (0xff00 >> (length & 7)) & 0xff;
  return ((a[whole] ?? 0) & mask) === ((b[whole] ?? 0) & mask);
}

/** The network address of a prefix, host bits zeroed. */
export function networkOf(address: string, length: number): string {
  const bytes = Uint8Array.from(
    addressBytes(address),
    (byte, i) => byte & (0xff00 >> Math.min(8, Math.max(0, length - 8 * i))) & 0xff,
  );
  return formatAddress(bytes);
}

/** `ADDRESS/LENGTH`; a bare address is a host prefix. Throws RangeError. */
export function parsePrefix(text: string): { readonly address: string; readonly prefixLength: number } {
  const [address = '', length] = text.split('/');
  const bytes = addressBytes(address);
  const prefixLength = length === undefined ? bytes.length * 8 : Number(length);
  if (!(Number.isInteger(prefixLength) && prefixLength >= 0 && prefixLength <= bytes.length * 8)) {
    throw new RangeError(`"${text}" has no valid prefix length`);
  }
  return { address: formatAddress(bytes), prefixLength };
}

/** RFC 1112 section 6.4 (IPv4), RFC 2464 section 7 (IPv6). */
export function groupMac(group: string): string {
  const b = addressBytes(group);
  if (b.length === 4) return macText(Uint8Array.of(1, 0, 0x5e, (b[1] ?? 0) & 0x7f, b[2] ?? 0, b[3] ?? 0));
  return macText(Uint8Array.of(0x33, 0x33, b[12] ?? 0, b[13] ?? 0, b[14] ?? 0, b[15] ?? 0));
}

/** The solicited-node group of an address (RFC 4291 section 2.7.1). */
export function solicitedNode(address: string): string {
  const b = addressBytes(address);
  const group = Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, b[13] ?? 0, b[14] ?? 0, b[15] ?? 0);
  return formatAddress(group);
}

/** The link-local address that a kernel makes from a hardware address (RFC 4291 appendix A, modified EUI-64). */
export function linkLocalOf(mac: Uint8Array): string {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = mac;
  return formatAddress(Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, a ^ 2, b, c, 0xff, 0xfe, d, e, f));
}
