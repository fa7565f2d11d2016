/** The real clock: CLOCK_MONOTONIC and the wall. Handed to plugins by the lane program; the supervisor uses it too. */
import type { Clock, Timer } from '@mainstay/sdk';

/** setTimeout's longest delay; beyond it would fire at once. */
const longestMs = 2 ** 31 - 1;

function at(when: number, fire: () => void): Timer {
  let handle: NodeJS.Timeout | undefined;
  const arm = () => {
    const left = when - performance.now();
    // Rounded up: a timer never fires before its time.
    handle = left > 0 ? setTimeout(left > longestMs ? arm : check, Math.min(Math.ceil(left), longestMs)) : setTimeout(fire, 0);
  };
  const check = () => (performance.now() < when ? arm() : fire());
  arm();
  return { cancel: () => clearTimeout(handle) };
}

export const systemClock: Clock = Object.freeze({
  now: () => performance.now(),
  wall: () => Date.now(),
  at,
  after: (ms: number, fire: () => void) => at(performance.now() + ms, fire),
});
