/** One reload under way: what its parts work on, and how they fail. Used by reload.ts and replacing.ts. */
import { type HookName, messageOf } from '@mainstay/sdk';
import type { LanePlan } from '../lanes/plan.js';
import type { Footing } from './footing.js';
import type { LaneHandle, LaneLimits } from './lane-handle.js';
import type { NameSet } from './removed.js';

export type Say = (level: 'info' | 'warn' | 'error', message: string) => void;

/** How long a new lane is waited for before those act on the new configuration that tell it what they do. */
export const settleMs = 5000;

/** The part of the supervisor that a reload works on. */
export interface LaneSet {
  readonly lanes: readonly LaneHandle[];
  /** The daemon ends: no process may be started any more. */
  readonly isStopping: boolean;
  add(plan: LanePlan): LaneHandle;
  limitsOf(plan: LanePlan): LaneLimits;
  /** What the next process of the lane will observe. */
  expectInterest(lane: LaneHandle, hooks: readonly HookName[]): void;
  /** Ends it for good: what its plugins have in the kernel goes. */
  remove(lane: LaneHandle): Promise<void>;
  /** It has ended, and its plugins live on in those, with what they have in the kernel. */
  retire(lane: LaneHandle, heirs: readonly LaneHandle[]): void;
}

/** One reload under way. */
export interface Reload {
  readonly set: LaneSet;
  /** What all lanes are to be on. */
  readonly footing: Footing;
  readonly say: Say;
  /** Names of objects that the new configuration no longer has. */
  readonly removed: NameSet;
  readonly restartedLanes: string[];
  readonly restartedPlugins: string[];
  readonly problems: string[];
  /** Lanes that were waited for as long as others have to wait, and have not taken over the configuration yet. None of it rejects. */
  readonly underWay: Promise<unknown>[];
}

/**
 * Never rejects: what goes wrong with one lane is told, and keeps no other from its part of the reload. The work may answer a clause about
 * what went wrong.
 */
export async function attempt({ problems }: Reload, lane: string, work: () => Promise<unknown>): Promise<void> {
  try {
    const problem = await work();
    if (typeof problem === 'string') problems.push(problem);
  } catch (error) {
    problems.push(`${lane} lane did not follow (${messageOf(error)}); it may be out of service until the next reload`);
  }
}
