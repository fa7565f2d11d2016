/**
 * A regular expression of the configuration, ready to be searched for in an answer while it arrives. `regex` and its companions mean
 * what they mean to PCRE2; time grows with the length of the answer and not otherwise. Used by judge.ts and by the schema.
 */
import { Alphabet } from './alphabet.js';
import { Automaton, type Place } from './automaton.js';
import { Effort } from './effort.js';
import { wordCharacters } from './escapes.js';
import { parsePattern } from './parser.js';
import { programOf } from './program.js';
import type { PatternOptions } from './syntax.js';
import { longestBlock, type SearchWindow, Transitions } from './transitions.js';

export { TooCostly } from './effort.js';
export { PatternError, type PatternOptions } from './syntax.js';
export { NotUtf8, type SearchWindow } from './transitions.js';

/** Steps in one answer: some hundred milliseconds, with pauses between (judge.ts). */
const mostEffort = 100_000_000;

/** A look-up that fails costs as much as so many that do not, and more where many states are alive. */
const priceOfMiss = 16;
/** Misses that are afforded in advance, times their price: at first, while places are learnt, and when remembering is tried again. */
const firstCredit = 512 * priceOfMiss;
const laterCredit = 64 * priceOfMiss;
/** Symbols that are walked without remembering, when hardly any place came again: at first, and at most. */
const shortestRun = 2048;
const longestRun = 65_536;

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
    return new Search(this.automaton, new Transitions(this.alphabet, this.options, window));
  }
}

/** One search through one text. */
export class Search {
  private place: Place;
  private readonly effort = new Effort(mostEffort);
  /** What look-ups that succeed have earned, and those that fail have not spent. */
  private credit = firstCredit;
  /** Symbols that are still to be walked without remembering; how many it will be the next time. */
  private runs = 0;
  private nextRun = shortestRun;

  constructor(
    private readonly automaton: Automaton,
    private readonly transitions: Transitions,
  ) {
    this.place = automaton.origin;
  }

  get hasFound(): boolean {
    return this.place === this.automaton.found;
  }

  /** Nothing that comes can change the result. */
  get isOver(): boolean {
    return this.hasFound || (this.place.waiting.length === 0 && this.transitions.isPast);
  }

  /** Steps so far. */
  get spent(): number {
    return this.effort.spent;
  }

  /** The next octets of the text. Throws NotUtf8, TooCostly. */
  feed(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length && !this.isOver; at += longestBlock) {
      this.transitions.read(bytes.subarray(at, at + longestBlock));
      this.walk();
    }
  }

  /** The text is complete; true: something was found. Throws NotUtf8, TooCostly. */
  end(): boolean {
    // What was not fed any more may have begun in the middle of a character.
    if (this.isOver) return this.hasFound;
    this.transitions.readEnd();
    this.walk();
    return this.hasFound;
  }

  /** Over the transitions that were read. */
  private walk(): void {
    const { automaton, effort } = this;
    const { all, count } = this.transitions;
    for (let at = 0; at < count && !this.hasFound; ) {
      if (this.runs === 0) {
        at = this.lookUp(all, at, count);
        continue;
      }
      const to = Math.min(count, at + this.runs);
      this.place = automaton.run(this.place, all, at, to, effort);
      this.runs -= to - at;
      if (this.runs === 0) this.place = automaton.remember(this.place, effort);
      at = to;
    }
  }

  /** With what is remembered, as long as that pays. Answers how far it came. */
  private lookUp(all: Int32Array, from: number, to: number): number {
    const { automaton } = this;
    const { found } = automaton;
    let { place } = this;
    let counted = from;
    let at = from;
    while (at < to && place !== found) {
      const next = place.onward[all[at] as number];
      if (next !== undefined) {
        place = next;
        at++;
        continue;
      }
      place = automaton.step(place, all[at] as number, this.effort);
      at++;
      this.credit = Math.min(firstCredit, this.credit + at - counted) - priceOfMiss;
      counted = at;
      if (this.credit > 0) continue;
      this.credit = laterCredit;
      this.runs = this.nextRun;
      this.nextRun = Math.min(longestRun, 2 * this.nextRun);
      break;
    }
    this.credit = Math.min(firstCredit, this.credit + at - counted);
    this.place = place;
    return at;
  }
}
