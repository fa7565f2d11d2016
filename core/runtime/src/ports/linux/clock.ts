/** The clock of a real host. A timer never fires before its time, however far away that is. */
import { performance } from 'node:perf_hooks';
import type { Clock, Timer } from '@mainstay/sdk';

/** Node's timers overflow beyond 2^31-1 ms and would then fire at once. */
const longestTimeoutMs = 2 ** 31 - 1;

class LinuxTimer implements Timer {
  #timeout: NodeJS.Timeout | undefined;

  constructor(
    private readonly at: number,
    private readonly fire: () => void,
  ) {
    this.#arm();
  }

  cancel(): void {
    clearTimeout(this.#timeout);
  }

  #arm(): void {
    const delay = Math.max(0, Math.ceil(this.at - performance.now()));
    this.#timeout = setTimeout(() => this.#elapsed(), Math.min(delay, longestTimeoutMs));
  }

  /** Node rounds a timer's start down to its loop's cached millisecond, so a timeout may end early: look again. */
  #elapsed(): void {
    if (performance.now() < this.at) this.#arm();
    else this.fire();
  }
}

export const linuxClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  at: (at, fire) => new LinuxTimer(at, fire),
  after: (ms, fire) => new LinuxTimer(performance.now() + ms, fire),
};
