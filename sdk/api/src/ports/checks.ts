/**
 * Port to the checking loop: whoever balances load says what is to be checked, and hears when that turns up or down. The loop and the
 * checkers run in health lanes; this end of it never waits for them.
 */
import type { CheckerIdentity } from '@mainstay/hooks';
import type { Endpoint } from './sockets.js';

/** When one check probes, and how often it must fail or succeed to count. */
export interface CheckTiming {
  /** From the beginning of one probe to that of the next, milliseconds. */
  readonly delayLoopMs: number;
  /** The first probe begins at a random moment within it, milliseconds. */
  readonly warmupMs: number;
  /** More attempts after a failed probe before it counts. */
  readonly retry: number;
  /** Successes in a row that bring it up; default 1. */
  readonly rise?: number;
  /** From a failed attempt to the next, milliseconds. */
  readonly delayBeforeRetryMs: number;
  /** Of one probe, milliseconds; a checker may have its own rule. */
  readonly timeoutMs: number;
}

export interface CheckRequest {
  /** Unique among the requests of a plugin, and the same as long as it means the same check. */
  readonly id: string;
  readonly identity: CheckerIdentity;
  readonly target: Endpoint;
  /** The checker's block as bound: plain data. */
  readonly config: unknown;
  /** `virtualhost` of the real server or virtual server. */
  readonly virtualHost?: string;
  readonly timing: CheckTiming;
  /** What is believed until the first verdict. */
  readonly initial: 'up' | 'down';
  /** No probes for the time being; the state stays as it is. */
  readonly isSuspended?: boolean;
  /** Every failed attempt is logged, not only the one that turns it down. */
  readonly logsAllFailures?: boolean;
}

/** How a check stands, told when it changes. */
export interface CheckState {
  readonly id: string;
  readonly isUp: boolean;
  /** Absolute weight that the checker asks for. */
  readonly weight?: number;
  /** Added to the configured weight. */
  readonly adjust?: number;
  /** For the operator: what the last counted probe found. */
  readonly reason: string;
  /** Milliseconds since the epoch of when it became so. */
  readonly since: number;
}

/** Everything about one check, on request. */
export interface CheckReport extends CheckState {
  readonly attempt: number;
  /** It is down and has succeeded so often in a row, of so many times that bring it up (`rise`); absent where that is not so. */
  readonly rising?: { readonly successes: number; readonly of: number };
  /** Milliseconds since the epoch; absent: none yet, or none to come. */
  readonly lastProbeAt?: number;
  readonly nextProbeAt?: number;
  readonly lastDurationMs?: number;
  readonly probes: number;
  readonly failures: number;
}

export interface Checks {
  /**
   * All checks that this plugin wants, in place of those it wanted before. A request that is as it was goes on undisturbed; one
   * with the same id and other content starts anew and keeps its state until its first verdict. Checks of the same checker, target,
   * content and timing share their probes.
   */
  set(requests: readonly CheckRequest[]): void;
  /**
   * Called with what is other than what `initial` or an earlier call said (up, weight, adjust), several at a time. Answers a function
   * that ends it.
   */
  watch(listener: (states: readonly CheckState[]) => void): () => void;
  /** Those that the loop knows; empty while no health lane runs. Waits at most two seconds. */
  report(ids?: readonly string[]): Promise<readonly CheckReport[]>;
}
