/** A clock for the unit tests of the core: a virtual clock on which a test can also make a call take time. */
import type { Clock } from '@mainstay/sdk';
import { createVirtualClock, type VirtualClock } from '@mainstay/testing';

export interface ManualClock extends VirtualClock {
  /** Lets `ms` pass inside a synchronous call, as a busy loop would: no timer fires. */
  spend(ms: number): void;
}

export function manualClock(): ManualClock {
  const virtual = createVirtualClock();
  let spent = 0;
  const shifted: Pick<Clock, 'now' | 'wall' | 'at'> = {
    now: () => virtual.now() + spent,
    wall: () => virtual.wall() + spent,
    at: (at, fire) => virtual.at(at - spent, fire),
  };
  return {
    ...shifted,
    after: (ms, fire) => virtual.after(ms, fire),
    advance: (ms) => virtual.advance(ms),
    runUntil: (at) => virtual.runUntil(at - spent),
    drive: (promise, limitMs) => virtual.drive(promise, limitMs),
    settle: () => virtual.settle(),
    jumpWall: (ms) => virtual.jumpWall(ms),
    get pending() {
      return virtual.pending;
    },
    spend: (ms) => {
      spent += ms;
    },
  };
}
