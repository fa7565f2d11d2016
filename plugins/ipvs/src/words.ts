/** Reading of words that several values share: numbers, addresses, ports. Used by the schema's values. */
import { type Args, canonicalAddress, type Word } from '@mainstay/sdk';

export function takeWord(args: Args, what: string): Word {
  return args.take() ?? args.fail(`${what} is missing`, { code: 'CONFIG_MISSING_VALUE' });
}

/** keepalived's numbers: decimal, 0-octal or 0x-hexadecimal. */
export function integerOf(text: string): number | undefined {
  if (/^0[xX][0-9a-fA-F]+$/.test(text)) return Number.parseInt(text, 16);
  if (/^0[0-7]+$/.test(text)) return Number.parseInt(text, 8);
  return /^(0|[1-9][0-9]*)$/.test(text) ? Number(text) : undefined;
}

export function takeInteger(args: Args, min: number, max: number, what: string): number {
  const word = takeWord(args, what);
  const n = integerOf(word.text);
  if (n !== undefined && n >= min && n <= max) return n;
  return args.fail(`${what} must be a whole number ${min}..${max}, not "${word.text}"`, {
    at: word.at,
    code: 'CONFIG_OUT_OF_RANGE',
  });
}

export function takeAddress(args: Args, what = 'an address'): string {
  const word = takeWord(args, what);
  return (
    canonicalAddress(word.text) ??
    args.fail(`"${word.text}" is not an IP address`, {
      at: word.at,
      code: 'CONFIG_BAD_VALUE',
      ...(/^[0-9.]+:[0-9]+$/.test(word.text) && { hint: 'a blank stands between the address and the port' }),
    })
  );
}

/** The port after an address; 0 where none is written. */
export function takePort(args: Args): number {
  return args.peek() === undefined ? 0 : takeInteger(args, 0, 65_535, 'the port');
}
