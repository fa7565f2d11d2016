/**
 * The checking loop of one lane: which checks there are and for whom, which of them share probes, and what verdicts make of them.
 * It knows no protocol: checkers are given to it. Used by the host.
 */
import { type CheckReport, type CheckState, type Clock, type HookCalls, messageOf, type Verdict } from '@mainstay/sdk';
import type { LogLevel } from '../log/record.js';
import { asksTheSame } from './content.js';
import type { AskedCheck, CheckOrder } from './orders.js';
import { Outbox, type SendStates } from './outbox.js';
import type { Check, Probe, RunnableChecker, Say } from './probe.js';
import { type Finding, Prober, type ProberOptions } from './prober.js';
import { Probes } from './probes.js';
import type { Routines } from './routines.js';
import { Beginnings, interrupted, judge, renewed, repaced, standingAtStart, stateOf } from './standing.js';
import { Telling } from './telling.js';

export interface LoopOptions {
  readonly clock: Clock;
  /** 0 <= number < 1. Default: Math.random. */
  readonly random?: () => number;
  /** Calls of the owner `checkers`. */
  readonly hooks: HookCalls;
  readonly log: (level: LogLevel, plugin: string, message: string, fields?: Readonly<Record<string, unknown>>) => void;
  readonly send: SendStates;
  /** Who makes probes that go on as before; absent: each is made by its checker. */
  readonly routines?: Routines | undefined;
  readonly soon?: (work: () => void) => void;
}

interface Client {
  readonly checks: Map<string, Check>;
  /** While everything that it wants is being told: what has not been named yet. */
  unnamed: Set<string> | undefined;
}

export class CheckLoop {
  readonly #options: LoopOptions;
  readonly #clients = new Map<string, Client>();
  readonly #probes = new Probes();
  readonly #plugins = new Map<string, string>();
  readonly #prober: Prober;
  readonly #outbox: Outbox;
  readonly #telling: Telling;
  readonly #beginnings = new Beginnings();

  constructor(options: LoopOptions) {
    this.#options = options;
    const { clock, random = Math.random, hooks, log, send, routines, soon } = options;
    this.#outbox = new Outbox(clock, send, soon);
    this.#telling = new Telling(clock, hooks, log);
    const complain = (plugin: string, message: string) => log('error', plugin, message);
    const judged: ProberOptions['judged'] = (...args) => this.#judged(...args);
    this.#prober = new Prober({ clock, random, judged, complain, routines, isSettled: (probe) => this.#isSettled(probe) });
  }

  /** Its plugin runs. */
  serve(keyword: string, checker: RunnableChecker): void {
    this.#plugins.set(keyword, checker.plugin);
    this.#prober.serve(keyword, checker, this.#probesOf(keyword));
  }

  /** Its plugin stops: its checks keep their states and are not made. */
  withdraw(keyword: string): void {
    const probes = this.#probesOf(keyword);
    this.#prober.withdraw(keyword, probes);
    for (const { checks } of probes) for (const check of checks) check.standing = interrupted(check.standing);
  }

  apply(client: string, { put, drop, isFirst, isLast }: CheckOrder): void {
    const own = this.#clients.get(client) ?? { checks: new Map<string, Check>(), unnamed: undefined };
    this.#clients.set(client, own);
    if (isFirst === true) own.unnamed = new Set(own.checks.keys());
    for (const id of drop) this.#drop(own, id);
    for (const asked of put) this.#tryPut(client, own, asked);
    if (isLast === true) {
      for (const id of own.unnamed ?? []) this.#drop(own, id);
      own.unnamed = undefined;
    }
    if (own.checks.size === 0 && own.unnamed === undefined) this.#clients.delete(client);
  }

  /** Other events are wanted of this process than before. */
  interestChanged(): void {
    for (const probe of this.#probes) if (probe.routine !== undefined && !this.#isSettled(probe)) this.#prober.recall(probe);
  }

  report(client: string, ids?: readonly string[]): readonly CheckReport[] {
    const checks = this.#clients.get(client)?.checks ?? new Map<string, Check>();
    return [...(ids ?? checks.keys())].flatMap((id) => {
      const check = checks.get(id);
      return check === undefined ? [] : [this.#reportOf(check)];
    });
  }

  /** For status and tests: how much there is of everything. */
  counts() {
    let checks = 0;
    for (const client of this.#clients.values()) checks += client.checks.size;
    const { planned, underWay, inRoutine, strays } = this.#prober;
    const served = new Set(this.#prober.checkers);
    const unserved = [...this.#probes].filter(({ checker }) => !served.has(checker)).length;
    return { checks, probes: this.#probes.size, planned, underWay, inRoutine, unserved, strays, unsent: this.#outbox.size };
  }

  /** Nothing is probed any more, and nothing stays open. */
  close(): void {
    for (const probe of this.#probes) this.#prober.halt(probe);
    this.#prober.close();
    this.#probes.clear();
    this.#clients.clear();
  }

  #probesOf(keyword: string): readonly Probe[] {
    return [...this.#probes].filter((probe) => probe.checker === keyword);
  }

  /** What cannot be made must not take the rest of its order along: it comes from anybody's code. */
  #tryPut(client: string, own: Client, asked: AskedCheck): void {
    try {
      this.#put(client, own, asked);
    } catch (error) {
      const { id, identity } = asked?.request ?? {};
      if (id !== undefined) this.#drop(own, id);
      const { checker = 'a check', realServer = 'no server', virtualServer = 'no virtual server' } = identity ?? {};
      const name = `${checker} of ${realServer} in ${virtualServer}`;
      this.#options.log('error', client, `${name} is not made: ${messageOf(error)}`);
    }
  }

  #put(client: string, own: Client, asked: AskedCheck): void {
    const { request } = asked;
    const probe = this.#probes.for(request, this.#say);
    const old = own.checks.get(request.id);
    own.unnamed?.delete(request.id);
    if (old === undefined) this.#add(client, own, asked, probe);
    else {
      const before = old.request;
      const wasSuspended = before.isSuspended === true;
      old.request = request;
      if (old.probe !== probe) this.#moveTo(old, probe, asksTheSame(before, request));
      else if (wasSuspended !== (request.isSuspended === true)) this.#suspensionChanged(old);
      // A client that begins anew, or gave this one up for a moment, knows nothing of what has been found out so far.
      if ((own.unnamed !== undefined || asked.known === undefined) && old.standing.isSettled) this.#tell(old);
    }
  }

  #add(client: string, own: Client, { request, known, isSettled }: AskedCheck, probe: Probe): void {
    const { id, initial } = request;
    const now = this.#options.clock.wall();
    const standing = known === undefined ? this.#beginnings.of(initial, now) : standingAtStart(initial, known, isSettled, now);
    const check: Check = { client, id, request, standing, probe };
    own.checks.set(id, check);
    probe.add(check);
    if (known === undefined) this.#prober.begin(probe);
    else this.#prober.resume(probe);
    this.#prober.join(probe, check);
  }

  #moveTo(check: Check, probe: Probe, isRepaced: boolean): void {
    this.#leave(check);
    check.standing = isRepaced ? repaced(check.standing, check.request.timing) : renewed(check.standing);
    check.probe = probe;
    probe.add(check);
    if (isRepaced) this.#prober.resume(probe);
    else this.#prober.begin(probe);
    this.#prober.join(probe, check);
  }

  #suspensionChanged(check: Check): void {
    const { probe } = check;
    check.standing = interrupted(check.standing);
    if (!probe.isWanted) this.#prober.halt(probe);
    else this.#prober.resume(probe);
    this.#prober.join(probe, check);
  }

  #drop(own: Client, id: string): void {
    const check = own.checks.get(id);
    if (check === undefined) return;
    own.checks.delete(id);
    own.unnamed?.delete(id);
    this.#outbox.drop(check.client, id);
    this.#leave(check);
  }

  #leave(check: Check): void {
    const { probe } = check;
    probe.delete(check);
    if (!probe.isWanted) this.#prober.halt(probe);
    if (!probe.isAsked) this.#probes.delete(probe);
  }

  /** Counts a verdict for every check that asked, or for `only` one of them. */
  #judged(probe: Probe, verdict: Verdict, finding: Finding, only?: Check): boolean | Promise<boolean> {
    let isRetrying = false;
    let later: Promise<void>[] | undefined;
    const { run } = probe;
    for (const check of only === undefined ? probe.checks : [only]) {
      if (check.request.isSuspended === true) continue;
      if (!this.#telling.isShaped(check)) isRetrying = this.#count(check, verdict, finding) || isRetrying;
      else {
        const count = (shaped: Verdict) => {
          // It may have been given up or changed while the taps thought about it.
          const isStill = probe.run === run && check.probe === probe && probe.has(check);
          if (isStill) isRetrying = this.#count(check, shaped, finding) || isRetrying;
        };
        later ??= [];
        later.push(this.#telling.shaped(check, verdict).then(count));
      }
    }
    return later === undefined ? isRetrying : Promise.all(later).then(() => isRetrying);
  }

  #count(check: Check, verdict: Verdict, finding: Finding): boolean {
    const judgement = judge(check.standing, verdict, finding, this.#options.clock.wall());
    this.#telling.result(check, verdict, finding.durationMs);
    const plugin = this.#plugins.get(check.request.identity.checker) ?? 'mainstay';
    this.#telling.judged(check, plugin, verdict, judgement, finding);
    check.standing = judgement.standing;
    if (judgement.isNews) this.#tell(check);
    return judgement.isRetrying;
  }

  /** The verdict of its last probe, given once more, would change nothing and nobody would hear of it. */
  #isSettled({ checks }: Probe): boolean {
    for (const check of checks) {
      const { isUp, isSettled, failures } = check.standing;
      if (check.request.isSuspended === true) continue;
      if (!isUp || !isSettled || failures > 0 || this.#telling.isHeard(check)) return false;
    }
    return true;
  }

  #tell({ client, id, standing }: Check): void {
    this.#outbox.put(client, stateOf(id, standing));
  }

  #reportOf(check: Check): CheckReport {
    const { probe, standing } = check;
    const { clock } = this.#options;
    const nextInMs = this.#prober.nextIn(probe);
    const inMs = check.request.isSuspended === true ? undefined : nextInMs;
    const { attempt, lastProbeAt, lastDurationMs, probes, failures } = probe;
    const nextProbeAt = inMs === undefined ? undefined : Math.round(clock.wall() + inMs);
    const state: CheckState = stateOf(check.id, standing);
    const { unprobed } = standing;
    return {
      ...state,
      ...(unprobed !== undefined && { reason: `${state.reason}; not probed since: ${unprobed}` }),
      attempt,
      ...(standing.successes > 0 && { rising: { successes: standing.successes, of: probe.request.timing.rise ?? 1 } }),
      probes,
      failures,
      ...(lastProbeAt !== undefined && { lastProbeAt }),
      ...(lastDurationMs !== undefined && { lastDurationMs }),
      ...(nextProbeAt !== undefined && { nextProbeAt }),
    };
  }

  /** What a checker logs. */
  readonly #say: Say = (level, { identity }, message, fields) => {
    const plugin = this.#plugins.get(identity.checker) ?? 'mainstay';
    this.#options.log(level, plugin, `${identity.checker} of ${identity.realServer}: ${message}`, fields);
  };
}
