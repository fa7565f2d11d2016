/**
 * A check in its steady state: the same question and the same answer, over and over. A checker that can say what both are has its probes
 * made natively, without its `check` and at a fraction of the cost, until an answer is another one. Used by checker.ts.
 */
import type { CheckContext } from './checker.js';

/** One exchange over a TCP connection to the target: connect, send, read the answer, close. Without `answer`, being connected is enough. */
export interface Routine {
  /** Sent when the connection is there. At most 4096 octets; a string goes out as UTF-8. Only with `answer`. */
  readonly send?: Uint8Array | string;
  readonly answer?: RoutineAnswer;
}

/** An answer that the checker would be content with: it has the parts, and is complete after so many octets. */
export interface RoutineAnswer {
  /** Of all of it, 1..65536. */
  readonly octets: number;
  /** What is compared of it: at least what says that the server works, and what says that this is all. At most 8, 4096 octets together. */
  readonly parts: readonly RoutinePart[];
  /** True: the server ends the stream behind it, and that is waited for. Default: the connection is closed after `octets`. */
  readonly isEnded?: boolean;
}

export interface RoutinePart {
  /** Offset in the answer, octets. */
  readonly at: number;
  /** A string is UTF-8. Ends within the answer. */
  readonly text: Uint8Array | string;
}

/** Octets that a routine may send, and of all parts together. */
export const longestRoutineText = 4096;
/** Parts of an answer. */
export const mostRoutineParts = 8;
/** Octets of an answer that a routine may expect. */
export const longestRoutineAnswer = 65_536;

export type RoutineContext<Config> = Pick<CheckContext<Config>, 'target' | 'config' | 'virtualHost' | 'memory'>;
