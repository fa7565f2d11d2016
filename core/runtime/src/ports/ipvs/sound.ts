/** What cannot be said to the kernel at all, in words: it would be cut to size and mean something else. Used by the formats. */
import { type Family, parseAddress } from '@mainstay/sdk';

/** An edit that is not sent. */
export class UnsoundError extends Error {
  override readonly name = 'UnsoundError';
}

export function wholeNumber(what: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new UnsoundError(`${what} is ${value}, not a whole number from ${least} to ${most}`);
}

export function addressOf(what: string, family: Family, text: string): Uint8Array {
  const bytes = parseAddress(text);
  if (bytes?.length === (family === 4 ? 4 : 16)) return bytes;
  throw new UnsoundError(`${what} "${text}" is not an IPv${family} address`);
}

/** Names of schedulers, persistence engines and links: the kernel has room for 15 bytes. */
export function shortName(what: string, text: string): string {
  const length = Buffer.byteLength(text);
  if (length > 0 && length <= 15 && !text.includes('\0')) return text;
  throw new UnsoundError(`${what} "${text}" is not a name of 1 to 15 bytes`);
}

/** The number of one of a list's words. */
export function indexIn<Word extends string>(what: string, words: readonly Word[], word: Word): number {
  const index = words.indexOf(word);
  if (index >= 0) return index;
  throw new UnsoundError(`${what} is "${word}", not one of ${words.join(', ')}`);
}
