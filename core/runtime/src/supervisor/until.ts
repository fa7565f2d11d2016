/** Looks now and then whether something has come to be so. Used where the supervisor waits for lanes, which tell it of no such moment. */
import type { Clock } from '@mainstay/sdk';

const everyMs = 20;

/** Settles with true once `isSo`, or after `withinMs` with what it is then. */
export function until(clock: Clock, withinMs: number, isSo: () => boolean): Promise<boolean> {
  const end = clock.now() + withinMs;
  return new Promise((resolve) => {
    const look = () => {
      const is = isSo();
      if (is || clock.now() >= end) resolve(is);
      else clock.after(everyMs, look);
    };
    look();
  });
}

/** Settles with the work, or after `withinMs` without it. The work goes on; it must not reject. */
export async function atMost(clock: Clock, withinMs: number, work: Promise<unknown>): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = clock.after(withinMs, resolve);
    void work.then(() => {
      timer.cancel();
      resolve();
    });
  });
}
