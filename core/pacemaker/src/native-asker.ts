/** The addon's entry points of routines (native/routine_api.c). Used by native.ts and asker.ts. Times are microseconds. */
import type { Handle } from './native.js';

export interface NativeHistory {
  /** Rounds that were answered as before. */
  readonly rounds: number;
  /** Of the last of them. */
  readonly lastBeganAgoUs: number;
  readonly lastTookUs: number;
}

export interface NativeRoutineFacts extends NativeHistory {
  /** Below 0: it is under way, and was due so long ago. */
  readonly dueInUs: number;
  readonly isUnderWay: boolean;
}

export interface NativeDeparted extends NativeHistory {
  readonly id: number;
  readonly dueAgoUs: number;
  readonly beganAgoUs: number;
  /** Its deadline was put off once. */
  readonly hadPause: boolean;
  /** 1: `call` failed with `error`; 2: too late; 3: the answer is another one, and reading failed with `error` unless that is 0. */
  readonly departure: number;
  readonly error: number;
  readonly call: string;
  readonly answer: Buffer;
  /** The receiver's to close; -1: there is none. */
  readonly fd: number;
}

export interface NativeAsker {
  askerOpen(onDeparted: (departed: readonly NativeDeparted[]) => void): Handle;
  askerClose(asker: Handle): void;
  routineBegin(
    asker: Handle,
    family: 4 | 6,
    link: string,
    mark: number,
    local: Uint8Array,
    localPort: number,
    remote: Uint8Array,
    remotePort: number,
    request: Uint8Array,
    parts: Uint8Array,
    octets: number,
    untilEnd: boolean,
    dueInUs: number,
    periodUs: number,
    timeoutUs: number,
  ): number;
  routineFacts(asker: Handle, id: number): NativeRoutineFacts;
  routineEnd(asker: Handle, id: number): NativeRoutineFacts;
}
