/**
 * Slows a lane that publishes leases without end down to what the realtime lane does not notice: beyond a burst, and while that lane
 * does not read, only the newest terms of each lease go on, a bounded number each second. Used by router.ts, one gate for each lane that
 * publishes.
 */
import type { Clock } from '@mainstay/sdk';

/** Far beyond what sensible plugins publish: a thousand objects once, and two hundred changes in each second. */
const burst = 1000;
const perSecond = 200;
const periodMs = 100;
const mostWaiting = 10_000;

export class LeaseGate<Message> {
  readonly #clock: Clock;
  readonly #pass: (message: Message) => void;
  readonly #isFree: (message: Message) => boolean;
  readonly #waiting = new Map<string, Message>();
  #tokens = burst;
  #filledAt: number;
  #isArmed = false;
  /** Leases that never went on: their lane published under ever new names. */
  lost = 0;

  /** `isFree`: false while a message must wait, because whoever it goes to does not take it. */
  constructor(clock: Clock, pass: (message: Message) => void, isFree: (message: Message) => boolean = () => true) {
    this.#clock = clock;
    this.#pass = pass;
    this.#isFree = isFree;
    this.#filledAt = clock.now();
  }

  /** `id` says which lease it is; a newer message about it replaces one that waits. */
  put(id: string, message: Message): void {
    this.#fill();
    if (this.#waiting.size === 0 && this.#tokens >= 1 && this.#isFree(message)) {
      this.#tokens--;
      this.#pass(message);
    } else if (this.#waiting.size < mostWaiting || this.#waiting.has(id)) {
      this.#waiting.set(id, message);
      this.#arm();
    } else this.lost++;
  }

  #fill(): void {
    const now = this.#clock.now();
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#filledAt) / 1000) * perSecond);
    this.#filledAt = now;
  }

  #arm(): void {
    if (this.#isArmed) return;
    this.#isArmed = true;
    this.#clock.after(periodMs, () => {
      this.#isArmed = false;
      this.#drain();
    });
  }

  #drain(): void {
    this.#fill();
    for (const [id, message] of this.#waiting) {
      if (this.#tokens < 1) break;
      if (!this.#isFree(message)) continue;
      this.#tokens--;
      this.#waiting.delete(id);
      this.#pass(message);
    }
    if (this.#waiting.size > 0) this.#arm();
  }
}
