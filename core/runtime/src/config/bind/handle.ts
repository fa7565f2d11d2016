/** What a plugin holds in its hand after it declared keywords: the entries of the last bind that succeeded. Made by contributions.ts. */
import { type ConfigEntry, type ConfigHandle, MainstayError } from '@mainstay/sdk';

export class Handle implements ConfigHandle<unknown> {
  private bound: readonly ConfigEntry<unknown>[] | undefined;

  constructor(
    private readonly plugin: string,
    private readonly defaults: unknown,
    /** False: nothing is kept for it, because nobody will ask. */
    readonly isRead: boolean,
  ) {}

  get entries(): readonly ConfigEntry<unknown>[] {
    if (this.bound !== undefined) return this.bound;
    const message = `plugin ${this.plugin} reads its configuration before it is bound`;
    throw new MainstayError('CONFIG_NOT_BOUND', message, 'read it in start() or in a check, not in setup()');
  }

  get value(): unknown {
    const [first] = this.entries;
    return first === undefined ? this.defaults : first.value;
  }

  /** Shows `entries` from now on; the answer takes it back. */
  show(entries: readonly ConfigEntry<unknown>[]): () => void {
    const before = this.bound;
    this.bound = Object.freeze(entries);
    return () => {
      this.bound = before;
    };
  }
}
