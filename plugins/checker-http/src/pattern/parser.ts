/**
 * Reads a pattern in PCRE's syntax: everything that can be searched for in one pass over the text, without going back. What cannot
 * (references, lookaround, atomic groups, recursion) is refused at its place. Pure; used by pattern.ts.
 */
import { readBrackets } from './brackets.js';
import { maxCode, readEscape } from './escapes.js';
import { foldedCase, inverted, upTo } from './sets.js';
import { empty, type Node, type PatternOptions, PatternReader } from './syntax.js';

/** Of groups within groups. */
const deepest = 100;
/** PCRE's own bound is 65535; so many copies are never meant. */
const mostRepeats = 1000;

/** A quantifier. What stands in braces otherwise is characters like any other. */
const braces = /^\{([0-9]+)(?:(,)([0-9]+)?)?\}/;
/** The same, where the first brace was read. */
const bracesBehind = /^[0-9]+(?:,[0-9]*)?\}/;

function timesOf(digits = ''): number {
  return Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
}

/** Options as they stand at one place: letters in a pattern change them for the rest of a group. */
interface Flags {
  readonly caseless: boolean;
  readonly dotall: boolean;
  readonly multiline: boolean;
  readonly extended: boolean;
  /** Blanks mean nothing in brackets either. */
  readonly isSpaced: boolean;
}

/** Throws PatternError. */
export function parsePattern(pattern: string, options: PatternOptions): Node {
  return new Parser(new PatternReader(pattern, options.utf), options).parse();
}

const refusedGroups: readonly (readonly [RegExp, string])[] = [
  [/^\?<?[=!]/, 'lookahead and lookbehind are not built'],
  [/^\?>/, 'atomic groups are not built'],
  [/^\?\(/, 'conditional groups are not built'],
  [/^\?C/, 'callouts are not built'],
  [/^\?(R|&|P[>=]|[+-]?[0-9])/, 'references to groups and recursion are not built'],
  [/^\*/, '(*...) is not built: use regex_options'],
];

class Parser {
  private flags: Flags;
  private isQuoted = false;
  private depth = 0;

  constructor(
    private readonly reader: PatternReader,
    private readonly options: PatternOptions,
  ) {
    const { caseless, dotall, multiline, extended } = options;
    this.flags = { caseless, dotall, multiline, extended, isSpaced: false };
  }

  parse(): Node {
    const node = this.alternatives();
    if (!this.reader.isAtEnd) this.reader.fail('a parenthesis closes nothing');
    return node;
  }

  private alternatives(): Node {
    const items = [this.sequence()];
    while (!this.isQuoted && this.reader.skip('|')) items.push(this.sequence());
    return items.length === 1 ? (items[0] ?? empty) : { kind: 'choice', items };
  }

  private sequence(): Node {
    const items: Node[] = [];
    for (;;) {
      this.skipBlanks();
      const next = this.reader.peek();
      if (next === undefined || (!this.isQuoted && (next === '|' || next === ')'))) break;
      const at = this.reader.at;
      const item = this.isQuoted ? this.literal(this.reader.take() ?? '') : this.item(next);
      if (item === undefined) continue;
      this.skipBlanks();
      items.push(this.isQuoted ? item : this.quantified(item, at));
    }
    return items.length === 1 ? (items[0] ?? empty) : { kind: 'sequence', items };
  }

  /** Quotes begin and end; comments in parentheses; under extended, blanks and other comments. */
  private skipBlanks(): void {
    const { reader } = this;
    for (;;) {
      const { at } = reader;
      if (reader.skip('\\E')) this.isQuoted = false;
      else if (this.isQuoted) return;
      else if (reader.skip('\\Q')) this.isQuoted = true;
      else if (reader.skip('(?#')) {
        if (reader.until(')') === undefined) reader.fail('a comment is not closed', at);
      } else if (!this.flags.extended) return;
      else if (/^[\t-\r ]$/.test(reader.peek() ?? '')) reader.take();
      else if (reader.peek() === '#') {
        while (!reader.isAtEnd && reader.take() !== '\n');
      } else return;
    }
  }

  /** undefined: something that matches nothing and cannot be repeated. */
  private item(next: string): Node | undefined {
    const { reader, options, flags } = this;
    const at = reader.at;
    reader.take();
    switch (next) {
      case '(':
        return this.group(at);
      case '[': {
        const ranges = readBrackets(reader, { ...options, caseless: flags.caseless, isSpaced: flags.isSpaced });
        return { kind: 'set', ranges };
      }
      case '.':
        return { kind: 'set', ranges: flags.dotall ? [0, maxCode(options)] : inverted([10, 10], maxCode(options)) };
      case '^':
        return { kind: 'assert', what: !flags.multiline ? 'start' : options.alt_circumflex ? 'anyLineStart' : 'lineStart' };
      case '$':
        return { kind: 'assert', what: flags.multiline ? 'lineEnd' : options.dollar_endonly ? 'end' : 'lastEnd' };
      case '*':
      case '+':
      case '?':
        return reader.fail(`there is nothing that "${next}" could repeat`, at);
      case '{': {
        const repeats = reader.match(bracesBehind);
        if (repeats !== undefined) reader.fail(`there is nothing that "{${repeats[0]}" could repeat`, at);
        return this.literal(next);
      }
      case '\\':
        return this.escape();
      default:
        return this.literal(next);
    }
  }

  /** Case counts nothing for characters, but sets mean what they say, also without it: `\p{Lu}` is upper case (PCRE2 up to 10.42). */
  private escape(): Node | undefined {
    const found = readEscape(this.reader, this.options, false);
    if (found.kind === 'code') return this.literal(String.fromCodePoint(found.code));
    if (found.kind === 'ranges') return { kind: 'set', ranges: found.ranges };
    return found.kind === 'assert' ? found : undefined;
  }

  private literal(character: string): Node {
    const code = character.codePointAt(0) ?? 0;
    const { options, flags } = this;
    if (!flags.caseless) return { kind: 'set', ranges: [code, code] };
    return { kind: 'set', ranges: upTo(foldedCase([code, code], options.utf || options.ucp), maxCode(options)) };
  }

  private group(at: number): Node | undefined {
    const { reader } = this;
    for (const [pattern, problem] of /[?*]/.test(reader.peek() ?? '') ? refusedGroups : []) {
      const from = reader.at;
      if (reader.match(pattern) !== undefined) reader.fail(problem, from - 1);
    }
    const before = this.flags;
    const isNamed =
      reader.peek() === '?' &&
      reader.match(/^\?(?:P?<[A-Za-z_][A-Za-z0-9_]{0,31}>|'[A-Za-z_][A-Za-z0-9_]{0,31}'|\|)/) !== undefined;
    if (!isNamed && reader.skip('?') && this.settings(at) === 'rest of the group') return undefined;
    if (++this.depth > deepest) reader.fail(`groups are nested more than ${deepest} deep`, at);
    const node = this.alternatives();
    this.depth--;
    if (!reader.skip(')')) reader.fail('a parenthesis is not closed', at);
    this.flags = before;
    // In a group, an assertion may be repeated.
    return node.kind === 'assert' ? { kind: 'sequence', items: [node] } : node;
  }

  /** `(?i)`, `(?i-s:...)`, `(?:...)`: the reader stands behind the question mark. */
  private settings(at: number): 'group' | 'rest of the group' {
    const found = this.reader.match(/^(\^?)([a-zA-Z]{0,20})(?:-([a-zA-Z]{0,20}))?([:)])/);
    if (found === undefined) return this.reader.fail('this kind of group is not known', at);
    const [, reset, on = '', off = '', end] = found;
    const unknown = /[^imsxnJU]/.exec(on + off);
    if (unknown !== null) this.reader.fail(`there is no option "${unknown[0]}"`, at);
    if (reset === '^') this.flags = { caseless: false, dotall: false, multiline: false, extended: false, isSpaced: false };
    this.set(on, true);
    this.set(off, false);
    return end === ')' ? 'rest of the group' : 'group';
  }

  /** `n`, `J` and `U` change which groups are remembered and how much is matched, which nobody asks for here. */
  private set(letters: string, value: boolean): void {
    const { flags } = this;
    this.flags = {
      caseless: letters.includes('i') ? value : flags.caseless,
      dotall: letters.includes('s') ? value : flags.dotall,
      multiline: letters.includes('m') ? value : flags.multiline,
      extended: letters.includes('x') ? value : flags.extended,
      isSpaced: letters.includes('xx') ? value : letters.includes('x') ? false : flags.isSpaced,
    };
  }

  /** How often less or more is taken makes no difference to whether something is found: lazy is as good as greedy. */
  private quantified(item: Node, at: number): Node {
    const bounds = this.bounds();
    if (bounds === undefined) return item;
    const { reader } = this;
    if (item.kind === 'assert') reader.fail('what has no length cannot be repeated', at);
    if (!reader.skip('?') && reader.peek() === '+') reader.fail('possessive quantifiers are not built');
    const [min, max] = bounds;
    if (min > max) reader.fail('the numbers of a repetition are out of order', at);
    if (min > mostRepeats || (max !== Number.POSITIVE_INFINITY && max > mostRepeats))
      reader.fail(`more than ${mostRepeats} repetitions are not built`, at);
    return { kind: 'repeat', item, min, max };
  }

  private bounds(): readonly [number, number] | undefined {
    const { reader } = this;
    if (reader.skip('*')) return [0, Number.POSITIVE_INFINITY];
    if (reader.skip('+')) return [1, Number.POSITIVE_INFINITY];
    if (reader.skip('?')) return [0, 1];
    if (reader.peek() !== '{') return undefined;
    const found = reader.match(braces);
    if (found === undefined) return undefined;
    const min = timesOf(found[1]);
    return [min, found[2] === undefined ? min : found[3] === undefined ? Number.POSITIVE_INFINITY : timesOf(found[3])];
  }
}
