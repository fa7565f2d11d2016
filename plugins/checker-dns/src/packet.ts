/**
 * The little of RFC 1035 that a check needs: a query of one question, and the header of a reply. keepalived judges by the header
 * alone, so nothing behind it is read. Pure; called by check.ts and config.ts.
 */

/** Types that can be asked for, with their numbers. */
export const types = { A: 1, NS: 2, CNAME: 5, SOA: 6, MX: 15, TXT: 16, AAAA: 28, RRSIG: 46, DNSKEY: 48 } as const;
export type Type = keyof typeof types;

const headerLength = 12;
const recursionDesired = 0x0100;
const internetClass = 1;

/** Limits of RFC 1035 section 2.3.4, in octets. */
const longestLabel = 63;
const longestName = 255;

/** Names of response codes: RFC 1035, RFC 2136, RFC 6891. */
const codes: readonly string[] = [
  'NOERROR',
  'FORMERR',
  'SERVFAIL',
  'NXDOMAIN',
  'NOTIMP',
  'REFUSED',
  'YXDOMAIN',
  'YXRRSET',
  'NXRRSET',
  'NOTAUTH',
  'NOTZONE',
];

/** The labels of a name, or what is wrong with it. `.` is the root, and a dot at the end of another name says nothing. */
export function labelsOf(name: string): readonly string[] | string {
  if (name === '.') return [];
  const labels = name.replace(/\.$/, '').split('.');
  if (labels.includes('')) return 'it has an empty label';
  if (!/^[\x21-\x7e]+$/.test(name)) return 'only ASCII can be asked for; write other letters as xn--...';
  if (labels.some((label) => label.length > longestLabel)) return `a label is longer than ${longestLabel} letters`;
  if (labels.join('.').length + 2 > longestName) return `it is longer than ${longestName - 2} letters`;
  return labels;
}

/** Throws RangeError for a name that `labelsOf` refuses. */
export function encodeQuery(id: number, name: string, type: Type): Uint8Array {
  const labels = labelsOf(name);
  if (typeof labels === 'string') throw new RangeError(`${name}: ${labels}`);
  const nameLength = labels.reduce((sum, label) => sum + 1 + label.length, 1);
  const bytes = Buffer.alloc(headerLength + nameLength + 4);
  bytes.writeUInt16BE(id, 0);
  bytes.writeUInt16BE(recursionDesired, 2);
  bytes.writeUInt16BE(1, 4);
  let at = headerLength;
  for (const label of labels) {
    at = bytes.writeUInt8(label.length, at);
    at += bytes.write(label, at, 'latin1');
  }
  at = bytes.writeUInt8(0, at);
  at = bytes.writeUInt16BE(types[type], at);
  bytes.writeUInt16BE(internetClass, at);
  return bytes;
}

export interface ReplyHeader {
  readonly id: number;
  /** False for a question. */
  readonly isReply: boolean;
  readonly isTruncated: boolean;
  /** Response code, 0..15. */
  readonly code: number;
  /** Records in the answer section, by its own account. */
  readonly answers: number;
}

/** Undefined where the datagram is too short to have a header. */
export function decodeHeader(bytes: Uint8Array): ReplyHeader | undefined {
  if (bytes.length < headerLength) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const flags = view.getUint16(2);
  return {
    id: view.getUint16(0),
    isReply: (flags & 0x8000) !== 0,
    isTruncated: (flags & 0x0200) !== 0,
    code: flags & 0x000f,
    answers: view.getUint16(6),
  };
}

/** `SERVFAIL`, or `response code 12`. */
export function nameOfCode(code: number): string {
  return codes[code] ?? `response code ${code}`;
}
