/** What can be asked for: types, and names within the limits of RFC 1035 section 2.3.4. Pure; used by config.ts and message.ts. */

/** Those of keepalived. */
export const types = ['A', 'NS', 'CNAME', 'SOA', 'MX', 'TXT', 'AAAA', 'RRSIG', 'DNSKEY'] as const;
export type Type = (typeof types)[number];

export interface Question {
  readonly name: string;
  readonly type: Type;
}

/** In octets. */
const longestLabel = 63;
const longestName = 255;

/** What is wrong with a name, or undefined. `.` is the root, and a dot at the end of another name says nothing. */
export function objectionTo(name: string): string | undefined {
  if (name === '.') return undefined;
  const labels = name.replace(/\.$/, '').split('.');
  if (labels.includes('')) return 'it has an empty label';
  if (!/^[\x21-\x7e]+$/.test(name)) return 'only ASCII can be asked for; write other letters as xn--...';
  if (labels.some((label) => label.length > longestLabel)) return `a label is longer than ${longestLabel} letters`;
  if (labels.join('.').length + 2 > longestName) return `it is longer than ${longestName - 2} letters`;
  return undefined;
}
