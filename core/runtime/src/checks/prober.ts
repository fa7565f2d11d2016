/**
 * Asks: begins each probe when it is due, ends it at its deadline, and plans the next. One probe never overlaps itself. What a
 * verdict means is the loop's business.
 */
import { type Clock, forbearance, messageOf, type Ports, type Verdict } from '@mainstay/sdk';
import { portsWith } from './answered-ports.js';
import type { Check, Probe, Run, RunnableChecker } from './probe.js';
import type { Departed, Routines, RunningRoutine } from './routines.js';
import { Schedule } from './schedule.js';
import type { Patience } from './standing.js';
import { failureOf, timedOut, verdictOf } from './verdict.js';

/** Around a verdict. */
export interface Finding extends Patience {
  readonly durationMs: number;
}

export interface ProberOptions {
  readonly clock: Clock;
  /** 0 <= number < 1. */
  readonly random: () => number;
  /**
   * A verdict, for all checks of the probe or for the one that is named. Answers true where one of them wants the next attempt soon.
   * Never throws or rejects.
   */
  readonly judged: (probe: Probe, verdict: Verdict, facts: Finding, only?: Check) => boolean | Promise<boolean>;
  readonly complain: (plugin: string, message: string) => void;
  /** Who makes the probes that go on as before. */
  readonly routines?: Routines | undefined;
  /** Nobody would learn anything from the verdict that was given last. */
  readonly isSettled: (probe: Probe) => boolean;
}

/** After so many routines in a row that ended at once, there is none for so many probes. */
const mostStrikes = 3;
const restRounds = 100;

/** Of the verdicts of a watch. */
const atOnce: Finding = { durationMs: 0, retry: 0, rise: 1 };

/** Made once: an error for each probe would cost more than the probe's own bookkeeping. */
const reasons = {
  over: new DOMException('the probe is over', 'AbortError'),
  late: new DOMException('the probe took too long', 'TimeoutError'),
  unwanted: new DOMException('the check is not wanted any more', 'AbortError'),
};

export class Prober {
  readonly #options: ProberOptions;
  readonly #schedule: Schedule<Probe>;
  readonly #checkers = new Map<string, RunnableChecker>();
  /** Of how many probes the checker still works although their deadline is over. */
  readonly #strays = new Map<string, number>();
  #underWay = 0;
  #inRoutine = 0;
  /** Checkers whose routine is of no use, which was said. */
  readonly #blamed = new Set<string>();

  constructor(options: ProberOptions) {
    this.#options = options;
    this.#schedule = new Schedule(options.clock, (probe) => this.#due(probe));
  }

  get planned(): number {
    return this.#schedule.size;
  }
  get underWay(): number {
    return this.#underWay;
  }
  /** Probes that are made without JavaScript. */
  get inRoutine(): number {
    return this.#inRoutine;
  }
  get checkers(): readonly string[] {
    return [...this.#checkers.keys()];
  }

  /** From now on there is such a checker: its probes begin, spread over their periods. */
  serve(keyword: string, checker: RunnableChecker, probes: Iterable<Probe>): void {
    this.#checkers.set(keyword, checker);
    for (const probe of probes) this.resume(probe);
  }

  /** The checker's plugin stops: what it is about to find out does not count. */
  withdraw(keyword: string, probes: Iterable<Probe>): void {
    this.#checkers.delete(keyword);
    for (const probe of probes) this.halt(probe);
  }

  /** Begins within `warmup`. */
  begin(probe: Probe): void {
    this.#planWithin(probe, probe.request.timing.warmupMs);
  }

  /** Goes on after a pause. */
  resume(probe: Probe): void {
    const { warmupMs, delayLoopMs } = probe.request.timing;
    this.#planWithin(probe, Math.min(warmupMs, delayLoopMs));
  }

  /** A check that comes to a watch under way is judged by what that told last: the next word may be a long time off. */
  join(probe: Probe, check: Check): void {
    const { run } = probe;
    if (run?.last === undefined) return;
    this.#inTurn(run, () => {
      const isStill = probe.run === run && probe.has(check);
      return isStill && run.last !== undefined && this.#options.judged(probe, run.last, atOnce, check);
    });
  }

  /** Milliseconds until the next probe begins; undefined: none is planned, or one is under way. Notes what was made meanwhile. */
  nextIn(probe: Probe): number | undefined {
    const { routine } = probe;
    const { clock } = this.#options;
    if (routine === undefined) return probe.place >= 0 && probe.run === undefined ? probe.dueAt - clock.now() : undefined;
    const facts = routine.facts();
    probe.note(facts, clock.wall());
    return facts.isUnderWay ? undefined : facts.dueInMs;
  }

  /** Somebody wants to learn of each verdict again. */
  recall(probe: Probe): void {
    const { routine } = probe;
    if (routine === undefined) return;
    const { clock } = this.#options;
    const facts = routine.end();
    this.#leftRoutine(probe);
    probe.note(facts, clock.wall());
    // What is under way is asked anew.
    this.#schedule.put(probe, clock.now() + Math.max(0, facts.dueInMs));
  }

  /** No more of it, for now or for ever. */
  halt(probe: Probe): void {
    this.recall(probe);
    this.#schedule.remove(probe);
    probe.attempt = 1;
    const { run } = probe;
    if (run !== undefined) this.#end(run, reasons.unwanted);
    probe.run = undefined;
  }

  close(): void {
    this.#options.routines?.close();
    this.#schedule.close();
    this.#checkers.clear();
  }

  #planWithin(probe: Probe, withinMs: number): void {
    const checker = this.#checkers.get(probe.checker);
    // Who joins waits for a verdict of its own.
    this.recall(probe);
    if (checker === undefined || !probe.isWanted || probe.run !== undefined || probe.place >= 0) return;
    const { clock, random } = this.#options;
    this.#schedule.put(probe, clock.now() + (checker.spec.watch === undefined ? random() * withinMs : 0));
  }

  #due(probe: Probe): void {
    const { run } = probe;
    if (run === undefined) this.#begin(probe);
    else this.#tooLate(probe, run);
  }

  #begin(probe: Probe): void {
    const checker = this.#checkers.get(probe.checker);
    if (checker === undefined) return;
    const { clock } = this.#options;
    if (probe.attempt === 1) probe.beganAt = probe.dueAt;
    const run = this.#open(probe, clock.now(), false);
    if (checker.spec.watch === undefined) this.#ask(probe, run, checker, checker.ports);
    else this.#watch(probe, run, checker);
  }

  #open(probe: Probe, startedAt: number, hadPause: boolean): Run {
    const { clock } = this.#options;
    const run: Run = { controller: new AbortController(), startedAt, isOver: false, hadPause };
    probe.run = run;
    probe.probes++;
    probe.lastProbeAt = Math.round(clock.wall() - (clock.now() - startedAt));
    this.#underWay++;
    return run;
  }

  #ask(probe: Probe, run: Run, { spec, plugin }: RunnableChecker, ports: Ports): void {
    const { keyword } = spec;
    const { target, config, virtualHost, timing } = probe.request;
    const { delayLoopMs } = timing;
    const { attempt, known, memory, log } = probe;
    const { clock } = this.#options;
    let answer: unknown;
    let comesLater: boolean;
    try {
      const withinMs = timeoutOf(spec, probe);
      this.#schedule.put(probe, run.startedAt + withinMs);
      const { signal } = run.controller;
      const given = { target, config, virtualHost, attempt, delayLoopMs, timeoutMs: withinMs, known };
      const context = { ...given, memory, signal, clock, log, ports };
      answer = spec.check?.(context as never);
      comesLater = isThenable(answer);
    } catch (error) {
      this.#over(probe, run, failureOf(error, keyword));
      return;
    }
    if (!comesLater) {
      this.#over(probe, run, verdictOf(answer, keyword));
      return;
    }
    Promise.resolve(answer).then(
      (value) => this.#came(probe, run, plugin, () => verdictOf(value, keyword)),
      (error: unknown) => this.#came(probe, run, plugin, () => failureOf(error, keyword)),
    );
  }

  #came(probe: Probe, run: Run, plugin: string, verdict: () => Verdict): void {
    if (!run.isOver) this.#over(probe, run, verdict());
    else if (run.endedWith === reasons.late) this.#strays.set(plugin, (this.#strays.get(plugin) ?? 1) - 1);
  }

  #tooLate(probe: Probe, run: Run): void {
    const { clock } = this.#options;
    const now = clock.now();
    const more = run.hadPause ? 0 : forbearance(now - probe.dueAt, probe.dueAt - run.startedAt);
    if (more > 0) {
      run.hadPause = true;
      this.#schedule.put(probe, now + more);
      return;
    }
    const plugin = this.#checkers.get(probe.checker)?.plugin ?? '';
    this.#strays.set(plugin, (this.#strays.get(plugin) ?? 0) + 1);
    this.#over(probe, run, timedOut, reasons.late);
  }

  /** Checkers that do not give up at the deadline, and how many of their probes are still under way. */
  get strays(): ReadonlyMap<string, number> {
    return new Map([...this.#strays].filter(([, count]) => count > 0));
  }

  #over(probe: Probe, run: Run, verdict: Verdict, reason: DOMException = reasons.over): void {
    if (probe.run !== run || run.isOver) return;
    this.#schedule.remove(probe);
    this.#end(run, reason);
    if (run.isVoid === true) {
      this.#askAgain(probe);
      return;
    }
    const durationMs = this.#options.clock.now() - run.startedAt;
    probe.lastDurationMs = durationMs;
    if (!verdict.ok) probe.failures++;
    const isWatched = this.#checkers.get(probe.checker)?.spec.watch !== undefined;
    const { retry, rise = 1 } = isWatched ? atOnce : probe.request.timing;
    const isRetrying = this.#options.judged(probe, verdict, { durationMs, retry, rise });
    const { ok } = verdict;
    if (typeof isRetrying === 'boolean') this.#next(probe, run, isRetrying, ok);
    else void isRetrying.then((answer) => this.#next(probe, run, answer, ok));
  }

  #next(probe: Probe, run: Run, isRetrying: boolean, isUp: boolean): void {
    if (probe.run !== run) return;
    probe.run = undefined;
    if (!probe.isWanted || !this.#checkers.has(probe.checker)) return;
    const now = this.#options.clock.now();
    probe.attempt = isRetrying ? probe.attempt + 1 : 1;
    if (isUp && !isRetrying && this.#beginRoutine(probe, now)) return;
    this.#schedule.put(probe, isRetrying ? now + Math.max(1, probe.request.timing.delayBeforeRetryMs) : probe.nextAfter(now));
  }

  /** Answers false where `check` has to make the next probe. */
  #beginRoutine(probe: Probe, now: number): boolean {
    const { routines, isSettled } = this.#options;
    const checker = this.#checkers.get(probe.checker);
    if (routines === undefined || checker?.spec.routine === undefined || !isSettled(probe)) return false;
    const { spec, plugin } = checker;
    if (this.#blamed.has(spec.keyword) || hasRest(probe)) return false;
    const { target, config, virtualHost, timing } = probe.request;
    try {
      const routine = spec.routine?.({ target, config, virtualHost, memory: probe.memory } as never);
      if (routine === undefined) return false;
      const timeoutMs = timeoutOf(spec, probe);
      const question = { target, routine, dueInMs: probe.nextAfter(now) - now, delayLoopMs: timing.delayLoopMs, timeoutMs };
      const running: RunningRoutine = routines.begin(question, (departed) => this.#departed(probe, running, departed));
      probe.routine = running;
      probe.noted = 0;
      this.#inRoutine++;
      return true;
    } catch (error) {
      this.#blame(plugin, spec.keyword, messageOf(error));
      return false;
    }
  }

  /** The probes go on: it only costs more. */
  #blame(plugin: string, keyword: string, why: string): void {
    if (this.#blamed.has(keyword)) return;
    this.#blamed.add(keyword);
    const what = `${keyword} has a routine that cannot be used, each probe is made by its check`;
    this.#options.complain(plugin, `${what}: ${why}`);
  }

  #askAgain(probe: Probe): void {
    probe.run = undefined;
    const plugin = this.#checkers.get(probe.checker)?.plugin ?? '';
    this.#blame(plugin, probe.checker, 'it sends something else than the check');
    this.#schedule.put(probe, this.#options.clock.now());
  }

  #leftRoutine(probe: Probe): void {
    probe.routine = undefined;
    this.#inRoutine--;
  }

  /** A probe did not go as those before it: it is judged as any other, by what has come of it already. */
  #departed(probe: Probe, routine: RunningRoutine, departed: Departed): void {
    const { outcome, beganAgoMs, dueAgoMs, hadPause, rounds } = departed;
    const checker = this.#checkers.get(probe.checker);
    if (probe.routine !== routine || checker === undefined) {
      if (outcome !== 'late') outcome.discard();
      return;
    }
    const { clock } = this.#options;
    const now = clock.now();
    this.#leftRoutine(probe);
    probe.note(departed, clock.wall());
    probe.strikes = rounds === 0 ? probe.strikes + 1 : 0;
    probe.beganAt = now - dueAgoMs;
    const run = this.#open(probe, now - beganAgoMs, hadPause);
    if (outcome === 'late') {
      this.#over(probe, run, timedOut, reasons.late);
      return;
    }
    const { ports, discard } = portsWith(checker.ports, probe.request.target, outcome, () => {
      run.isVoid = true;
    });
    run.end = discard;
    this.#ask(probe, run, checker, ports);
  }

  #watch(probe: Probe, run: Run, { spec, plugin, ports }: RunnableChecker): void {
    const judge = (verdict: Verdict) => {
      if (probe.run !== run) return;
      if (!verdict.ok) probe.failures++;
      probe.lastProbeAt = Math.round(clock.wall());
      this.#inTurn(run, () => {
        if (probe.run !== run) return false;
        run.last = verdict;
        return this.#options.judged(probe, verdict, atOnce);
      });
    };
    const { clock } = this.#options;
    const { log } = probe;
    const report = (verdict: unknown) => judge(verdictOf(verdict, spec.keyword));
    try {
      const end: unknown = spec.watch?.({ config: probe.request.config, clock, log, ports, report } as never);
      if (typeof end !== 'function') throw new TypeError('its watch() answers no function that ends it');
      run.end = () => {
        try {
          end();
        } catch (error) {
          this.#options.complain(plugin, `${spec.keyword} failed when its watch was ended: ${messageOf(error)}`);
        }
      };
    } catch (error) {
      this.#over(probe, run, failureOf(error, spec.keyword));
    }
  }

  /** One after another, where a hook takes its time with one of them. */
  #inTurn(run: Run, judged: () => boolean | Promise<boolean>): void {
    const answer = run.turn === undefined ? judged() : run.turn.then(judged);
    run.turn = typeof answer === 'boolean' ? undefined : answer;
  }

  /** Aborting also closes what the checker forgot. */
  #end(run: Run, reason: DOMException): void {
    if (run.isOver) return;
    run.isOver = true;
    this.#underWay--;
    run.end?.();
    run.endedWith = reason;
    run.controller.abort(reason);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}

/** Its answers differ each time: a routine would only be one more way to learn that. Tried anew now and then. */
function hasRest(probe: Probe): boolean {
  if (probe.strikes < mostStrikes) return false;
  probe.strikes = (probe.strikes + 1) % restRounds;
  return true;
}

/** What the checker says, where that is a time. Throws what the checker throws. */
function timeoutOf({ timeoutMs: own }: RunnableChecker['spec'], { request: { config, timing } }: Probe): number {
  const { delayLoopMs, timeoutMs } = timing;
  const ms = own?.(config as never, { delayLoopMs, timeoutMs });
  return ms !== undefined && ms > 0 && Number.isFinite(ms) ? ms : timeoutMs;
}
