/**
 * The schema builder `s`: a plugin describes its keywords once, and validation, defaults, JSON Schema and the reference
 * pages come from it. Building only: core's binder applies a schema to a configuration.
 */
import type { Reporter } from './diagnostic.js';
import type { SourcePosition, Word } from './source.js';

/** The arguments of one statement, read from left to right by a value's parser. */
export interface Args {
  /** The next word without taking it. */
  peek(): Word | undefined;
  take(): Word | undefined;
  /** Where the next word stands, or the end of the statement. */
  readonly at: SourcePosition;
  /** Ends parsing of this statement with an error at `word` (default: the next word or the end of the statement). */
  fail(message: string, options?: { readonly at?: SourcePosition; readonly hint?: string; readonly code?: string }): never;
  /** Says something about the statement and goes on. */
  warn(message: string, options?: { readonly at?: SourcePosition; readonly hint?: string; readonly code?: string }): void;
}

/** How a value looks in JSON Schema terms, for export and documentation. */
export type JsonShape = Readonly<Record<string, unknown>>;

/** How the arguments of a statement become a value. */
export interface ValueSpec<T> {
  /** How the arguments are written, as shown in the reference: `1..255`, `ADDR[/LEN] [dev IF]`. */
  readonly syntax: string;
  readonly json: JsonShape;
  /** `words`: arguments split at blanks. `command`: keepalived's script lexer with quotes and escapes. */
  readonly lexer?: 'words' | 'command';
  parse(args: Args): T;
}

interface Facts<T> {
  readonly summary?: string;
  readonly default?: T;
  readonly isOptional?: boolean;
  readonly isSecret?: boolean;
  readonly isRepeated?: boolean;
  readonly isShared?: boolean;
  readonly tellsApart?: boolean;
  readonly deprecated?: string;
  readonly aliases?: readonly string[];
}

/**
 * What a keyword of a block is: a value, a list of lines in braces, a nested block, one with words in front of its brace, a place for
 * the blocks of other plugins, or a keyword that is not built yet.
 */
export type FieldShape<T> =
  | { readonly kind: 'value'; readonly value: ValueSpec<T> }
  | { readonly kind: 'lines'; readonly item: ValueSpec<unknown> }
  | { readonly kind: 'block'; readonly block: Block<Fields> }
  | { readonly kind: 'headed'; readonly header: ValueSpec<unknown>; readonly block: Block<Fields> }
  | { readonly kind: 'plugged'; readonly group: string }
  | { readonly kind: 'notBuilt'; readonly feature: string };

/** One keyword of a block. Immutable: each method answers a new field. */
export class Field<T> {
  constructor(
    readonly shape: FieldShape<unknown>,
    readonly facts: Facts<unknown> = {},
  ) {}

  private with<U>(facts: Facts<unknown>): Field<U> {
    return new Field<U>(this.shape, { ...this.facts, ...facts });
  }

  /** One sentence for the reference pages and the editor. */
  doc(summary: string): Field<T> {
    return this.with({ summary });
  }
  /** Value when the keyword is absent. */
  default(value: T): Field<T> {
    return this.with({ default: value });
  }
  /** `undefined` when the keyword is absent. A keyword with neither a default nor this is required. */
  optional(): Field<T | undefined> {
    return this.with({ isOptional: true });
  }
  /** Redacted in logs, status and dumps. */
  secret(): Field<T> {
    return this.with({ isSecret: true });
  }
  /** May stand several times; the value is the list, in order, empty when absent. */
  repeated(): Field<readonly T[]> {
    return this.with({ isRepeated: true, default: [] });
  }
  /** Several plugins may contribute it to one block, and each is told its value. Writing it alone makes no use of any of them. */
  shared(): Field<T> {
    return this.with({ isShared: true });
  }
  /**
   * Of blocks with the same words in front of their braces, the words of this keyword tell which is which (`ConfigEntry.block`). Counts
   * in a block of its own plugin, not in one that it extends.
   */
  tellsApart(): Field<T> {
    return this.with({ tellsApart: true });
  }
  /** Accepted with a warning that says what to write instead. */
  deprecated(instead: string): Field<T> {
    return this.with({ deprecated: instead });
  }
  /** Other spellings, accepted in silence. */
  alias(...names: readonly string[]): Field<T> {
    return this.with({ aliases: names });
  }
}

export type Fields = Readonly<Record<string, Field<unknown>>>;
export type Infer<F> =
  F extends Field<infer T> ? T : F extends Block<infer Fs> ? { readonly [K in keyof Fs]: Infer<Fs[K]> } : never;

/** A block of keywords in braces. */
export class Block<F extends Fields> {
  constructor(
    readonly fields: F,
    readonly summary = '',
  ) {}
  doc(summary: string): Block<F> {
    return new Block(this.fields, summary);
  }
}

/** A block with words in front of its brace, bound: `real_server 192.0.2.1 80 { ... }`. */
export interface Headed<H, V> {
  readonly header: H;
  readonly value: V;
  readonly at: SourcePosition;
}

/** One block of another plugin, bound, in a place made by `s.plugged`. */
export interface Plugged {
  readonly keyword: string;
  readonly value: unknown;
  readonly at: SourcePosition;
  /** What its plugin declared beside it: plain data. */
  readonly facts: unknown;
}

/** Where a bound value came from. */
export interface ConfigEntry<T> {
  /** The block's name (`VI_1` of `vrrp_instance VI_1`); empty for a block without one. */
  readonly name: string;
  /**
   * The same, with the words of keywords that tell such blocks apart (`tellsApart`): `192.0.2.1 53 TCP`. It stays what it is when a
   * reload adds or removes another block, and is the same for whoever extends the block, in whatever lane. See `uniqueNames`.
   */
  readonly block: string;
  readonly value: T;
  readonly at: SourcePosition;
  /**
   * Reports at the statement of `keyword` inside this block, or at the block itself where the keyword is absent. `inside`: a block
   * somewhere within this one, as it was bound (Headed, Plugged), instead of this one.
   */
  report(keyword?: string, inside?: { readonly at: SourcePosition }): Reporter;
}

/**
 * One name for each block where several may be called the same, even with what tells them apart (`ConfigEntry.block`): `tcp.example`,
 * and for the next `tcp.example#2`. Plugins that extend the same blocks come to the same names, in whatever lane they run.
 */
export function uniqueNames(names: readonly string[]): readonly string[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    const n = (seen.get(name) ?? 0) + 1;
    seen.set(name, n);
    return n === 1 ? name : `${name}#${n}`;
  });
}

/** A block as bound from the current configuration. Readable from `check` on, never inside `setup`. */
export interface ConfigHandle<T> {
  /** One entry for each block written, in order. They and their values are frozen, at every depth: see `value`. */
  readonly entries: readonly ConfigEntry<T>[];
  /**
   * The first entry's value; the defaults where the block is not written. Frozen, like everything that is bound: blocks, lists, defaults (which
   * all blocks share), and what a keyword's `parse` answers, as far as that is plain objects and lists. To write means to copy.
   */
  readonly value: T;
}

function value<T>(spec: ValueSpec<T>): Field<T> {
  return new Field<T>({ kind: 'value', value: spec as ValueSpec<unknown> });
}

function takeWord(args: Args, what: string): Word {
  return args.take() ?? args.fail(`${what} is missing`, { code: 'CONFIG_MISSING_VALUE' });
}

/** keepalived's numbers: decimal, 0-octal or 0x-hexadecimal. */
function parseInteger(text: string): number | undefined {
  if (/^[+-]?0[xX][0-9a-fA-F]+$/.test(text)) return Number.parseInt(text, 16);
  if (/^[+-]?0[0-7]+$/.test(text)) return Number.parseInt(text, 8);
  return /^[+-]?(0|[1-9][0-9]*)$/.test(text) ? Number.parseInt(text, 10) : undefined;
}

function inRange(n: number, min: number, max: number, word: Word, unit: string, args: Args): number {
  if (n >= min && n <= max) return n;
  const nearest = n < min ? min : max;
  return args.fail(`${word.text} is out of range: ${min}..${max}${unit}`, {
    at: word.at,
    code: 'CONFIG_OUT_OF_RANGE',
    hint: `the nearest allowed value is ${nearest}`,
  });
}

const booleans: Readonly<Record<string, boolean>> = { on: true, true: true, yes: true, off: false, false: false, no: false };

/** The schema builder. Every method answers a Field, to be refined with `.default()`, `.optional()`, `.doc()` and so on. */
export const s = {
  /** The keyword alone means true; absent means false. */
  flag: (): Field<boolean> =>
    new Field<boolean>(
      {
        kind: 'value',
        value: {
          syntax: '',
          json: { type: 'boolean' },
          // Data formats say `nopreempt: false`.
          parse: (args) => (args.peek()?.text === 'false' ? args.take() === undefined : true),
        },
      },
      { default: false },
    ),

  /** `on|off|true|false|yes|no`; the keyword alone means true. */
  bool: (): Field<boolean> =>
    value({
      syntax: '[on|off|true|false|yes|no]',
      json: { type: 'boolean' },
      parse(args) {
        const word = args.take();
        if (word === undefined) return true;
        return (
          booleans[word.text] ??
          args.fail(`"${word.text}" is not a boolean`, { at: word.at, code: 'CONFIG_BAD_VALUE', hint: 'write on or off' })
        );
      },
    }),

  /** A whole number in a range; octal and hexadecimal as in C. */
  int: (min: number, max: number): Field<number> =>
    value({
      syntax: `${min}..${max}`,
      json: { type: 'integer', minimum: min, maximum: max },
      parse(args) {
        const word = takeWord(args, 'a number');
        const n = parseInteger(word.text);
        if (n === undefined) return args.fail(`"${word.text}" is not a whole number`, { at: word.at, code: 'CONFIG_BAD_VALUE' });
        return inRange(n, min, max, word, '', args);
      },
    }),

  /** A number of seconds, decimals allowed; the value is in milliseconds. */
  seconds: (min: number, max: number): Field<number> =>
    value({
      syntax: `${min}..${max} seconds`,
      json: { type: 'number', minimum: min, maximum: max },
      parse(args) {
        const word = takeWord(args, 'a number of seconds');
        if (!/^[0-9]*\.?[0-9]+$|^[0-9]+\.$/.test(word.text)) {
          return args.fail(`"${word.text}" is not a number of seconds`, { at: word.at, code: 'CONFIG_BAD_VALUE' });
        }
        return Math.round(inRange(Number(word.text), min, max, word, ' seconds', args) * 1e6) / 1e3;
      },
    }),

  /** One word. */
  word: (what = 'a word'): Field<string> =>
    value({
      syntax: what.toUpperCase().replace(/^(AN?|THE) /, ''),
      json: { type: 'string' },
      parse: (args) => takeWord(args, what).text,
    }),

  /** One of a fixed set of words. */
  oneOf: <const T extends readonly string[]>(...choices: T): Field<T[number]> =>
    value<T[number]>({
      syntax: choices.join('|'),
      json: { enum: choices },
      parse(args) {
        const word = takeWord(args, `one of ${choices.join(', ')}`);
        if (choices.includes(word.text)) return word.text;
        const near = closest(word.text, choices);
        return args.fail(`"${word.text}" is not one of ${choices.join(', ')}`, {
          at: word.at,
          code: 'CONFIG_BAD_VALUE',
          ...(near === undefined ? {} : { hint: `did you mean "${near}"?` }),
        });
      },
    }),

  /** A command with its arguments, in keepalived's script syntax (quotes, escapes). The words are the argument vector. */
  command: (): Field<readonly string[]> =>
    value<readonly string[]>({
      syntax: 'COMMAND [ARG]...',
      json: { type: 'string' },
      lexer: 'command',
      parse(args) {
        const words: string[] = [takeWord(args, 'a command').text];
        for (let word = args.take(); word !== undefined; word = args.take()) words.push(word.text);
        return words;
      },
    }),

  /** A value with a syntax of its own. */
  custom: <T>(spec: ValueSpec<T>): Field<T> => value(spec),

  /** A block of lines, each parsed alike (`virtual_ipaddress { ... }`); arguments on the keyword's own line count as one line. */
  lines: <T>(item: ValueSpec<T>): Field<readonly T[]> =>
    new Field<readonly T[]>({ kind: 'lines', item: item as ValueSpec<unknown> }, { default: [] }),

  /** Keywords in braces. */
  block: <F extends Fields>(fields: F): Block<F> => new Block(fields),

  /** A block of lines without keywords, all parsed alike: `virtual_server_group WEB { ... }`. They are the value of the keyword `''`. */
  entries: <T>(item: ValueSpec<T>): Block<{ readonly '': Field<readonly T[]> }> =>
    new Block({ '': new Field<readonly T[]>({ kind: 'lines', item: item as ValueSpec<unknown> }, { default: [] }) }),

  /** A block as a keyword of another block. */
  nested: <F extends Fields>(block: Block<F>): Field<Infer<Block<F>>> =>
    new Field({ kind: 'block', block: block as unknown as Block<Fields> }),

  /** A block with words in front of its brace; repeated, as a rule. */
  headed: <H, F extends Fields>(header: ValueSpec<H>, block: Block<F>): Field<Headed<H, Infer<Block<F>>>> =>
    new Field({ kind: 'headed', header: header as ValueSpec<unknown>, block: block as unknown as Block<Fields> }),

  /**
   * A place for blocks that other plugins contribute with `app.config.plug(group, ...)`: their keywords may stand here, any of them
   * several times. The value is the list, in order; the name of the field itself is no keyword.
   */
  plugged: (group: string): Field<readonly Plugged[]> =>
    new Field<readonly Plugged[]>({ kind: 'plugged', group }, { default: [] }),

  /** A keyword that keepalived knows and this plugin does not do yet: an error with its position, never silence. */
  notBuilt: (feature: string): Field<undefined> => new Field<undefined>({ kind: 'notBuilt', feature }, { isOptional: true }),

  /** A keyword that changes nothing here, and whose absence changes nothing that matters: taken, with a warning that says why. */
  noEffect: (why: string): Field<undefined> =>
    value<undefined>({
      syntax: '[VALUE]...',
      json: {},
      parse(args) {
        const { at } = args;
        while (args.take() !== undefined);
        args.warn(`this has no effect: ${why}`, { at, code: 'CONFIG_NO_EFFECT' });
        return undefined;
      },
    })
      .optional()
      .doc(`Has no effect: ${why}.`),
};

/** Longer words are not slips of the finger, and would cost time. */
const longestKeyword = 64;

/** The candidate nearest to `word` by edit distance, where it is near enough to be a slip of the finger. */
export function closest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  if (word.length > longestKeyword) return undefined;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue;
    const d = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (d < bestDistance) [best, bestDistance] = [candidate, d];
  }
  return best;
}

/** Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours each cost one. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let d = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) d = Math.min(d, (before[j - 2] ?? 0) + 1);
      next.push(d);
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
}
