/**
 * `$` definitions of keepalived.conf: named pieces of text, expanded where they are used, and the built-in ones. A definition
 * may hold several lines. Used by reader.ts.
 */
import type { Line } from './line.js';

export interface ScopeOptions {
  readonly instance: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** 0 <= n < 1; replaced when the configuration sets random_seed. */
  readonly random?: () => number;
}

/** Text may grow this much and no more: a definition that uses itself twice would fill the memory. */
const mostCharacters = 1_000_000;
const mostRounds = 1000;

const use = /\$(?:\{([A-Za-z_][A-Za-z0-9_]*)((?:\s[^}]*)?)\}|([A-Za-z_][A-Za-z0-9_]*)(?=[\s,)]|$))/g;

export class Scope {
  private readonly values = new Map<string, string>();
  private random: () => number;

  constructor(private readonly options: ScopeOptions) {
    this.random = options.random ?? Math.random;
  }

  /** Lines of a value are separated by newlines. */
  define(name: string, value: string): void {
    this.values.set(name, value);
  }

  /** `random_seed N`: from here on ${_RANDOM} is the same in every run. */
  seed(n: number): void {
    let state = n >>> 0;
    this.random = () => {
      state = (state + 0x6d2b79f5) >>> 0;
      let t = Math.imul(state ^ (state >>> 15), state | 1);
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
      return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    };
  }

  /** Every known name replaced, also inside what it stands for; unknown names stay as they are. Undefined: it never ends. */
  expand(line: Line, folder: string): Line | undefined {
    let result = line;
    let from = 0;
    for (let round = 0; round < mostRounds; round++) {
      use.lastIndex = from;
      const match = use.exec(result.text);
      if (match === null) return result;
      const [whole, braced, parameters = '', bare] = match;
      const value = this.valueOf(braced ?? bare ?? '', parameters.trim(), folder);
      if (value === undefined) from = match.index + whole.length;
      else {
        result = result.replace(match.index, match.index + whole.length, value);
        from = match.index;
      }
      if (result.text.length > mostCharacters) return undefined;
    }
    return undefined;
  }

  private valueOf(name: string, parameters: string, folder: string): string | undefined {
    const own = this.values.get(name);
    if (own !== undefined) return own;
    switch (name) {
      case '_PWD':
        return folder;
      case '_INSTANCE':
        return this.options.instance;
      case '_HASH':
        return '#';
      case '_BANG':
        return '!';
      case '_ENV':
        return this.options.env[parameters] ?? '';
      case '_RANDOM':
        return String(this.randomIn(parameters));
      default:
        return undefined;
    }
  }

  private randomIn(parameters: string): number {
    const [min = 0, max = 32767] = parameters === '' ? [] : parameters.split(/\s+/).map(Number);
    return Math.floor(min + this.random() * (max - min + 1));
  }
}
