/**
 * A pattern's states, followed symbol by symbol without remembering anything: what a symbol costs is the number of states that are alive,
 * and nothing else. All memory is made once. Pure; used by automaton.ts.
 */
import type { Alphabet } from './alphabet.js';
import type { Program } from './program.js';
import type { Assertion } from './syntax.js';

/** The character before a place, as far as assertions ask. */
export type Before = 0 | 1 | 2 | 3;
export const textStart: Before = 0;
const newline: Before = 1;
const wordCharacter: Before = 2;
export const otherCharacter: Before = 3;
const manyBefore = 4;

const takes = 0;
const asserts = 1;
const forks = 2;
const finds = 3;

const assertions: readonly Assertion[] = [
  'start',
  'lineStart',
  'anyLineStart',
  'end',
  'lastEnd',
  'lineEnd',
  'boundary',
  'notBoundary',
];

/** A number beyond would not be found again in `marks`, and a loop not left. */
const lastRound = 0x7fff_ffff;

export class Simulation {
  /** Symbols, with those behind all characters. A transition is a symbol; `width` more: a match may begin before it. */
  readonly width: number;
  /** What the last `run` has led to: states that wait for the next symbol (the first `count`, in no order), what came before, its steps. */
  waiting: Int32Array;
  count = 0;
  before: Before = textStart;
  steps = 0;
  private open: Int32Array;
  /** Of each state: the round in which it was taken up last, in lists that are looked at and lists that are filled, in turns. */
  private marks: Int32Array;
  private marksAhead: Int32Array;
  private round = 0;
  private readonly start: number;
  private readonly kinds: Uint8Array;
  private readonly nexts: Int32Array;
  /** Where a state's row begins in `rows`: of a set's members, or of the symbols at which an assertion holds (a row for each Before). */
  private readonly rowOf: Int32Array;
  private readonly rows: Uint8Array;
  /** Of forks, one behind the other: where they lead. */
  private readonly branches: Int32Array;
  private readonly branchesFrom: Int32Array;
  private readonly behind: Uint8Array;

  constructor({ states, sets, start }: Program, alphabet: Alphabet) {
    const { length } = states;
    const width = alphabet.end + 1;
    this.width = width;
    this.start = start;
    this.kinds = new Uint8Array(length);
    this.nexts = new Int32Array(length);
    this.rowOf = new Int32Array(length);
    this.branchesFrom = new Int32Array(length + 1);
    const branches: number[] = [];
    for (const [i, state] of states.entries()) {
      this.branchesFrom[i] = branches.length;
      if (state.kind === 'fork') branches.push(...state.next);
      else if (state.kind !== 'found') this.nexts[i] = state.next;
      if (state.kind === 'set') this.rowOf[i] = state.set * width;
      if (state.kind === 'assert') this.rowOf[i] = (sets.length + assertions.indexOf(state.what) * manyBefore) * width;
      this.kinds[i] = state.kind === 'set' ? takes : state.kind === 'assert' ? asserts : state.kind === 'fork' ? forks : finds;
    }
    this.branchesFrom[length] = branches.length;
    this.branches = Int32Array.from(branches);
    const asks = (...what: readonly Assertion[]) => states.some((state) => state.kind === 'assert' && what.includes(state.what));
    this.behind = behindEach(alphabet, asks('lineStart', 'anyLineStart'), asks('boundary', 'notBoundary'));
    this.rows = rowsOf(sets.length, width, (set, symbol) => alphabet.isIn(sets[set] ?? [], symbol), alphabet);
    this.waiting = new Int32Array(length);
    this.open = new Int32Array(length);
    this.marks = new Int32Array(length);
    this.marksAhead = new Int32Array(length);
  }

  /** From `waiting` over transitions number `from` to `to` (exclusive). true: something was found, and the rest was not looked at. */
  run(waiting: Int32Array, before: Before, transitions: Int32Array, from: number, to: number): boolean {
    if (this.round > lastRound - (to - from) - 2) {
      this.marks.fill(0);
      this.marksAhead.fill(0);
      this.round = 0;
    }
    const { width, start, kinds, nexts, rowOf, rows, branches, branchesFrom, behind } = this;
    let { open, waiting: ahead, marks, marksAhead } = this;
    let round = ++this.round;
    for (let i = 0; i < waiting.length; i++) {
      const state = waiting[i] as number;
      ahead[i] = state;
      marksAhead[state] = round;
    }
    let aheadCount = waiting.length;
    let here: number = before;
    let steps = to - from;
    let isFound = false;
    for (let at = from; at < to && !isFound; at++) {
      [open, ahead] = [ahead, open];
      [marks, marksAhead] = [marksAhead, marks];
      let openCount = aheadCount;
      aheadCount = 0;
      let symbol = transitions[at] as number;
      if (symbol >= width) {
        symbol -= width;
        if (marks[start] !== round) {
          marks[start] = round;
          open[openCount++] = start;
        }
      }
      for (let i = 0; i < openCount; i++) {
        const state = open[i] as number;
        const kind = kinds[state];
        if (kind === takes) {
          if (rows[(rowOf[state] as number) + symbol] !== 1) continue;
          const next = nexts[state] as number;
          if (marksAhead[next] === round + 1) continue;
          marksAhead[next] = round + 1;
          ahead[aheadCount++] = next;
        } else if (kind === forks) {
          const end = branchesFrom[state + 1] as number;
          for (let branch = branchesFrom[state] as number; branch < end; branch++) {
            const next = branches[branch] as number;
            if (marks[next] === round) continue;
            marks[next] = round;
            open[openCount++] = next;
          }
        } else if (kind === asserts) {
          if (rows[(rowOf[state] as number) + here * width + symbol] !== 1) continue;
          const next = nexts[state] as number;
          if (marks[next] === round) continue;
          marks[next] = round;
          open[openCount++] = next;
        } else {
          isFound = true;
          break;
        }
      }
      steps += openCount;
      here = behind[symbol] as number;
      round++;
    }
    Object.assign(this, { open, waiting: ahead, marks, marksAhead, round, count: aheadCount, before: here, steps });
    return isFound;
  }
}

/** What comes before the place behind each symbol. */
function behindEach(alphabet: Alphabet, asksLines: boolean, asksWords: boolean): Uint8Array {
  return Uint8Array.from({ length: alphabet.end + 1 }, (_, symbol) => {
    if (symbol === alphabet.newline || symbol === alphabet.lastNewline) return asksLines ? newline : otherCharacter;
    return asksWords && alphabet.isWord(symbol) ? wordCharacter : otherCharacter;
  });
}

function rowsOf(sets: number, width: number, isIn: (set: number, symbol: number) => boolean, alphabet: Alphabet): Uint8Array {
  const rows = new Uint8Array((sets + assertions.length * manyBefore) * width);
  for (let symbol = 0; symbol < width; symbol++) {
    for (let set = 0; set < sets; set++) rows[set * width + symbol] = isIn(set, symbol) ? 1 : 0;
    for (const [i, what] of assertions.entries()) {
      for (let before = 0; before < manyBefore; before++) {
        const row = sets + i * manyBefore + before;
        rows[row * width + symbol] = holds(what, before, symbol, alphabet) ? 1 : 0;
      }
    }
  }
  return rows;
}

function holds(what: Assertion, before: number, symbol: number, alphabet: Alphabet): boolean {
  const { lastNewline, end } = alphabet;
  switch (what) {
    case 'start':
      return before === textStart;
    case 'lineStart':
      return before === textStart || (before === newline && symbol !== end);
    case 'anyLineStart':
      return before === textStart || before === newline;
    case 'end':
      return symbol === end;
    case 'lastEnd':
      return symbol === end || symbol === lastNewline;
    case 'lineEnd':
      return symbol === end || symbol === lastNewline || symbol === alphabet.newline;
    case 'boundary':
      return (before === wordCharacter) !== alphabet.isWord(symbol);
    case 'notBoundary':
      return (before === wordCharacter) === alphabet.isWord(symbol);
    default:
      return what satisfies never;
  }
}
