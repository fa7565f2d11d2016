/**
 * Events raised while a tap runs are queued and delivered when the outermost call has ended: taps never nest, and a step of
 * the owner is never re-entered. Used by the bus only.
 */

/** Events delivered in one go before the rest is dropped: two taps that answer each other would never end. */
export const drainLimit = 10_000;

export class Mailbox<Event> {
  #depth = 0;
  #isDraining = false;
  #queue: Event[] = [];

  constructor(
    private readonly deliver: (event: Event) => void,
    private readonly overflowed: (dropped: readonly Event[]) => void,
  ) {}

  enter(): void {
    this.#depth++;
  }

  leave(): void {
    this.#depth--;
    if (this.#depth === 0 && this.#queue.length > 0) this.drain();
  }

  /** Delivers now, or after the call under way. */
  post(event: Event): void {
    this.#queue.push(event);
    if (this.#depth === 0) this.drain();
  }

  private drain(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    let delivered = 0;
    while (this.#queue.length > 0 && delivered < drainLimit) {
      const batch = this.#queue;
      this.#queue = [];
      for (const [i, event] of batch.entries()) {
        if (++delivered > drainLimit) {
          this.#queue = [...batch.slice(i), ...this.#queue];
          break;
        }
        this.deliver(event);
      }
    }
    const dropped = this.#queue;
    this.#queue = [];
    this.#isDraining = false;
    if (dropped.length > 0) this.overflowed(dropped);
  }
}
