/**
 * keepalived's hexadecimal strings: octets of one or two digits, blanks between them as one likes, and x for half an octet that may
 * be anything. Kept as text of two digits for each octet: a bound configuration is plain data. Pure.
 */

/** The words as one text of two digits an octet (`Ab12f 3` is `ab120f03`), or undefined where they are none. */
export function normalHex(words: readonly string[], { hasWildcards }: { readonly hasWildcards: boolean }): string | undefined {
  const digits = hasWildcards ? /^[0-9a-fx]+$/i : /^[0-9a-f]+$/i;
  if (words.length === 0 || !words.every((word) => digits.test(word))) return undefined;
  return words.map((word) => word.toLowerCase().replace(/..?/g, (octet) => octet.padStart(2, '0'))).join('');
}

export function bytesOf(hex: string): Uint8Array {
  return Buffer.from(hex, 'hex');
}

/** Index of the first octet that does not match; undefined: all do. As far as the shorter of the two goes, as in keepalived. */
export function firstMismatch(bytes: Uint8Array, pattern: string): number | undefined {
  const length = Math.min(bytes.length, pattern.length / 2);
  for (let i = 0; i < length; i++) {
    const octet = (bytes[i] ?? 0).toString(16).padStart(2, '0');
    for (const digit of [0, 1]) {
      const wanted = pattern[2 * i + digit];
      if (wanted !== 'x' && wanted !== octet[digit]) return i;
    }
  }
  return undefined;
}
