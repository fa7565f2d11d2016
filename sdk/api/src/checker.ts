/**
 * Health checkers: how to find out whether a server does its work. `defineChecker` describes one; `runChecker` of
 * @mainstay/testing runs it in a test. This release defines and tests checkers; the loop that runs them against the real
 * servers of a `virtual_server`, with delays, retries and weights, comes with load balancing in a later one. A checker that
 * is written today runs there unchanged.
 */
import type { Verdict } from '@mainstay/hooks';
import type { Clock } from './clock.js';
import type { Block, Fields, Infer } from './config/schema.js';
import type { Log } from './plugin.js';
import type { PortName, Ports } from './ports/index.js';

/** Where the server listens. */
export interface CheckTarget {
  /** Canonical text: dotted IPv4, or RFC 5952 IPv6. */
  readonly address: string;
  /** 1..65535. */
  readonly port: number;
}

/** What one probe works with. */
export interface CheckContext<Config> {
  readonly target: CheckTarget;
  /** The checker's block, bound; absent keywords have their defaults. */
  readonly config: Config;
  /** 1 for the first try; retries count on. */
  readonly attempt: number;
  /** Aborted at the deadline: give up and close what is open. The verdict is `timeout` by then, whatever comes after. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly log: Log;
  /** Those that `needs` names. */
  readonly ports: Ports;
}

export interface CheckerSpec<F extends Fields> {
  /** The block's keyword inside `real_server`, in keepalived's manner: `TCP_CHECK`. */
  readonly keyword: string;
  /** Keywords of the block. */
  readonly fields: F;
  /** One sentence for the reference pages. */
  readonly summary?: string;
  /** Ports it is handed. Default: none. */
  readonly needs?: readonly PortName[];
  /** One probe. A throw or a rejection counts as down, with its message as the reason. */
  check(context: CheckContext<Infer<Block<F>>>): Verdict | Promise<Verdict>;
}

const brand = Symbol.for('mainstay.checker');

/** A defined checker: the default export of a checker's package. */
export type Checker<F extends Fields = Fields> = CheckerSpec<F> & { readonly [brand]: 1 };

export function defineChecker<F extends Fields>(spec: CheckerSpec<F>): Checker<F> {
  return Object.freeze({ ...spec, [brand]: 1 as const });
}

/** Works across copies of the SDK. */
export function isChecker(value: unknown): value is Checker {
  return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[brand] === 1;
}

/** The server does its work. `weight` asks for that absolute weight of it. */
export function up(detail?: string, weight?: number): Verdict {
  return { ok: true, ...(detail === undefined ? {} : { detail }), ...(weight === undefined ? {} : { weight }) };
}

/** The server does not; `reason` is for the operator: what was expected and what came. */
export function down(reason: string): Verdict {
  return { ok: false, reason };
}
