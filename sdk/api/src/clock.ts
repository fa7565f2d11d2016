/** Time as plugins see it: monotonic for decisions, wall clock for people. Virtual in tests and in the simulator. */

export interface Timer {
  /** Harmless when the timer has fired or was cancelled before. */
  cancel(): void;
}

export interface Clock {
  /** Monotonic time in milliseconds, with decimals; its zero has no meaning. */
  now(): number;
  /** Wall-clock time, milliseconds since the epoch: for logs and events, never for decisions. */
  wall(): number;
  /** Calls `fire` once, at monotonic time `at` or as soon after as possible. */
  at(at: number, fire: () => void): Timer;
  /** Calls `fire` once, `ms` milliseconds from now. */
  after(ms: number, fire: () => void): Timer;
}
