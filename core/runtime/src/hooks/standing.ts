/**
 * Where one plugin stands with the hook bus: whether its taps may be called, its strikes, and its calls under way. Kept by
 * the bus, written by the guard (strikes) and by the host (start and stop).
 */

/** Three strikes park a plugin. */
export const strikesToPark = 3;
/** A failure counts for ten minutes. */
const failureWindowMs = 600_000;
/** Events kept for a plugin that has not started yet. */
export const backlogLimit = 1000;

export interface Parked {
  readonly hook: string;
  readonly strikes: number;
  readonly lastError: string;
  /** Wall-clock time, milliseconds since the epoch. */
  readonly at: number;
}

/** `waiting`: events are kept until it has started, other taps are neutral. `closed`: it has stopped, nothing reaches it. */
export type Gate = 'waiting' | 'open' | 'closed';

export class Standing {
  #gate: Gate = 'open';
  #failures: number[] = [];
  #slowInARow = 0;
  #parked: Parked | undefined;
  #backlog: (() => void)[] = [];
  /** Ends each asynchronous call under way, without a strike. */
  readonly underWay = new Set<() => void>();

  constructor(readonly plugin: string) {}

  get gate(): Gate {
    return this.#gate;
  }
  get parked(): Parked | undefined {
    return this.#parked;
  }

  /** Keeps an event until the plugin has started; false when there is no room. */
  keep(deliver: () => void): boolean {
    if (this.#backlog.length >= backlogLimit) return false;
    this.#backlog.push(deliver);
    return true;
  }

  wait(): void {
    this.#gate = 'waiting';
  }

  /** Delivers what was kept, in order. */
  open(): void {
    this.#gate = 'open';
    const kept = this.#backlog;
    this.#backlog = [];
    for (const deliver of kept) deliver();
  }

  /** Ends the calls under way and forgets what was kept. */
  close(): void {
    this.#gate = 'closed';
    this.#backlog = [];
    this.abortCalls();
  }

  abortCalls(): void {
    for (const end of [...this.underWay]) end();
  }

  /** Counts a failure (a throw, a rejection, a deadline missed, a wrong answer); answers the strikes that stand. */
  failed(now: number): number {
    this.#failures = [...this.#failures.filter((at) => now - at < failureWindowMs), now];
    return this.strikes(now);
  }

  /** Counts a synchronous call that took too long. One in time clears these: the scheduler makes calls late, too. */
  wasSlow(now: number): number {
    this.#slowInARow++;
    return this.strikes(now);
  }
  wasInTime(): void {
    this.#slowInARow = 0;
  }

  strikes(now: number): number {
    return this.#failures.filter((at) => now - at < failureWindowMs).length + this.#slowInARow;
  }

  park(parked: Parked): void {
    this.#parked = parked;
  }

  /** Forgives every strike: after a reload, the operator may have repaired what was wrong. */
  resume(): void {
    this.#parked = undefined;
    this.#failures = [];
    this.#slowInARow = 0;
  }
}
