/** The number in a tracked file, and what it means for a server. Pure; called by track-files.ts and check.ts. */
import { down, up, type Verdict } from '@mainstay/sdk';

/** Bytes of a file that are looked at, as keepalived does. */
export const mostBytes = 127;

const least = -(2 ** 31);
const most = 2 ** 31 - 1;
/** A change of weight at or below it takes the server out. */
export const faultAtOrBelow = -(2 ** 31 - 1);

/** As C's strtol reads it with base 0; 0 where there is no number, undefined where it is out of the range of 32 bits. */
export function readNumber(text: string): number | undefined {
  const [, sign = '', digits = '0'] = /^[ \t\n\v\f\r]*([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)/.exec(text) ?? [];
  const isOctal = /^0[0-7]+$/.test(digits);
  const number = isOctal ? Number.parseInt(digits, 8) : Number(digits);
  const signed = sign === '-' && number !== 0 ? -number : number;
  return signed < least || signed > most ? undefined : signed;
}

/** How the number counts. */
export interface Weight {
  readonly factor: number;
  readonly isReverse: boolean;
}

/** With the weight 0 the number says up (0) or down; otherwise it changes the weight of the server. */
export function verdictOf(number: number, { factor, isReverse }: Weight): Verdict {
  const what = `the file says ${number}`;
  if (factor === 0) {
    const isFault = (number !== 0) !== isReverse;
    return isFault ? down(`${what}, which with weight 0${isReverse ? ' reverse' : ''} means a fault`) : up(what);
  }
  const change = number === 0 ? 0 : number * factor * (isReverse ? -1 : 1);
  if (change <= faultAtOrBelow) return down(`${what}, which changes the weight by ${change}: a fault`);
  return up(what, { adjust: Math.min(change, most) });
}
