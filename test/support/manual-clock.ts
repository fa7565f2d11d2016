/** Time for the unit tests of the core, which must not need the harness: it passes when a test says so, also inside a call. */
import type { Clock, Timer } from '@mainstay/sdk';

export interface ManualClock extends Clock {
  /** Fires what is due within `ms` milliseconds, in order, with promise continuations after each. */
  advance(ms: number): Promise<void>;
  /** Lets time pass until the promise settles. */
  drive<T>(promise: Promise<T>): Promise<T>;
  /** Lets `ms` pass inside a synchronous call, as a busy loop would: no timer fires. */
  spend(ms: number): void;
  /** Timers still to fire. */
  readonly pending: number;
}

interface Waiting {
  readonly at: number;
  readonly fire: () => void;
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await undefined;
}

export function manualClock(): ManualClock {
  let now = 1000;
  const waiting = new Set<Waiting>();
  const at = (time: number, fire: () => void): Timer => {
    const timer = { at: Math.max(time, now), fire };
    waiting.add(timer);
    return { cancel: () => waiting.delete(timer) };
  };
  const fireNext = async (limit: number) => {
    const [next] = [...waiting].filter((timer) => timer.at <= limit).sort((a, b) => a.at - b.at);
    if (next === undefined) return false;
    waiting.delete(next);
    now = Math.max(now, next.at);
    next.fire();
    await settle();
    return true;
  };
  return {
    now: () => now,
    wall: () => 1_700_000_000_000 + now,
    at,
    after: (ms, fire) => at(now + ms, fire),
    async advance(ms) {
      const end = now + ms;
      await settle();
      while (await fireNext(end));
      now = Math.max(now, end);
    },
    async drive(promise) {
      let isSettled = false;
      const mark = () => {
        isSettled = true;
      };
      promise.then(mark, mark);
      await settle();
      while (!isSettled && (await fireNext(Number.POSITIVE_INFINITY)));
      if (!isSettled) throw new Error('nothing more to happen, and the promise is pending');
      return promise;
    },
    spend(ms) {
      now += ms;
    },
    get pending() {
      return waiting.size;
    },
  };
}
