/** What a pattern is made of once it is read, and what may be wrong with it. Shared by the parser and the automaton. */
import type { Ranges } from './sets.js';

/** Options that change what a pattern means, by PCRE2's names. */
export interface PatternOptions {
  readonly caseless: boolean;
  readonly dotall: boolean;
  readonly multiline: boolean;
  readonly extended: boolean;
  readonly dollar_endonly: boolean;
  readonly utf: boolean;
  readonly ucp: boolean;
  readonly allow_empty_class: boolean;
  readonly alt_bsux: boolean;
  readonly alt_circumflex: boolean;
  readonly firstline: boolean;
}

/**
 * `start`: of the text. `lineStart`: also behind a newline that does not end the text; `anyLineStart`: behind any. `end`: of the text;
 * `lastEnd`: also before a newline that ends it; `lineEnd`: before any.
 */
export type Assertion = 'start' | 'lineStart' | 'anyLineStart' | 'end' | 'lastEnd' | 'lineEnd' | 'boundary' | 'notBoundary';

export type Node =
  | { readonly kind: 'set'; readonly ranges: Ranges }
  | { readonly kind: 'assert'; readonly what: Assertion }
  | { readonly kind: 'sequence'; readonly items: readonly Node[] }
  | { readonly kind: 'choice'; readonly items: readonly Node[] }
  | { readonly kind: 'repeat'; readonly item: Node; readonly min: number; readonly max: number };

export const empty: Node = { kind: 'sequence', items: [] };

/** What is wrong with a pattern; `offset` counts its characters from 0. */
export class PatternError extends Error {
  constructor(
    readonly problem: string,
    readonly offset: number,
  ) {
    super(`${problem}, at character ${offset + 1}`);
  }
}

/** A pattern as its characters, read from left to right. Without utf, each octet is a character. */
export class PatternReader {
  private readonly characters: readonly string[];
  at = 0;

  constructor(pattern: string, isUtf: boolean) {
    this.characters = isUtf ? [...pattern] : [...Buffer.from(pattern).toString('latin1')];
  }

  get isAtEnd(): boolean {
    return this.at >= this.characters.length;
  }

  peek(ahead = 0): string | undefined {
    return this.characters[this.at + ahead];
  }

  take(): string | undefined {
    return this.characters[this.at++];
  }

  /** Takes `text` where it comes next. */
  skip(text: string): boolean {
    for (let i = 0; i < text.length; i++) if (this.characters[this.at + i] !== text[i]) return false;
    this.at += text.length;
    return true;
  }

  /** Takes what matches from here on; `pattern` is anchored. */
  match(pattern: RegExp): RegExpExecArray | undefined {
    // Whatever is looked for is short; the rest is not copied again and again.
    const found = pattern.exec(this.characters.slice(this.at, this.at + 64).join(''));
    if (found === null) return undefined;
    this.at += [...found[0]].length;
    return found;
  }

  /** Takes everything before `text`, and that; undefined where it does not come. */
  until(text: string): string | undefined {
    for (let i = this.at; i < this.characters.length; i++) {
      if (this.characters[i] !== text[0]) continue;
      const found = this.characters.slice(this.at, i).join('');
      this.at = i + 1;
      return found;
    }
    return undefined;
  }

  fail(problem: string, offset = this.at): never {
    throw new PatternError(problem, offset);
  }
}
