/** Text and bytes of IP addresses and prefixes. Used by configuration values, codecs and ports alike; pure. */
import type { Family } from './ports/network.js';

const dot = 0x2e;
const zero = 0x30;

/** 4 or 16 bytes, or undefined where the text is no address. Zone ids (`%eth0`) are refused. */
export function parseAddress(text: string): Uint8Array | undefined {
  return text.includes(':') ? parse6(text) : parse4(text);
}

function parse4(text: string): Uint8Array | undefined {
  const value = number4(text);
  return value < 0 ? undefined : Uint8Array.of(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
}

/** An IPv4 address as a number, or -1 where the text is none. Character by character: a table of 100,000 servers is mostly addresses. */
function number4(text: string): number {
  let number = 0;
  let at = 0;
  for (let part = 0; part < 4; part++) {
    if (part > 0 && text.charCodeAt(at++) !== dot) return -1;
    const start = at;
    let value = 0;
    for (; at < text.length; at++) {
      const digit = text.charCodeAt(at) - zero;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      if (value > 255 || at - start >= 3) return -1;
    }
    const hasLeadingZero = at - start > 1 && text.charCodeAt(start) === zero;
    if (at === start || hasLeadingZero) return -1;
    number = number * 256 + value;
  }
  return at === text.length ? number : -1;
}

function parse6(text: string): Uint8Array | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = groups(halves[0] ?? '');
  const tail = halves.length === 2 ? groups(halves[1] ?? '') : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 16 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 2) return undefined;
  return Uint8Array.from([...head, ...new Array<number>(missing).fill(0), ...tail]);
}

/** Bytes of colon-separated groups, the last of which may be dotted IPv4. */
function groups(text: string): number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    if (part.includes('.')) {
      const v4 = i === parts.length - 1 ? parse4(part) : undefined;
      if (v4 === undefined) return undefined;
      bytes.push(...v4);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined;
      const n = Number.parseInt(part, 16);
      bytes.push(n >> 8, n & 255);
    }
  }
  return bytes.length > 16 ? undefined : bytes;
}

/** Canonical text: dotted IPv4, RFC 5952 IPv6. */
export function formatAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) throw new RangeError(`an IP address has 4 or 16 bytes, not ${bytes.length}`);
  const words: number[] = [];
  for (let i = 0; i < 16; i += 2) words.push(((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0));
  const gap = longestZeroRun(words);
  const hex = (from: number, to: number) =>
    words
      .slice(from, to)
      .map((w) => w.toString(16))
      .join(':');
  return gap === undefined ? hex(0, 8) : `${hex(0, gap.start)}::${hex(gap.start + gap.length, 8)}`;
}

/** RFC 5952 section 4.2: the first longest run of at least two zero groups. */
function longestZeroRun(words: readonly number[]): { start: number; length: number } | undefined {
  let best: { start: number; length: number } | undefined;
  for (let start = 0; start < words.length; ) {
    let end = start;
    while (words[end] === 0) end++;
    if (end - start > Math.max(1, best?.length ?? 0)) best = { start, length: end - start };
    start = Math.max(end, start + 1);
  }
  return best;
}

export function familyOf(address: string): Family {
  return address.includes(':') ? 6 : 4;
}

/** Canonical text of an address, or undefined where the text is none. */
export function canonicalAddress(text: string): string | undefined {
  // Of IPv4 there is one way to write it.
  if (!text.includes(':')) return number4(text) < 0 ? undefined : text;
  const bytes = parse6(text);
  return bytes && formatAddress(bytes);
}

/** Bytes of an address that is known to be valid. Throws RangeError otherwise. */
export function addressBytes(text: string): Uint8Array {
  const bytes = parseAddress(text);
  if (bytes === undefined) throw new RangeError(`"${text}" is not an IP address`);
  return bytes;
}

/** Compares two addresses of one family as unsigned big-endian integers: negative, zero or positive. */
export function compareAddresses(a: string, b: string): number {
  return Buffer.compare(addressBytes(a), addressBytes(b));
}

/** Prefix length of an IPv4 network mask; undefined where it has holes (255.255.0.255). Throws RangeError where it is no address. */
export function prefixOfMask(mask: string): number | undefined {
  const bits = Buffer.from(addressBytes(mask)).readUInt32BE();
  const prefix = Math.clz32(~bits);
  return prefix === 32 || bits << prefix === 0 ? prefix : undefined;
}

export function isMulticast(address: string): boolean {
  const first = addressBytes(address)[0] ?? 0;
  return familyOf(address) === 4 ? first >= 224 && first <= 239 : first === 0xff;
}

/** IPv6 fe80::/10 or IPv4 169.254/16. */
export function isLinkLocal(address: string): boolean {
  const [a = 0, b = 0] = addressBytes(address);
  return familyOf(address) === 4 ? a === 169 && b === 254 : a === 0xfe && (b & 0xc0) === 0x80;
}
