/**
 * Time that passes only when a test says so. Due timers fire in order of (time, creation); after each one, every promise
 * continuation runs to its end before the next, without a turn of the event loop: a run depends on nothing but its inputs.
 */
import type { Clock, Timer } from '@mainstay/sdk';
import { type QueuedTimer, TimerQueue } from './timer-queue.js';

export interface VirtualClock extends Clock {
  /** Lets `ms` milliseconds pass. Rejects with whatever a timer's callback throws. */
  advance(ms: number): Promise<void>;
  /** Lets time pass up to monotonic time `at`; at once where that is past. */
  runUntil(at: number): Promise<void>;
  /** Lets time pass until the promise settles, at most `limitMs` (default one hour); rejects beyond that. */
  drive<T>(promise: Promise<T>, limitMs?: number): Promise<T>;
  /** Lets promise continuations run without any time passing. */
  settle(): Promise<void>;
  /** Moves the wall clock alone, as an administrator or NTP may; monotonic time is not touched. */
  jumpWall(ms: number): void;
  /** Calls `watcher` after each timer and its continuations: where a simulation checks what must always hold. */
  watchSteps(watcher: () => void): () => void;
  /** Timers still to fire. */
  readonly pending: number;
}

export interface VirtualClockOptions {
  /** Wall-clock time at the beginning, milliseconds since the epoch. Default 2024-01-01T00:00:00Z. */
  readonly wall?: number;
  /** Monotonic time at the beginning, milliseconds. Default 0. */
  readonly now?: number;
}

const defaultWall = Date.UTC(2024, 0, 1);
const hour = 3_600_000;
export function createVirtualClock(options: VirtualClockOptions = {}): VirtualClock {
  return new SteppedClock(options);
}

/** Node runs a tick when its queue of microtasks is empty: no continuation is pending then, and no I/O has come between. */
function microtasksDone(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve);
  });
}

class SteppedClock implements VirtualClock {
  readonly #queue = new TimerQueue();
  readonly #watchers = new Set<() => void>();
  #now: number;
  #wallOffset: number;
  #order = 0;
  #isRunning = false;

  constructor({ wall = defaultWall, now = 0 }: VirtualClockOptions) {
    this.#now = now;
    this.#wallOffset = wall - now;
  }

  get pending(): number {
    return this.#queue.size;
  }
  now(): number {
    return this.#now;
  }
  wall(): number {
    return this.#now + this.#wallOffset;
  }
  jumpWall(ms: number): void {
    this.#wallOffset += ms;
  }

  watchSteps(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => {
      this.#watchers.delete(watcher);
    };
  }

  at(at: number, fire: () => void): Timer {
    if (Number.isNaN(at)) throw new RangeError('a timer needs a time, not NaN');
    const timer: QueuedTimer = { at: Math.max(at, this.#now), order: this.#order++, fire };
    this.#queue.push(timer);
    return {
      cancel: () => {
        timer.fire = undefined;
      },
    };
  }
  after(ms: number, fire: () => void): Timer {
    return this.at(this.#now + ms, fire);
  }

  advance(ms: number): Promise<void> {
    return this.runUntil(this.#now + ms);
  }

  async runUntil(at: number): Promise<void> {
    await this.#exclusively(async () => {
      await this.settle();
      while (await this.#fireNext(at));
      this.#now = Math.max(this.#now, at);
    });
  }

  drive<T>(promise: Promise<T>, limitMs = hour): Promise<T> {
    const limit = this.#now + limitMs;
    let isSettled = false;
    const mark = () => {
      isSettled = true;
    };
    promise.then(mark, mark);
    return this.#exclusively(async () => {
      for (;;) {
        await this.settle();
        if (isSettled) return promise;
        if (!(await this.#fireNext(limit))) throw new Error(stuck(limitMs));
      }
    });
  }

  async settle(): Promise<void> {
    // From outside of a microtask the tick would come first.
    await undefined;
    await microtasksDone();
  }

  /** Fires one timer due by `limit` and settles; false where there is none. */
  async #fireNext(limit: number): Promise<boolean> {
    const timer = this.#queue.popDue(limit);
    if (timer?.fire === undefined) return false;
    const fire = timer.fire;
    timer.fire = undefined;
    this.#now = timer.at;
    fire();
    await microtasksDone();
    for (const watcher of this.#watchers) watcher();
    return true;
  }

  async #exclusively<T>(run: () => Promise<T>): Promise<T> {
    if (this.#isRunning) throw new Error('the virtual clock is being advanced already: await the earlier call first');
    this.#isRunning = true;
    try {
      return await run();
    } finally {
      this.#isRunning = false;
    }
  }
}

function stuck(limitMs: number): string {
  return `the promise is pending after ${limitMs} ms of virtual time: it waits for something that never comes, or for real I/O`;
}
