/** Gives the event loop its turn now and then during long work, so that a table of 100,000 entries holds nothing else up. */

const longestMs = 5;

export class Breath {
  #since = performance.now();

  /** Costs a turn of the loop where this much time has passed, and next to nothing otherwise. */
  async take(): Promise<void> {
    if (performance.now() - this.#since < longestMs) return;
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#since = performance.now();
  }
}
