/** What a lane's handle needs, and what it tells the supervisor, which owns it. Used by lane-handle.ts and supervisor.ts. */
import type { Clock } from '@mainstay/sdk';
import type { FromLane, LaneSetup } from '../lanes/messages.js';
import type { LaneHandle } from './lane-handle.js';
import type { SpawnLane } from './lane-process.js';

export interface LaneCrash {
  readonly pid: number;
  readonly cause: string;
  readonly livedMs: number;
  readonly restartInMs: number;
  readonly hadStarted: boolean;
}

/** What the supervisor hears of its lanes. */
export interface LaneOwner {
  message(lane: LaneHandle, message: FromLane): void;
  printed(lane: LaneHandle, line: string): void;
  /** The first of a run of dropped events, and then each thousandth. */
  dropping(lane: LaneHandle, dropped: number): void;
  crashed(lane: LaneHandle, crash: LaneCrash): void;
  /** Its process is up (with its pid) or gone (undefined). */
  process(lane: LaneHandle, pid: number | undefined): void;
  setup(lane: LaneHandle, isRestart: boolean): LaneSetup;
}

export interface LaneDependencies {
  readonly clock: Clock;
  readonly spawn: SpawnLane;
  /** Resident memory of a process in MiB; undefined when it is gone. */
  readonly memoryOf: (pid: number) => Promise<number | undefined>;
}
