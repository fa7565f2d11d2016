/**
 * Runs a pattern over a text, symbol by symbol, in one pass: all ways to match at once, so that no text makes it go back. Where it has
 * been before, one look-up leads on. Pure; used by pattern.ts.
 */
import type { Alphabet } from './alphabet.js';
import type { Program, State } from './program.js';
import type { Assertion } from './syntax.js';

/** The character before a place, as far as assertions ask. */
type Before = 'start' | 'newline' | 'word' | 'other';

/** A place in the automaton: the states that wait for the next symbol, and what came before. */
export interface Place {
  readonly waiting: Int32Array;
  readonly before: Before;
  /** Where each symbol leads; `[1]`: while a match may begin here. */
  readonly onward: readonly [(Place | undefined)[], (Place | undefined)[]];
}

/** Counts what new places cost; throws TooCostly. */
export class Effort {
  private spent = 0;
  constructor(private readonly most: number) {}
  add(steps: number): void {
    this.spent += steps;
    if (this.spent > this.most) throw new TooCostly();
  }
}

export class TooCostly extends Error {}

/** Of all places that are remembered together, in numbers that they hold. */
const mostRemembered = 100_000;

/** A number beyond would not be found again in `seen`, and a loop not left. */
const lastRound = 0x7fff_ffff;

export class Automaton {
  readonly origin: Place;
  /** Something was found. */
  readonly found: Place;
  private places = new Map<string, Place>();
  private remembered = 0;
  private readonly members: readonly Uint8Array[];
  private readonly asksWords: boolean;
  private readonly asksLines: boolean;
  /** Of each state: the round in which it was looked at last. */
  private readonly seen: Int32Array;
  private round = 0;

  constructor(
    private readonly program: Program,
    private readonly alphabet: Alphabet,
  ) {
    const asks = (...what: readonly Assertion[]) => program.states.some((s) => s.kind === 'assert' && what.includes(s.what));
    this.asksWords = asks('boundary', 'notBoundary');
    this.asksLines = asks('lineStart', 'anyLineStart');
    this.members = program.sets.map((ranges) =>
      Uint8Array.from({ length: alphabet.end + 1 }, (_, symbol) => (alphabet.isIn(ranges, symbol) ? 1 : 0)),
    );
    this.seen = new Int32Array(program.states.length);
    this.origin = { waiting: new Int32Array(0), before: 'start', onward: [[], []] };
    this.found = { waiting: new Int32Array(0), before: 'other', onward: [[], []] };
  }

  /** From `place` over `symbol`. `begins`: a match may begin before it. */
  step(place: Place, symbol: number, begins: boolean, effort: Effort): Place {
    const onward = place.onward[begins ? 1 : 0];
    let next = onward[symbol];
    if (next === undefined) {
      next = this.explore(place, symbol, begins, effort);
      onward[symbol] = next;
    }
    return next;
  }

  private explore(place: Place, symbol: number, begins: boolean, effort: Effort): Place {
    const { states } = this.program;
    if (this.round === lastRound) {
      this.seen.fill(0);
      this.round = 0;
    }
    const round = ++this.round;
    const open: number[] = begins ? [...place.waiting, this.program.start] : [...place.waiting];
    const waiting = new Set<number>();
    let steps = 1;
    for (let index = open.pop(); index !== undefined; index = open.pop()) {
      if (this.seen[index] === round) continue;
      this.seen[index] = round;
      steps++;
      const state = states[index] as State;
      if (state.kind === 'found') return this.found;
      if (state.kind === 'fork') open.push(...state.next);
      else if (state.kind === 'set') {
        if (this.members[state.set]?.[symbol] === 1) waiting.add(state.next);
      } else if (this.holds(state.what, place.before, symbol)) open.push(state.next);
    }
    effort.add(steps + waiting.size);
    return this.placeOf([...waiting], this.behind(symbol));
  }

  private placeOf(waiting: number[], before: Before): Place {
    const key = `${before} ${waiting.sort((a, b) => a - b).join()}`;
    const known = this.places.get(key);
    if (known !== undefined) return known;
    const place: Place = { waiting: Int32Array.from(waiting), before, onward: [[], []] };
    this.remembered += waiting.length + 2 * this.alphabet.end + 8;
    // Begun anew: the places of old go as soon as nobody stands on one.
    if (this.remembered > mostRemembered) {
      this.places = new Map();
      this.remembered = 0;
      this.origin.onward[0].length = 0;
      this.origin.onward[1].length = 0;
    }
    this.places.set(key, place);
    return place;
  }

  private behind(symbol: number): Before {
    const { alphabet } = this;
    if (symbol === alphabet.newline || symbol === alphabet.lastNewline) return this.asksLines ? 'newline' : 'other';
    return this.asksWords && alphabet.isWord(symbol) ? 'word' : 'other';
  }

  private holds(what: Assertion, before: Before, symbol: number): boolean {
    const { newline, lastNewline, end } = this.alphabet;
    switch (what) {
      case 'start':
        return before === 'start';
      case 'lineStart':
        return before === 'start' || (before === 'newline' && symbol !== end);
      case 'anyLineStart':
        return before === 'start' || before === 'newline';
      case 'end':
        return symbol === end;
      case 'lastEnd':
        return symbol === end || symbol === lastNewline;
      case 'lineEnd':
        return symbol === end || symbol === lastNewline || symbol === newline;
      case 'boundary':
        return (before === 'word') !== this.alphabet.isWord(symbol);
      case 'notBoundary':
        return (before === 'word') === this.alphabet.isWord(symbol);
      default:
        return what satisfies never;
    }
  }
}
