/** A class of characters in brackets, `[^a-z[:digit:]\s]`, as a set. Pure; used by parser.ts. */
import { maxCode, readEscape } from './escapes.js';
import { foldedCase, inverted, posix, type Ranges, rangesOf, ucpPosix, upTo } from './sets.js';
import type { PatternOptions, PatternReader } from './syntax.js';

/** One end of a range, or a set that cannot be one. */
type Member = { readonly code: number; readonly isHyphen?: boolean } | { readonly ranges: Ranges };

export interface BracketOptions extends PatternOptions {
  /** Blanks mean nothing (`(?xx)`). */
  readonly isSpaced: boolean;
}

/** The reader stands behind the opening bracket. */
export function readBrackets(reader: PatternReader, options: BracketOptions): Ranges {
  const from = reader.at - 1;
  const isInverted = reader.skip('^');
  /** Characters and ranges, whose case may not count, and named sets, of which each means what it says. */
  const pairs: number[] = [];
  const sets: number[] = [];
  let isQuoted = false;
  const take = (): Member | undefined => {
    for (;;) {
      if (reader.isAtEnd) reader.fail('a bracket is not closed', from);
      if (reader.skip('\\E')) isQuoted = false;
      else if (!isQuoted && reader.skip('\\Q')) isQuoted = true;
      else if (isQuoted) return { code: reader.take()?.codePointAt(0) ?? 0 };
      else if (options.isSpaced && (reader.peek() === ' ' || reader.peek() === '\t')) reader.take();
      else break;
    }
    return reader.peek() === ']' ? undefined : readMember(reader, options);
  };
  // A closing bracket that comes first is a member.
  let member: Member | undefined = !options.allow_empty_class && reader.skip(']') ? { code: 93 } : take();
  while (member !== undefined) {
    const at = reader.at;
    const next = take();
    const isRange = next !== undefined && 'code' in next && next.isHyphen === true && reader.peek() !== ']';
    if (!isRange) {
      if ('code' in member) pairs.push(member.code, member.code);
      else sets.push(...member.ranges);
      member = next;
      continue;
    }
    const last = take();
    if (last === undefined) return reader.fail('a bracket is not closed', from);
    if (!('code' in member) || !('code' in last))
      return reader.fail('a set cannot be the end of a range: put the hyphen last', at);
    if (member.code > last.code) return reader.fail('a range is out of order', at);
    pairs.push(member.code, last.code);
    member = take();
  }
  reader.take();
  const plain = rangesOf(pairs);
  const folded = options.caseless ? upTo(foldedCase(plain, options.utf || options.ucp), maxCode(options)) : plain;
  const all = rangesOf([...folded, ...sets]);
  return isInverted ? inverted(all, maxCode(options)) : all;
}

function readMember(reader: PatternReader, options: PatternOptions): Member {
  const from = reader.at;
  if (reader.peek() === '[' && ['.', '='].includes(reader.peek(1) ?? '')) {
    const found = reader.match(/^\[([.=]).{0,50}?\1\]/s);
    if (found !== undefined) reader.fail('PCRE has no collating elements', from);
  }
  const named = reader.match(/^\[:(\^?)([a-z]{1,10}):\]/);
  if (named !== undefined) return { ranges: namedClass(named[2] ?? '', named[1] === '^', reader, options, from) };
  if (reader.skip('-')) return { code: 45, isHyphen: true };
  if (!reader.skip('\\')) return { code: reader.take()?.codePointAt(0) ?? 0 };
  const found = readEscape(reader, options, true);
  if (found.kind === 'code') return { code: found.code };
  if (found.kind === 'ranges') return { ranges: found.ranges };
  return reader.fail('this means nothing in brackets', from);
}

function namedClass(name: string, isInverted: boolean, reader: PatternReader, options: PatternOptions, from: number): Ranges {
  if (posix[name] === undefined) reader.fail(`there is no class [:${name}:]`, from);
  // PCRE2 takes lower and upper for alpha where case does not count; not under ucp, where they are properties.
  const meant = options.caseless && !options.ucp && ['lower', 'upper'].includes(name) ? 'alpha' : name;
  const ranges = options.ucp ? ucpPosix[meant]?.() : posix[meant];
  if (ranges === undefined) return reader.fail(`[:${name}:] is not built together with the option ucp`, from);
  const max = maxCode(options);
  return isInverted ? inverted(upTo(ranges, max), max) : upTo(ranges, max);
}
