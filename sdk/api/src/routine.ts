/**
 * A check in its steady state: the same question and the same answer, over and over. A checker that can say what both are has its probes
 * made natively, without its `check` and at a fraction of the cost, until an answer is another one. Used by checker.ts.
 */
import type { CheckContext } from './checker.js';

/** One exchange over a TCP connection to the target: connect, send, read the answer, close. */
export interface Routine {
  /** Sent when the connection is there. At most 4096 octets; a string goes out as UTF-8. */
  readonly send?: Uint8Array | string;
  /** How the answer begins, which is all that is compared of it. At most 4096 octets; a string is UTF-8. */
  readonly opening?: Uint8Array | string;
  /** Of the whole answer, 1..65536. Absent: being connected is enough. */
  readonly octets?: number;
  /** True: the server ends the stream behind its answer, and that is waited for. Default: the connection is closed after `octets`. */
  readonly isEnded?: boolean;
}

/** Octets that a routine may send, and of an opening. */
export const longestRoutineText = 4096;
/** Octets of an answer that a routine may expect. */
export const longestRoutineAnswer = 65_536;

export type RoutineContext<Config> = Pick<CheckContext<Config>, 'target' | 'config' | 'virtualHost' | 'memory'>;
