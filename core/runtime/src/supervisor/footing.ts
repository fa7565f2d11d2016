/**
 * The configuration that a lane is on: what its process was started with, or has taken over since. That need not be the one in force: a lane
 * that dies in the middle of a reload comes back on what it had, because only so it knows what to take out of the kernel. Used by lane-handle.ts.
 */
import type { SourceTree } from '@mainstay/sdk';

export interface Footing {
  /** The whole of it. */
  readonly tree: SourceTree;
  /** Its number: 1 for the configuration that the daemon started with. */
  readonly generation: number;
}
