/**
 * Health checkers: how to find out whether a server does its work. `defineChecker` describes one; the checking loop of core runs it
 * in a health lane, for every block of its keyword inside a `real_server`, with the delays, retries and timeouts written there.
 * A checker only answers. `runChecker` and `checkerContract` of @mainstay/testing try it in a test.
 */
import type { Verdict } from '@mainstay/hooks';
import type { Clock } from './clock.js';
import type { Block, Fields, Infer } from './config/schema.js';
import { messageOf } from './errors.js';
import type { Log } from './plugin.js';
import type { CheckState, Endpoint, PortName, Ports } from './ports/index.js';
import type { Routine, RoutineContext } from './routine.js';

/**
 * Where the server listens, and from where it is to be asked: `connect_ip`, `connect_port`, `bindto`, `bind_port`, `bind_if` and
 * `fwmark` are in it. Hand it to the ports as it is.
 */
export type CheckTarget = Endpoint;

/** What is believed of a check. */
export type KnownState = Pick<CheckState, 'isUp' | 'reason' | 'weight' | 'adjust'>;

/** What one probe works with. */
export interface CheckContext<Config> {
  readonly target: CheckTarget;
  /** The checker's block, bound; absent keywords have their defaults. */
  readonly config: Config;
  /** `virtualhost` of the real server, else of its virtual server. */
  readonly virtualHost: string | undefined;
  /** 1 for the first try; retries count on. */
  readonly attempt: number;
  /** `delay_loop` in milliseconds. */
  readonly delayLoopMs: number;
  /** How long this probe may take until `signal` aborts, milliseconds. */
  readonly timeoutMs: number;
  /**
   * How the check stands by what was found out last, also in a lane that has ended since; absent where nothing ever was. For checkers that
   * may be unable to find out anything.
   */
  readonly known?: KnownState | undefined;
  /** What the checker wants to remember from one probe of this check to the next; empty when the check starts. */
  readonly memory: Map<string, unknown>;
  /**
   * Aborted at the deadline: give up and close what is open. The verdict is `timeout` by then, whatever comes after. Also aborted when
   * the probe is over: what was forgotten is closed.
   */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly log: Log;
  /** Those that `needs` names. */
  readonly ports: Ports;
}

/** What a checker works with that is told of changes instead of asking for them. */
export interface WatchContext<Config> {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly ports: Ports;
  /** Counts at once: no retries, no delay. */
  report(verdict: Verdict): void;
}

/** What a checker's block means where it does not say so itself, in keepalived's manner. */
export interface CheckerDefaults {
  /** Default 1. */
  readonly retry?: number;
  /** Milliseconds, or the `delay_loop` in force. Default 1000. */
  readonly delayBeforeRetryMs?: number | 'delay_loop';
}

export interface CheckerSpec<F extends Fields> {
  /** The block's keyword inside `real_server`, in keepalived's manner: `TCP_CHECK`. */
  readonly keyword: string;
  /** Keywords of the block, without those that every checker has (`retry`, `delay_loop`, `connect_ip`...). */
  readonly fields: F;
  /** One sentence for the reference pages. */
  readonly summary?: string;
  /** Ports it is handed, of those that the manifest of its plugin names. Default: none. */
  readonly needs?: readonly PortName[];
  /** `none`: it connects to nothing, and its block has no `connect_ip` and the like. Default `network`. */
  readonly target?: 'network' | 'none';
  readonly defaults?: CheckerDefaults;
  /** How long one probe may take, milliseconds, where that is not `connect_timeout`. */
  timeoutMs?(config: Infer<Block<F>>, timing: { readonly delayLoopMs: number; readonly timeoutMs: number }): number;
  /** One probe. A throw or a rejection counts as `failure(error)`. */
  check?(context: CheckContext<Infer<Block<F>>>): Verdict | Promise<Verdict>;
  /**
   * Asked after a probe that found the server up: by which exchange would the next probe find the same? Such probes are made without
   * `check` from then on. When the server answers in another way, refuses or breaks off, `check` is called as ever, and the first
   * connection to the target that it opens is the one on which this happened: what it writes there first, as far as it was sent already,
   * is not sent again. undefined (default): `check` makes every probe.
   */
  routine?(context: RoutineContext<Infer<Block<F>>>): Routine | undefined;
  /** Instead of `check`, for what tells of its changes itself. Answers a function that ends it. */
  watch?(context: WatchContext<Infer<Block<F>>>): () => void;
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

/** The server does its work. `weight` asks for that absolute weight of it, `adjust` is added to its configured one. */
export function up(detail?: string, wish: { readonly weight?: number; readonly adjust?: number } = {}): Verdict {
  return { ok: true, ...(detail === undefined ? {} : { detail }), ...wish };
}

/** The server does not; `reason` is for the operator: what was expected and what came. */
export function down(reason: string): Verdict {
  return { ok: false, reason };
}

/** This host could not make the probe, and nothing was found out: the server stays as it is, and the next probe comes after `delay_loop`. */
export function unprobed(reason: string): Extract<Verdict, { ok: false }> {
  return { ok: false, reason, isUnprobed: true };
}

/**
 * What an error of a probe means: `unprobed` where a port says that this host has refused it (no such source address, no memory, no
 * descriptor, a firewall rule of its own), else `down`. `what`: what was asked, before the message.
 */
export function failure(error: unknown, what?: string): Extract<Verdict, { ok: false }> {
  const reason = what === undefined ? messageOf(error) : `${what}: ${messageOf(error)}`;
  return isOfThisHost(error) ? unprobed(reason) : { ok: false, reason };
}

/** Errors of socket, setsockopt, bind, connect and send that no server and no network causes. EACCES is none: a router's refusal may be that (IPv6). */
const ofThisHost = new Set([
  ...['EADDRNOTAVAIL', 'EADDRINUSE', 'ENODEV', 'EAFNOSUPPORT', 'EPROTONOSUPPORT', 'EINVAL'],
  ...['EMFILE', 'ENFILE', 'ENOMEM', 'ENOBUFS', 'EPERM'],
]);

/** Works across copies of the SDK. */
function isOfThisHost(error: unknown): boolean {
  const { name, errno, code } = (error ?? {}) as Readonly<Record<string, unknown>>;
  return (name === 'PortError' && ofThisHost.has(String(errno))) || code === 'NATIVE_MISSING';
}
