/** Which hosts of a segment cannot hear each other. Set by tests and by the fault scripts of simulations. */

export class Partition {
  #groups: readonly ReadonlySet<string>[] = [];
  readonly #blocked = new Set<string>();

  /** Hosts of different groups no longer hear each other; hosts in no group still hear and reach everybody. */
  split(...groups: readonly (readonly string[])[]): void {
    this.#groups = groups.map((group) => new Set(group));
  }

  /** `to` no longer hears `from`; the other direction is as before. */
  block(from: string, to: string): void {
    this.#blocked.add(`${from} ${to}`);
  }

  /** Everybody hears everybody again. */
  heal(): void {
    this.#groups = [];
    this.#blocked.clear();
  }

  get isWhole(): boolean {
    return this.#groups.length === 0 && this.#blocked.size === 0;
  }

  /** True when frames from the one do not reach the other. */
  cuts(from: string, to: string): boolean {
    if (this.#blocked.size > 0 && this.#blocked.has(`${from} ${to}`)) return true;
    if (this.#groups.length === 0) return false;
    const a = this.#groups.find((group) => group.has(from));
    const b = this.#groups.find((group) => group.has(to));
    return a !== undefined && b !== undefined && a !== b;
  }
}
