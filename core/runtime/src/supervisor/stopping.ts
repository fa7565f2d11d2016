/**
 * How the lanes end with their daemon: turn by turn, so that each hears the last of those before it. What a lane could not take back itself
 * (it was on its way back after a failure, or did not stop cleanly) is taken back by one more process of it, or named. Used by supervisor.ts.
 */
import { type Clock, messageOf } from '@mainstay/sdk';
import { drained } from './drained.js';
import type { LaneHandle } from './lane-handle.js';
import { turnOf, turns } from './start-order.js';

/** keepalived gives its children this long at least; a plugin's own deadline for stopping is 5 s. */
export const stopMs = 6000;
/** Reading the configuration of a large table, and what a plugin may take for clearing it. */
const takeBackMs = 20_000;

export interface Ending {
  readonly lanes: () => readonly LaneHandle[];
  readonly clock: Clock;
  /** Milliseconds that events on their way, and what ends, have at least. */
  readonly childWaitMs: number;
  /** False: the daemon ends because something failed, and what that left at work stays at work. */
  readonly isWanted: boolean;
  /** Nobody waits for anything any longer. */
  readonly isKilled: () => boolean;
  readonly say: (level: 'info' | 'warn', message: string) => void;
}

/** Mastership is given up cleanly, then what balances ends; the events about it reach the other lanes, then those end. */
export async function endLanes(ending: Ending): Promise<void> {
  const { lanes, childWaitMs } = ending;
  for (const turn of turns) {
    if (turn === 1 || lanes().some(({ plan }) => turnOf(plan) === turn - 1)) await drain(ending);
    const withinMs = Math.max(childWaitMs, turn === 2 ? 1000 : stopMs);
    const ofTurn = lanes().filter(({ plan }) => turnOf(plan) === turn);
    await Promise.all(ofTurn.map((lane) => endLane(ending, lane, withinMs)));
  }
}

/** What helps where the next daemon has the same configuration. */
export const byAnother = 'Where the daemon is started and stopped once more, it takes that back';
/** What helps where the configuration is another meanwhile: no start and no stop knows of what is gone from it. */
export const byHand =
  'Nothing of this daemon takes back what the new configuration does not have: clear that, and only that, by hand';

/** A lane that ends and left something in the kernel: what that is. `why`: in brackets. */
export function tellLeftovers(lane: LaneHandle, why: string, say: Ending['say'], remedy = byAnother): void {
  const { name, leftovers } = lane;
  if (leftovers === undefined) return;
  say('warn', `the ${name} lane may have left something in the kernel (${why}): ${leftovers}. ${remedy}`);
}

async function drain({ lanes, clock, childWaitMs, say }: Ending): Promise<void> {
  const late = await drained(lanes, clock, childWaitMs);
  if (late.length > 0) say('warn', `events were still on their way to ${late.join(', ')} when child_wait_time was over`);
}

async function endLane(ending: Ending, lane: LaneHandle, withinMs: number): Promise<void> {
  const { isWanted, isKilled, say } = ending;
  if (lane.phase === 'idle' || lane.isResting) return lane.stop('shutdown', withinMs);
  // Where the daemon fails before this process has done anything, others may still be served by what an earlier one left.
  await lane.stop(isWanted || lane.hasBegun ? 'shutdown' : 'restart', withinMs);
  if (lane.leftovers === undefined) return;
  if (isKilled()) return tellLeftovers(lane, 'it was killed', say);
  if (!isWanted) return tellLeftovers(lane, 'the daemon ends because of a failure, and that takes nothing away', say);
  say('info', `the ${lane.name} lane runs once more, only to take back what it may have left in the kernel`);
  try {
    await lane.takeBack(takeBackMs);
  } catch (error) {
    return tellLeftovers(lane, messageOf(error), say);
  }
  tellLeftovers(lane, lane.endedBy ?? 'it could not take it back', say);
}
