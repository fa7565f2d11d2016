/** How long this process stood still: what a busy machine takes away from a bound in time. Used by the tests of traffic. */

const tickMs = 20;

/** A bound in time holds for a machine that has time: `stalledMs` is to be added to it. */
export class Stalls {
  #stalledMs = 0;
  #expectedAt = performance.now() + tickMs;
  readonly #timer = setInterval(() => this.#tick(), tickMs);

  /** Milliseconds since the beginning; ends it. */
  end(): number {
    clearInterval(this.#timer);
    this.#tick();
    return Math.round(this.#stalledMs);
  }

  #tick(): void {
    const now = performance.now();
    this.#stalledMs += Math.max(0, now - this.#expectedAt);
    this.#expectedAt = now + tickMs;
  }
}
