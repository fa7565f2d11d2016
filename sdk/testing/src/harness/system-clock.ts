/** The machine's own time, for checkers that are tried against real servers. */
import type { Clock, Timer } from '@mainstay/sdk';

function after(ms: number, fire: () => void): Timer {
  const timer = setTimeout(fire, Math.max(0, ms));
  return { cancel: () => clearTimeout(timer) };
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  at: (at, fire) => after(at - performance.now(), fire),
  after,
};
