/**
 * A regular expression of the configuration, ready to be searched for in an answer while it arrives. `regex` and its companions mean
 * what they mean to PCRE2; time grows with the length of the answer and not otherwise. Used by judge.ts and by the schema.
 */
import { TextDecoder } from 'node:util';
import { Alphabet } from './alphabet.js';
import { Automaton, Effort, type Place } from './automaton.js';
import { wordCharacters } from './escapes.js';
import { parsePattern } from './parser.js';
import { programOf } from './program.js';
import type { PatternOptions } from './syntax.js';

export { TooCostly } from './automaton.js';
export { PatternError, type PatternOptions } from './syntax.js';

/** The answer is no UTF-8, and the option utf says that it must be. */
export class NotUtf8 extends Error {}

/** Steps through states of the automaton for new places, in one answer: some tens of milliseconds. */
const mostEffort = 3_000_000;

export interface SearchWindow {
  /** Octets of the text before the first at which a match may begin. */
  readonly from: number;
  /** The last at which one may begin; absent: anywhere. */
  readonly until?: number;
}

export class Pattern {
  private readonly alphabet: Alphabet;
  private readonly automaton: Automaton;

  /** Throws PatternError. */
  constructor(
    source: string,
    private readonly options: PatternOptions,
  ) {
    const program = programOf(parsePattern(source, options));
    const asksWords = program.states.some((state) => state.kind === 'assert' && state.what.endsWith('oundary'));
    this.alphabet = new Alphabet(program.sets, asksWords ? wordCharacters(options) : []);
    this.automaton = new Automaton(program, this.alphabet);
  }

  search(window: SearchWindow = { from: 0 }): Search {
    return new Search(this.automaton, this.alphabet, this.options, window);
  }
}

/** One search through one text. */
export class Search {
  private place: Place;
  private offset = 0;
  private readonly until: number;
  private isBehindFirstLine = false;
  /** A newline is held back until it is known whether it ends the text. */
  private holdsNewline = false;
  private readonly effort = new Effort(mostEffort);
  private readonly decoder: TextDecoder | undefined;

  constructor(
    private readonly automaton: Automaton,
    private readonly alphabet: Alphabet,
    private readonly options: PatternOptions,
    private readonly window: SearchWindow,
  ) {
    this.place = automaton.origin;
    this.until = window.until ?? Number.POSITIVE_INFINITY;
    this.decoder = options.utf ? new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }) : undefined;
  }

  get hasFound(): boolean {
    return this.place === this.automaton.found;
  }

  /** Nothing that comes can change the result. */
  get isOver(): boolean {
    return (
      this.hasFound ||
      (this.place.waiting.length === 0 && this.offset > 0 && (this.isBehindFirstLine || this.offset > this.until))
    );
  }

  /** The next octets of the text. Throws NotUtf8, TooCostly. */
  feed(bytes: Uint8Array): void {
    if (this.decoder !== undefined) for (const character of this.decoded(bytes)) this.take(character.codePointAt(0) ?? 0);
    else this.feedOctets(bytes);
  }

  /** The same as take for each, where nothing is special about it: bodies are long. */
  private feedOctets(bytes: Uint8Array): void {
    const { low } = this.alphabet;
    const { from } = this.window;
    for (let i = 0; i < bytes.length; i++) {
      const code = bytes[i] ?? 0;
      if (code === 10 || this.holdsNewline) {
        this.take(code);
        if (this.isOver) return;
        continue;
      }
      const begins = this.offset >= from && this.offset <= this.until && !this.isBehindFirstLine;
      const symbol = low[code] ?? 0;
      const next = this.place.onward[begins ? 1 : 0][symbol];
      if (next === undefined) this.step(symbol, 1);
      else {
        this.place = next;
        this.offset++;
      }
      if (this.place === this.automaton.found) return;
    }
  }

  /** The text is complete; true: something was found. */
  end(): boolean {
    if (this.hasFound) return true;
    if (this.decoder !== undefined) for (const character of this.decoded()) this.take(character.codePointAt(0) ?? 0);
    if (this.holdsNewline) this.step(this.alphabet.lastNewline, 1);
    this.step(this.alphabet.end, 0);
    return this.hasFound;
  }

  private decoded(bytes?: Uint8Array): string {
    try {
      return this.decoder?.decode(bytes, { stream: bytes !== undefined }) ?? '';
    } catch {
      throw new NotUtf8();
    }
  }

  private take(code: number): void {
    if (this.holdsNewline) this.step(this.alphabet.newline, 1);
    this.holdsNewline = code === 10;
    if (!this.holdsNewline) this.step(this.alphabet.symbolOf(code), code < 0x80 ? 1 : this.lengthOf(code));
  }

  private lengthOf(code: number): number {
    return this.decoder === undefined ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }

  private step(symbol: number, length: number): void {
    if (this.hasFound) return;
    const { offset } = this;
    const begins = offset >= this.window.from && offset <= this.until && !this.isBehindFirstLine;
    this.place = this.automaton.step(this.place, symbol, begins, this.effort);
    const isNewline = symbol === this.alphabet.newline || symbol === this.alphabet.lastNewline;
    if (isNewline && this.options.firstline && offset >= this.window.from) this.isBehindFirstLine = true;
    this.offset += length;
  }
}
