/** What stands behind a backslash in a pattern, inside and outside of brackets. Pure; used by parser.ts and brackets.ts. */
import { horizontal, inverted, posix, property, type Ranges, space, ucp, upTo, vertical, word } from './sets.js';
import type { Assertion, PatternOptions, PatternReader } from './syntax.js';

export type Escape =
  | { readonly kind: 'code'; readonly code: number }
  | { readonly kind: 'ranges'; readonly ranges: Ranges }
  | { readonly kind: 'assert'; readonly what: Assertion }
  | { readonly kind: 'nothing' };

const simple: Readonly<Record<string, number>> = { a: 7, e: 27, f: 12, n: 10, r: 13, t: 9 };

const assertions: Readonly<Record<string, Assertion>> = { A: 'start', Z: 'lastEnd', z: 'end', b: 'boundary', B: 'notBoundary' };

/** Of PCRE, but not of what can be searched for without going back; each with what to write instead. */
const refused: Readonly<Record<string, string>> = {
  C: '\\C (one octet of a character) is not built',
  G: '\\G (where the search begins) is not built: write \\A',
  R: '\\R (any line end) is not built: write \\r?\\n',
  X: '\\X (a grapheme cluster) is not built',
  g: 'references to groups are not built',
  k: 'references to groups are not built',
  l: 'PCRE has no \\l',
  u: 'PCRE has no \\u without the option alt_bsux',
  L: 'PCRE has no \\L',
  U: 'PCRE has no \\U without the option alt_bsux',
};

export function maxCode({ utf }: PatternOptions): number {
  return utf ? 0x10ffff : 0xff;
}

/** The reader stands behind the backslash. */
export function readEscape(reader: PatternReader, options: PatternOptions, isInBrackets: boolean): Escape {
  const from = reader.at - 1;
  const c = reader.take();
  if (c === undefined) return reader.fail('a backslash ends the pattern', from);
  if (!/^[A-Za-z0-9]$/.test(c)) return { kind: 'code', code: c.codePointAt(0) ?? 0 };
  const code = codeOf(c, reader, options, from);
  if (code !== undefined) {
    if (code > maxCode(options)) reader.fail('a character above \\xff needs the option utf', from);
    return { kind: 'code', code };
  }
  const ranges = setOf(c, reader, options, from);
  if (ranges !== undefined) return { kind: 'ranges', ranges: upTo(ranges, maxCode(options)) };
  if (isInBrackets && c === 'b') return { kind: 'code', code: 8 };
  const what = assertions[c];
  if (what !== undefined && !isInBrackets) return { kind: 'assert', what };
  // Moves the beginning of what was found, which nobody asks for here.
  if (c === 'K' && !isInBrackets) return { kind: 'nothing' };
  if (c === 'N' && !isInBrackets) return { kind: 'ranges', ranges: inverted([10, 10], maxCode(options)) };
  return reader.fail(refused[c] ?? `\\${c} means nothing ${isInBrackets ? 'in brackets' : 'to PCRE'}`, from);
}

function codeOf(c: string, reader: PatternReader, { alt_bsux }: PatternOptions, from: number): number | undefined {
  if (simple[c] !== undefined) return simple[c];
  if (c === '0') return Number.parseInt(`0${reader.match(/^[0-7]{1,2}/)?.[0] ?? ''}`, 8);
  if (/[1-9]/.test(c)) return reader.fail('references to groups are not built; an octal number begins with \\0', from);
  if (c === 'o') {
    const digits = reader.match(/^\{([0-7]{1,8})\}/)?.[1] ?? reader.fail('\\o needs octal digits in braces', from);
    return Number.parseInt(digits, 8);
  }
  if (c === 'c') {
    const control = reader.match(/^[\x20-\x7e]/)?.[0] ?? reader.fail('\\c needs a printable character', from);
    return control.toUpperCase().charCodeAt(0) ^ 64;
  }
  if (alt_bsux) {
    if (c === 'U') return 85;
    if (c === 'u') return hexadecimal(reader.match(/^[0-9a-fA-F]{4}/)?.[0], 117);
    if (c === 'x') return hexadecimal(reader.match(/^[0-9a-fA-F]{2}/)?.[0], 120);
  }
  if (c !== 'x') return undefined;
  if (reader.peek() !== '{') return hexadecimal(reader.match(/^[0-9a-fA-F]{1,2}/)?.[0], 0);
  const digits = reader.match(/^\{([0-9a-fA-F]{1,8})\}/)?.[1] ?? reader.fail('\\x{ needs hexadecimal digits and }', from);
  return Number.parseInt(digits, 16);
}

function hexadecimal(digits: string | undefined, otherwise: number): number {
  return digits === undefined ? otherwise : Number.parseInt(digits, 16);
}

function setOf(c: string, reader: PatternReader, options: PatternOptions, from: number): Ranges | undefined {
  const max = maxCode(options);
  const lower = c.toLowerCase();
  if (lower === 'p') return propertyOf(c, reader, max, from);
  const ranges =
    lower === 'd'
      ? options.ucp
        ? ucp.digit()
        : posix.digit
      : lower === 's'
        ? options.ucp
          ? ucp.space()
          : space
        : lower === 'w'
          ? wordCharacters(options)
          : lower === 'h'
            ? horizontal
            : lower === 'v'
              ? vertical
              : undefined;
  if (ranges === undefined) return undefined;
  return c === lower ? ranges : inverted(upTo(ranges, max), max);
}

export function wordCharacters(options: PatternOptions): Ranges {
  return options.ucp ? ucp.word() : word;
}

function propertyOf(c: string, reader: PatternReader, max: number, from: number): Ranges {
  const [, negation, name = ''] = reader.match(/^\{(\^?)([A-Za-z_&=]{1,40})\}/) ?? reader.match(/^()([A-Z])/) ?? [];
  // PCRE's own name for letters with a case.
  const ranges = property(name === 'L&' ? 'Cased_Letter' : name) ?? reader.fail(`there is no property \\${c}{${name}}`, from);
  const isInverted = (c === 'P') !== (negation === '^');
  return isInverted ? inverted(upTo(ranges, max), max) : ranges;
}
