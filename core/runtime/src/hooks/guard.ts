/**
 * The one guard around every tap. Whatever a tap does (throw, reject, hang, answer nonsense), its hook goes on with the
 * neutral answer `undefined`, the failure is attributed to (plugin, hook), and three strikes park the plugin. Installed by
 * the engines in tapable's `register` interceptor; no tap runs without it.
 */
import { types } from 'node:util';
import { type Clock, type Contribution, messageOf } from '@mainstay/sdk';
import type { LogLevel } from '../log/record.js';
import { isThenable, problemWithAnswer, problemWithValue } from './answers.js';
import { frozenCopy } from './frozen.js';
import type { TapRecord } from './record.js';
import { backlogLimit, strikesToPark } from './standing.js';
import { CallContext } from './tap-context.js';

/** What travels along with one call of a hook. */
export interface HookCall {
  /** Compiles the hook without running a tap. */
  readonly isWarmUp: boolean;
  /** Told again: only for taps that want to be reminded. */
  readonly isReminder: boolean;
  readonly contributions: Contribution<unknown>[];
  heldBy: string | undefined;
}

/** The tap that keeps the event loop right now: for a watchdog to name the culprit. */
export interface RunningTap {
  readonly plugin: string;
  readonly hook: string;
  /** `Clock.now()`. */
  readonly since: number;
}

/** What the guard needs of the bus. */
export interface GuardHost {
  readonly clock: Clock;
  /** A tap begins and ends to keep the event loop: events that it raises meanwhile are queued. */
  enter(tap: RunningTap): void;
  leave(): void;
  log(level: LogLevel, plugin: string, message: string, fields: Readonly<Record<string, unknown>>): void;
  /** A lifecycle tap failed: the plugin counts as failed. */
  lifecycleFailed(plugin: string, hook: string, error: string): void;
  /** The plugin has its third strike. */
  parked(record: TapRecord, strikes: number, error: string): void;
}

/** tapable's callback. Never called with an error. */
export type Done = (error?: null, result?: unknown) => void;

type Attempt = { readonly ok: true; readonly answer: unknown; readonly startedAt: number } | { readonly ok: false };

export class Guard {
  constructor(private readonly host: GuardHost) {}

  adjust(record: TapRecord, value: unknown, payload: unknown, call: HookCall): unknown {
    if (call.isWarmUp || !this.mayRun(record)) return undefined;
    const attempt = this.attempt(record, () => record.declaration.fn(value as never, payload as never));
    if (!attempt.ok || attempt.answer === undefined) return undefined;
    const after = this.accept(record, attempt.answer, (answer) => problemWithValue(answer, value));
    if (after !== undefined && !Object.is(after, value))
      call.contributions.push({ plugin: record.declaration.plugin, before: value, after });
    return after;
  }

  guard(record: TapRecord, payload: unknown, call: HookCall): unknown {
    if (call.isWarmUp || !this.mayRun(record)) return undefined;
    const attempt = this.attempt(record, () => record.declaration.fn(payload as never));
    if (!attempt.ok || attempt.answer === undefined) return undefined;
    const answer = this.accept(record, attempt.answer, problemWithAnswer);
    if (answer !== undefined) call.heldBy = record.declaration.plugin;
    return answer;
  }

  /** observe and lifecycle. */
  tell(record: TapRecord, payload: unknown, call: HookCall, done: Done): void {
    const { standing, declaration, isOwnHook } = record;
    if (call.isWarmUp || (call.isReminder && !declaration.isReminded)) {
      done();
      return;
    }
    if (declaration.kind === 'observe' && !declaration.isReminded && standing.gate === 'waiting' && !isOwnHook) {
      const isKept = standing.keep(() => this.tell(record, payload, call, () => {}));
      if (!isKept)
        this.host.log(
          'warn',
          declaration.plugin,
          `${declaration.hook}: an event is lost: ${backlogLimit} wait for the start`,
          {},
        );
      done();
      return;
    }
    if (!this.mayRun(record)) {
      done();
      return;
    }
    this.runAsync(
      record,
      (context) => declaration.fn(payload as never, context as never),
      () => done(),
    );
  }

  shape(record: TapRecord, value: unknown, payload: unknown, call: HookCall, done: Done): void {
    if (call.isWarmUp || !this.mayRun(record)) {
      done();
      return;
    }
    const invoke = (context: unknown) => record.declaration.fn(value as never, payload as never, context as never);
    this.runAsync(record, invoke, (answer) => {
      done(null, answer === undefined ? undefined : this.accept(record, answer, (a) => problemWithValue(a, value)));
    });
  }

  private mayRun({ standing, declaration, isOwnHook }: TapRecord): boolean {
    if (standing.parked !== undefined || standing.gate === 'closed') return false;
    return standing.gate === 'open' || isOwnHook || declaration.kind === 'lifecycle';
  }

  /** Runs the synchronous part of a tap. */
  private attempt(record: TapRecord, invoke: () => unknown): Attempt {
    const { declaration, stats, standing } = record;
    const { deadlineMs } = declaration;
    const startedAt = this.host.clock.now();
    this.host.enter({ plugin: declaration.plugin, hook: declaration.hook, since: startedAt });
    let attempt: Attempt = { ok: false };
    let failure: { readonly error: unknown } | undefined;
    try {
      attempt = { ok: true, answer: invoke(), startedAt };
    } catch (error) {
      failure = { error };
    }
    const took = this.host.clock.now() - startedAt;
    stats.calls++;
    stats.blockedMs += took;
    // The time of a promise counts when it settles.
    if (!attempt.ok || !isPromise(attempt.answer)) addTime(record, took);
    if (took <= deadlineMs) standing.wasInTime();
    if (failure !== undefined) this.strike(record, `threw: ${textOf(failure.error)}`);
    else if (took > deadlineMs) this.strike(record, `took ${took.toFixed(1)} ms of ${deadlineMs} ms`, 'slow');
    this.host.leave();
    return attempt;
  }

  /** Runs a tap that may answer with a promise; `settle` is called exactly once, with `undefined` after any failure. */
  private runAsync(record: TapRecord, invoke: (context: unknown) => unknown, settle: (answer: unknown) => void): void {
    const context = new CallContext();
    const attempt = this.attempt(record, () => asPromiseOrValue(invoke(context)));
    if (!attempt.ok) {
      settle(undefined);
      return;
    }
    const { answer, startedAt } = attempt;
    if (!isPromise(answer)) {
      settle(answer);
      return;
    }
    this.waitFor(record, answer, startedAt, context, settle);
  }

  private waitFor(
    record: TapRecord,
    promise: Promise<unknown>,
    startedAt: number,
    context: CallContext,
    settle: (answer: unknown) => void,
  ): void {
    const { clock } = this.host;
    const { standing, declaration } = record;
    const { deadlineMs } = declaration;
    let isSettled = false;
    const end = (answer: unknown, failure?: string) => {
      if (isSettled) return;
      isSettled = true;
      timer.cancel();
      standing.underWay.delete(stopped);
      addTime(record, clock.now() - startedAt);
      if (failure !== undefined) this.strike(record, failure);
      settle(answer);
    };
    const timer = clock.at(startedAt + deadlineMs, () => {
      CallContext.abort(context, `${declaration.hook}: the deadline of ${deadlineMs} ms is over`);
      end(undefined, `did not finish in ${deadlineMs} ms`);
    });
    const stopped = () => {
      CallContext.abort(context, `plugin ${declaration.plugin} stops`);
      end(undefined);
    };
    standing.underWay.add(stopped);
    promise.then(
      (answer) => end(answer),
      (error: unknown) => end(undefined, `failed: ${textOf(error)}`),
    );
  }

  /** A private copy of the answer, or undefined and a strike where it is not acceptable. */
  private accept(record: TapRecord, answer: unknown, look: (answer: unknown) => string | undefined): unknown {
    let problem: string | undefined;
    try {
      problem = look(answer);
      if (problem === undefined) return frozenCopy(answer);
    } catch (error) {
      // A getter or proxy of the answer threw while it was looked at.
      problem = `answered with a value that cannot be read: ${textOf(error)}`;
    }
    // A rejection of a promise that nobody waits for would end the process.
    if (isPromise(answer)) answer.catch(() => {});
    this.strike(record, problem);
    return undefined;
  }

  private strike(record: TapRecord, error: string, how: 'failed' | 'slow' = 'failed'): void {
    const { standing, stats, declaration } = record;
    const now = this.host.clock.now();
    const strikes = how === 'slow' ? standing.wasSlow(now) : standing.failed(now);
    stats.strikes++;
    stats.lastError = error;
    const consequence = how === 'slow' ? 'its answer counts' : 'its answer is ignored';
    // A busy machine makes single calls late without anybody's fault.
    const level = how === 'slow' && strikes === 1 ? 'debug' : 'warn';
    this.host.log(
      level,
      declaration.plugin,
      `tap of ${declaration.hook} ${error}; ${consequence} (strike ${strikes} of ${strikesToPark})`,
      { hook: declaration.hook, strikes },
    );
    if (declaration.kind === 'lifecycle') this.host.lifecycleFailed(declaration.plugin, declaration.hook, error);
    if (strikes >= strikesToPark && standing.parked === undefined) this.host.parked(record, strikes, error);
  }
}

/** What was thrown, in words: it may be anything, even something that throws when it is looked at. */
function textOf(thrown: unknown): string {
  try {
    return String(messageOf(thrown)).slice(0, 500);
  } catch {
    return 'something that cannot be shown';
  }
}

function addTime({ stats }: TapRecord, ms: number): void {
  stats.totalMs += ms;
  stats.maxMs = Math.max(stats.maxMs, ms);
}

/** Unlike `instanceof`, runs no code of the value. */
function isPromise(value: unknown): value is Promise<unknown> {
  return types.isPromise(value);
}

/** A foreign thenable becomes a real promise, so that it settles once and never calls back within this call. */
function asPromiseOrValue(answer: unknown): unknown {
  return isThenable(answer) ? Promise.resolve(answer) : answer;
}
