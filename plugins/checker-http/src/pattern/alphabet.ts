/** The characters that a pattern tells apart, as few symbols. Pure; used by automaton.ts. */
import { has, type Ranges } from './sets.js';
import { PatternError } from './syntax.js';

/** Sets times limits, of patterns with very many Unicode classes. */
const mostWork = 4_000_000;
const newlines: Ranges = [10, 10];

export class Alphabet {
  /** How many symbols there are for characters; two more stand for the newline that ends the text, and for its end. */
  readonly size: number;
  readonly newline: number;
  readonly lastNewline: number;
  readonly end: number;
  /** Symbol of each character below 256. */
  readonly low: Uint16Array;
  private readonly limits: readonly number[];
  private readonly symbols: readonly number[];
  private readonly samples: readonly number[];

  /** `words`: what assertions of word boundaries take for a word. */
  constructor(
    sets: readonly Ranges[],
    private readonly words: Ranges,
  ) {
    const all = [...sets, newlines, words];
    const limits = new Set([0]);
    for (const ranges of all) for (let i = 0; i < ranges.length; i++) limits.add((ranges[i] ?? 0) + (i % 2));
    this.limits = [...limits].sort((a, b) => a - b);
    if (this.limits.length * all.length > mostWork) throw new PatternError('the pattern has too many classes of characters', 0);
    const byMembership = new Map<string, number>();
    const samples: number[] = [];
    this.symbols = this.limits.map((first) => {
      const key = all.map((ranges) => (has(ranges, first) ? '1' : '0')).join('');
      const symbol = byMembership.get(key) ?? samples.push(first) - 1;
      byMembership.set(key, symbol);
      return symbol;
    });
    this.samples = samples;
    this.size = samples.length;
    this.lastNewline = this.size;
    this.end = this.size + 1;
    this.low = Uint16Array.from({ length: 256 }, (_, code) => this.find(code));
    this.newline = this.find(10);
  }

  symbolOf(code: number): number {
    return code < 256 ? (this.low[code] ?? 0) : this.find(code);
  }

  isIn(ranges: Ranges, symbol: number): boolean {
    const sample = symbol === this.lastNewline ? 10 : this.samples[symbol];
    return sample !== undefined && has(ranges, sample);
  }

  isWord(symbol: number): boolean {
    return this.isIn(this.words, symbol);
  }

  private find(code: number): number {
    let [low, high] = [0, this.limits.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.limits[middle] ?? 0) <= code) low = middle;
      else high = middle - 1;
    }
    return this.symbols[low] ?? 0;
  }
}
