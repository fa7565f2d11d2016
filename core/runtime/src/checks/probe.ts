/** One question that is asked of one server again and again, for all checks that ask it. Data; the prober does the asking. */
import type { Checker, CheckRequest, KnownState, Log, Ports, Verdict } from '@mainstay/sdk';
import type { RoutineHistory, RunningRoutine } from './routines.js';
import type { Planned } from './schedule.js';
import type { Standing } from './standing.js';

/** A checker whose plugin runs. */
export interface RunnableChecker {
  readonly plugin: string;
  readonly spec: Checker;
  readonly log: Log;
  readonly ports: Ports;
}

/** One check of a client. */
export interface Check {
  readonly client: string;
  readonly id: string;
  request: CheckRequest;
  standing: Standing;
  probe: Probe;
}

/** One attempt, or one watch. */
export interface Run {
  readonly controller: AbortController;
  readonly startedAt: number;
  /** Its verdict is there, and is being judged. */
  isOver: boolean;
  /** Its deadline was put off once, because it was noticed late. */
  hadPause: boolean;
  endedWith?: DOMException;
  /** The checker does other things than its routine says: what came of that is no verdict. */
  isVoid?: boolean;
  /** Ends a watch, or closes what was opened for the checker and it did not ask for. */
  end?: () => void;
  /** Of a watch: what it told last. It tells only changes, so whoever joins later is judged by this. */
  last?: Verdict;
  /** Of a watch: the judging under way, where a hook takes its time. */
  turn?: Promise<unknown> | undefined;
}

type LogLine = Parameters<Log['info']>;
export type Say = (level: keyof Log, request: CheckRequest, ...line: LogLine) => void;

/** What a checker logs is about one server. */
class ProbeLog implements Log {
  constructor(
    private readonly request: CheckRequest,
    private readonly say: Say,
  ) {}
  error(...line: LogLine): void {
    this.say('error', this.request, ...line);
  }
  warn(...line: LogLine): void {
    this.say('warn', this.request, ...line);
  }
  info(...line: LogLine): void {
    this.say('info', this.request, ...line);
  }
  debug(...line: LogLine): void {
    this.say('debug', this.request, ...line);
  }
}

export class Probe implements Planned {
  dueAt = 0;
  place = -1;
  /** Those that ask this: one as a rule, and a set is as large as a probe. */
  #checks: Check | Set<Check> | undefined;
  #memory: Map<string, unknown> | undefined;
  run: Run | undefined;
  /** In its steady state: its attempts are made elsewhere. */
  routine: RunningRoutine | undefined;
  /** Of the attempts of the routine, those that are in `probes`. */
  noted = 0;
  /** How often in a row a routine ended at its first attempt. */
  strikes = 0;
  attempt = 1;
  /** When the last regular probe was due: the next is counted from there, so that checks do not move together over time. */
  beganAt = 0;
  lastProbeAt: number | undefined;
  lastDurationMs: number | undefined;
  probes = 0;
  failures = 0;

  constructor(
    /** The texts that it is found by. */
    readonly question: string,
    readonly server: string,
    readonly request: CheckRequest,
    private readonly say: Say,
  ) {}

  get checks(): Iterable<Check> {
    if (this.#checks === undefined) return [];
    return this.#checks instanceof Set ? this.#checks : [this.#checks];
  }

  get isAsked(): boolean {
    return this.#checks !== undefined;
  }

  has(check: Check): boolean {
    return this.#checks instanceof Set ? this.#checks.has(check) : this.#checks === check;
  }

  add(check: Check): void {
    if (this.#checks === undefined) this.#checks = check;
    else if (this.#checks instanceof Set) this.#checks.add(check);
    else if (this.#checks !== check) this.#checks = new Set([this.#checks, check]);
  }

  delete(check: Check): void {
    if (this.#checks === check) this.#checks = undefined;
    else if (this.#checks instanceof Set && this.#checks.delete(check) && this.#checks.size === 0) this.#checks = undefined;
  }

  /** For its checker. */
  get log(): Log {
    return new ProbeLog(this.request, this.say);
  }

  /** Of its checker. Most need none. */
  get memory(): Map<string, unknown> {
    this.#memory ??= new Map();
    return this.#memory;
  }

  get checker(): string {
    return this.request.identity.checker;
  }

  /** Somebody wants to know. */
  get isWanted(): boolean {
    for (const { request } of this.checks) if (request.isSuspended !== true) return true;
    return false;
  }

  /** How the checks stand that ask this: the first of which anything was ever found out. What is suspended may have been so for hours. */
  get known(): KnownState | undefined {
    for (const { request, standing } of this.checks) if (standing.isKnown && request.isSuspended !== true) return standing;
    return undefined;
  }

  /** What was asked and answered without this process's JavaScript. `wall`: milliseconds since the epoch. */
  note({ rounds, lastBeganAgoMs, lastTookMs }: RoutineHistory, wall: number): void {
    if (rounds === this.noted) return;
    this.probes += rounds - this.noted;
    this.noted = rounds;
    this.lastProbeAt = Math.round(wall - lastBeganAgoMs);
    this.lastDurationMs = lastTookMs;
  }

  /** The next regular time after `now`, a whole number of periods from the last. */
  nextAfter(now: number): number {
    const period = Math.max(1, this.request.timing.delayLoopMs);
    const next = this.beganAt + period;
    return next > now ? next : this.beganAt + (Math.floor((now - this.beganAt) / period) + 1) * period;
  }
}
