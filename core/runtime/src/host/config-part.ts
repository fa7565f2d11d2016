/**
 * A plugin's part of the configuration: the handles it declared, so that a reload reconfigures only the plugins whose values
 * changed. Wraps the ConfigPoints that `setup` sees.
 */
import { type ConfigHandle, type ConfigPoints, MainstayError } from '@mainstay/sdk';
import { isSameValue } from '../config/bind/same-value.js';

/** Names and values of everything a plugin reads; positions do not count. */
export type PartSnapshot = readonly (readonly { readonly block: string; readonly value: unknown }[])[];

export class ConfigPart {
  readonly #handles: ConfigHandle<unknown>[] = [];
  #isSealed = false;

  constructor(
    readonly plugin: string,
    /** Absent for a plugin that another one brought along: the configuration is bound by then. */
    private readonly real: ConfigPoints | undefined,
  ) {}

  /** The plugin's `app.config`. Throws after `seal`: a keyword declared late would never be bound. */
  readonly points: ConfigPoints = {
    named: (keyword, block) => this.#keep(keyword, (real) => real.named(keyword, block)),
    block: (keyword, block) => this.#keep(keyword, (real) => real.block(keyword, block)),
    root: (fields) => this.#keep(Object.keys(fields)[0] ?? '', (real) => real.root(fields)),
    extend: (keyword, fields, options) => this.#keep([keyword].flat().join(' '), (real) => real.extend(keyword, fields, options)),
    headed: (keyword, header, block) => this.#keep(keyword, (real) => real.headed(keyword, header, block)),
    plug: (group, keyword, block, facts) => this.#inTime(`the block "${keyword}"`).plug(group, keyword, block, facts),
    check: (check) => {
      this.#inTime('a check').check(check);
    },
  };

  seal(): void {
    this.#isSealed = true;
  }

  snapshot(): PartSnapshot {
    return this.#handles.map((handle) => handle.entries.map(({ block, value }) => ({ block, value })));
  }

  static isSame(a: PartSnapshot, b: PartSnapshot): boolean {
    return isSameValue(a, b);
  }

  #keep<T>(keyword: string, declare: (real: ConfigPoints) => ConfigHandle<T>): ConfigHandle<T> {
    const handle = declare(this.#inTime(`the keyword "${keyword}"`));
    this.#handles.push(handle);
    return handle;
  }

  #inTime(what: string): ConfigPoints {
    if (this.real !== undefined && !this.#isSealed) return this.real;
    const message = `plugin ${this.plugin} declares ${what} when the configuration is bound already`;
    throw new MainstayError('PLUGIN_SETUP_FAILED', message, 'declare it in the setup() of a plugin that the daemon loads itself');
  }
}
