/** What is configured, by name, and for a while what a reload has removed: its last event comes after that. Used by the service. */
import type { Clock, Timer } from '@mainstay/sdk';

/**
 * How long the scripts of what a reload removed are known, milliseconds: lanes take the new configuration one after another, and each
 * may need a minute.
 */
export const rememberedMs = 300_000;

export class Configured<Config> {
  readonly #removed = new Map<string, { readonly config: Config; readonly timer: Timer }>();

  constructor(
    private readonly clock: Clock,
    private current: ReadonlyMap<string, Config>,
  ) {}

  get(name: string): Config | undefined {
    return this.current.get(name) ?? this.#removed.get(name)?.config;
  }

  /** Is it in the configuration of now? */
  has(name: string): boolean {
    return this.current.has(name);
  }

  /** After a reload. */
  replace(next: ReadonlyMap<string, Config>): void {
    for (const name of next.keys()) this.#forget(name);
    for (const [name, config] of this.current) if (!next.has(name)) this.#remember(name, config);
    this.current = next;
  }

  /** Nothing is to come any more. */
  forgetRemoved(): void {
    for (const name of [...this.#removed.keys()]) this.#forget(name);
  }

  #remember(name: string, config: Config): void {
    this.#removed.set(name, { config, timer: this.clock.after(rememberedMs, () => this.#removed.delete(name)) });
  }

  #forget(name: string): void {
    this.#removed.get(name)?.timer.cancel();
    this.#removed.delete(name);
  }
}
