/** Entries of a virtual_server_group: addresses, ranges, subnets and firewall marks; and all that one of them stands for. Pure. */
import {
  type Args,
  addressBytes,
  canonicalAddress,
  type Family,
  familyOf,
  formatAddress,
  type ValueSpec,
  type Word,
} from '@mainstay/sdk';
import { takeInteger, takePort, takeWord } from './words.js';

export type GroupEntry =
  | { readonly kind: 'addresses'; readonly first: string; readonly last: string; readonly port: number }
  | { readonly kind: 'fwmark'; readonly fwmark: number; readonly family?: Family };

/** More would be a slip of the finger, and the kernel looks each of them up. */
export const largestEntry = 65_536;

export const groupEntry: ValueSpec<GroupEntry> = {
  syntax: 'ADDR[-END | /LEN] [PORT] | fwmark N [inet|inet6]',
  json: { type: 'string' },
  parse(args) {
    if (args.peek()?.text === 'fwmark') return takeMark(args);
    const word = takeWord(args, 'an address');
    const { first, last } = rangeOf(word, args);
    if (addressesBetween(first, last) > largestEntry)
      args.fail(`${word.text} has more than ${largestEntry} addresses, each of which would be a service of its own`, {
        at: word.at,
        code: 'IPVS_GROUP',
        hint: 'mark the packets in the firewall and write: fwmark N',
      });
    return { kind: 'addresses', first, last, port: takePort(args) };
  },
};

function takeMark(args: Args): GroupEntry {
  args.take();
  const fwmark = takeInteger(args, 1, 2 ** 32 - 1, 'the firewall mark');
  const word = args.take();
  if (word === undefined) return { kind: 'fwmark', fwmark };
  if (word.text !== 'inet' && word.text !== 'inet6')
    return args.fail(`"${word.text}" is not a family`, { at: word.at, code: 'CONFIG_BAD_VALUE', hint: 'write inet or inet6' });
  return { kind: 'fwmark', fwmark, family: word.text === 'inet' ? 4 : 6 };
}

interface Range {
  readonly first: string;
  readonly last: string;
}

function rangeOf(word: Word, args: Args): Range {
  const fail = (message: string, hint?: string): never =>
    args.fail(message, { at: word.at, code: 'CONFIG_BAD_VALUE', ...(hint === undefined ? {} : { hint }) });
  const [, text = '', separator, end = ''] = /^([^-/]*)(?:([-/])(.*))?$/.exec(word.text) ?? [];
  const first = canonicalAddress(text) ?? fail(`"${text || word.text}" is not an IP address`);
  if (separator === undefined) return { first, last: first };
  if (separator === '/') return subnet(first, end, fail);
  const last = endOf(first, end) ?? fail(`"${end}" is not the end of a range that begins with ${first}`);
  if (familyOf(last) !== familyOf(first)) fail(`${word.text} begins in one family and ends in the other`);
  if (Buffer.compare(addressBytes(last), addressBytes(first)) < 0) fail(`${word.text} ends before it begins`);
  return { first, last };
}

function subnet(first: string, length: string, fail: (message: string, hint?: string) => never): Range {
  const bits = familyOf(first) === 4 ? 32 : 128;
  const prefix = /^[0-9]{1,3}$/.test(length) ? Number(length) : -1;
  if (prefix < 0 || prefix > bits) fail(`"${length}" is not a prefix length: 0..${bits}`);
  const low = numberOf(first);
  const size = 1n << BigInt(bits - prefix);
  const start = low - (low % size);
  if (start !== low)
    fail(`${first}/${length} is not a subnet: there are bits beyond its prefix`, `write ${addressOf(start, bits)}/${length}`);
  return { first, last: addressOf(low + size - 1n, bits) };
}

/** A whole address, or the number that takes the place of the last octet or group. */
function endOf(first: string, end: string): string | undefined {
  const whole = canonicalAddress(end);
  if (whole !== undefined) return whole;
  const bytes = Uint8Array.from(addressBytes(first));
  if (bytes.length === 4) {
    if (!/^[0-9]{1,3}$/.test(end) || Number(end) > 255) return undefined;
    bytes[3] = Number(end);
  } else {
    if (!/^[0-9a-fA-F]{1,4}$/.test(end)) return undefined;
    const n = Number.parseInt(end, 16);
    bytes[14] = n >> 8;
    bytes[15] = n & 255;
  }
  return formatAddress(bytes);
}

function numberOf(address: string): bigint {
  return BigInt(`0x${Buffer.from(addressBytes(address)).toString('hex')}`);
}

function addressOf(n: bigint, bits: number): string {
  return formatAddress(Uint8Array.from(Buffer.from(n.toString(16).padStart(bits / 4, '0'), 'hex')));
}

function addressesBetween(first: string, last: string): bigint {
  return numberOf(last) - numberOf(first) + 1n;
}

/** Every address of a range, in order. */
export function addressesOf({ first, last }: Range): readonly string[] {
  const bits = familyOf(first) === 4 ? 32 : 128;
  const low = numberOf(first);
  return Array.from({ length: Number(addressesBetween(first, last)) }, (_, i) => addressOf(low + BigInt(i), bits));
}
