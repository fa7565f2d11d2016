/**
 * The port of the checking loop to whoever makes the probes of checks in their steady state, without JavaScript. Opened by the lane;
 * ports/sockets/routines.ts has it on Linux. Without it every probe is made by `check`.
 */
import type { CheckTiming, Connection, ConnectOptions, Endpoint, Routine } from '@mainstay/sdk';

export interface RoutineQuestion {
  readonly target: Endpoint;
  readonly routine: Routine;
  /** The first probe begins so soon, milliseconds; the others are due every `delayLoopMs`, but for times that pass while one is under way. */
  readonly dueInMs: number;
  readonly delayLoopMs: CheckTiming['delayLoopMs'];
  readonly timeoutMs: number;
}

/** Probes that were answered as before. */
export interface RoutineHistory {
  readonly rounds: number;
  /** Of the last of them; without meaning where there was none. */
  readonly lastBeganAgoMs: number;
  readonly lastTookMs: number;
}

export interface RoutineFacts extends RoutineHistory {
  /** Below 0: the probe under way was due so long ago. */
  readonly dueInMs: number;
  readonly isUnderWay: boolean;
}

/** A probe that was not: nothing is asked any more. */
export interface Departed extends RoutineHistory {
  readonly dueAgoMs: number;
  readonly beganAgoMs: number;
  /** Its deadline was put off once, because it was noticed late. */
  readonly hadPause: boolean;
  /**
   * `late`: nothing came in time. Else what opening the connection to the target comes to; to be taken or discarded, once. `differs` is
   * called when something else is written to it than the routine has sent.
   */
  readonly outcome: 'late' | { take(options: ConnectOptions, differs: () => void): Promise<Connection>; discard(): void };
}

export interface RunningRoutine {
  facts(): RoutineFacts;
  /** Closes what is open; nothing is told any more. */
  end(): RoutineFacts;
}

export interface Routines {
  /** Throws where the routine is none, or cannot be begun. */
  begin(question: RoutineQuestion, departed: (departed: Departed) => void): RunningRoutine;
  close(): void;
}
