/** `ha_suspend`: which virtual servers' addresses are on this host, so that their real servers are probed. Made by manager.ts. */
import type { Addresses, Clock, Timer } from '@mainstay/sdk';

/** A virtual router that changes its state moves many addresses; they are looked at together. */
const settleMs = 100;

export class Suspension {
  readonly #unwatch: () => void;
  #wanted: ReadonlySet<string> = new Set();
  #present: ReadonlySet<string> = new Set();
  #timer: Timer | undefined;

  constructor(
    private readonly addresses: Addresses,
    private readonly clock: Clock,
    private readonly onChange: () => void,
  ) {
    this.#unwatch = addresses.watch(({ address: { address } }) => {
      if (this.#wanted.has(address)) this.#timer ??= this.clock.after(settleMs, () => this.#settle());
    });
  }

  /** The addresses that matter from now on. */
  follow(addresses: ReadonlySet<string>): void {
    this.#wanted = addresses;
    this.#present = this.#look();
  }

  isPresent(address: string): boolean {
    return this.#present.has(address);
  }

  close(): void {
    this.#timer?.cancel();
    this.#unwatch();
  }

  #settle(): void {
    this.#timer = undefined;
    const before = this.#present;
    this.#present = this.#look();
    const isSame = before.size === this.#present.size && [...before].every((address) => this.#present.has(address));
    if (!isSame) this.onChange();
  }

  #look(): ReadonlySet<string> {
    if (this.#wanted.size === 0) return new Set();
    const here = this.addresses.list().filter(({ address, isTentative }) => this.#wanted.has(address) && isTentative !== true);
    return new Set(here.map(({ address }) => address));
  }
}
