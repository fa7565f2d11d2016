/** Keeps a lane that logs without end from drowning the supervisor and everybody else's messages. Used by supervisor.ts. */
import type { Clock } from '@mainstay/sdk';

const perSecond = 1000;
/** A thousand instances that change state at once say some three records each. */
const burst = 10_000;

interface Bucket {
  tokens: number;
  filledAt: number;
  lost: number;
}

export class LogQuota {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `lost`: records refused since the last one that was admitted, to be said once. */
  admit(lane: string): { readonly isAdmitted: boolean; readonly lost: number } {
    const now = this.#clock.now();
    const bucket = this.#buckets.get(lane) ?? { tokens: burst, filledAt: now, lost: 0 };
    this.#buckets.set(lane, bucket);
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.filledAt) / 1000) * perSecond);
    bucket.filledAt = now;
    if (bucket.tokens < 1) {
      bucket.lost++;
      return { isAdmitted: false, lost: 0 };
    }
    bucket.tokens--;
    const { lost } = bucket;
    bucket.lost = 0;
    return { isAdmitted: true, lost };
  }
}
