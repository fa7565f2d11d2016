/**
 * `$` definitions of keepalived.conf: named pieces of text that are looked up when they are used, and the built-in ones. A
 * definition may hold several lines. Used by reader.ts.
 */

export interface ScopeOptions {
  readonly instance: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** 0 <= n < 1; replaced when the configuration sets random_seed. */
  readonly random?: () => number;
}

/** A use of a name that has a value. */
export interface Use {
  readonly start: number;
  readonly end: number;
  /** The lines of the value; one at least. */
  readonly value: readonly string[];
}

/** `$NAME` before a blank, a comma, a parenthesis or the end; `${NAME}` anywhere; built-ins take words inside the braces. */
const use = /\$(?:\{([A-Za-z_][A-Za-z0-9_]*)((?:[ \t][^{}]*)?)\}|([A-Za-z_][A-Za-z0-9_]*)(?=[\s,)]|$))/y;

export class Scope {
  private readonly values = new Map<string, readonly string[]>();
  private random: () => number;

  constructor(private readonly options: ScopeOptions) {
    this.random = options.random ?? Math.random;
  }

  define(name: string, lines: readonly string[]): void {
    this.values.set(name, lines);
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

  /** The first use between `from` and `to` of a name that has a value. Names without one are text like any other. */
  next(text: string, from: number, to: number, folder: string): Use | undefined {
    for (let at = text.indexOf('$', from); at >= 0 && at < to; at = text.indexOf('$', at + 1)) {
      use.lastIndex = at;
      const match = use.exec(text);
      if (match === null) continue;
      const end = match.index + match[0].length;
      if (end > to) return undefined;
      const [, braced, parameters = '', bare] = match;
      const value = this.valueOf(braced ?? bare ?? '', parameters.trim(), folder);
      if (value !== undefined) return { start: match.index, end, value };
    }
    return undefined;
  }

  private valueOf(name: string, parameters: string, folder: string): readonly string[] | undefined {
    const own = parameters === '' ? this.values.get(name) : undefined;
    const value = own ?? this.builtIn(name, parameters, folder);
    return typeof value === 'string' ? [value] : value;
  }

  private builtIn(name: string, parameters: string, folder: string): string | undefined {
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
        return parameters === '' ? undefined : (this.options.env[parameters] ?? '');
      case '_RANDOM':
        return this.randomIn(parameters);
      default:
        return undefined;
    }
  }

  private randomIn(parameters: string): string | undefined {
    const match = /^(?:([0-9]+)(?:[ \t]+([0-9]+))?)?$/.exec(parameters);
    if (match === null) return undefined;
    const [min, max] = [Number(match[1] ?? 0), Number(match[2] ?? 32767)];
    return max < min ? undefined : String(Math.floor(min + this.random() * (max - min + 1)));
  }
}
