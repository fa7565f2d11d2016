/** When a lane that ended may come back: keepalived's rule. Used by lane-handle.ts. */

const stableMs = 60_000;
const longestMs = 60_000;

export class Backoff {
  #step = 0;

  /** Milliseconds to wait after a life of `livedMs`: 0, 1 s, 2 s, 4 s ... 60 s; at once after a life of a minute or more. */
  delayAfter(livedMs: number): number {
    if (livedMs >= stableMs) this.#step = 0;
    const delay = this.#step === 0 ? 0 : Math.min(longestMs, 1000 * 2 ** (this.#step - 1));
    this.#step++;
    return delay;
  }

  /** After a change that may have cured the cause, such as a reload. */
  reset(): void {
    this.#step = 0;
  }
}
