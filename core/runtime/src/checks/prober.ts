/**
 * Asks: begins each probe when it is due, ends it at its deadline, and plans the next. One probe never overlaps itself. What a
 * verdict means is the loop's business.
 */
import { type Clock, forbearance, messageOf, type Verdict } from '@mainstay/sdk';
import type { Check, Probe, Run, RunnableChecker } from './probe.js';
import { Schedule } from './schedule.js';
import { failureOf, timedOut, verdictOf } from './verdict.js';

/** Around a verdict. */
export interface Finding {
  readonly durationMs: number;
  /** Failed attempts that do not count. */
  readonly retry: number;
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
}

/** Of the verdicts of a watch. */
const atOnce: Finding = { durationMs: 0, retry: 0 };

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
      const isStill = probe.run === run && probe.checks.has(check);
      return isStill && run.last !== undefined && this.#options.judged(probe, run.last, atOnce, check);
    });
  }

  /** No more of it, for now or for ever. */
  halt(probe: Probe): void {
    this.#schedule.remove(probe);
    probe.attempt = 1;
    const { run } = probe;
    if (run !== undefined) this.#end(run, reasons.unwanted);
    probe.run = undefined;
  }

  close(): void {
    this.#schedule.close();
    this.#checkers.clear();
  }

  #planWithin(probe: Probe, withinMs: number): void {
    const checker = this.#checkers.get(probe.checker);
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
    const run: Run = { controller: new AbortController(), startedAt: clock.now(), isOver: false, hadPause: false };
    if (probe.attempt === 1) probe.beganAt = probe.dueAt;
    probe.run = run;
    probe.probes++;
    probe.lastProbeAt = clock.wall();
    this.#underWay++;
    if (checker.spec.watch === undefined) this.#ask(probe, run, checker);
    else this.#watch(probe, run, checker);
  }

  #ask(probe: Probe, run: Run, { spec, plugin, ports }: RunnableChecker): void {
    const { keyword } = spec;
    const { target, config, virtualHost, timing } = probe.request;
    const { delayLoopMs, timeoutMs } = timing;
    const { attempt, known, memory, log } = probe;
    const { clock } = this.#options;
    let answer: unknown;
    let comesLater: boolean;
    try {
      const own = spec.timeoutMs?.(config as never, { delayLoopMs, timeoutMs });
      const withinMs = own !== undefined && own > 0 && Number.isFinite(own) ? own : timeoutMs;
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
    const durationMs = this.#options.clock.now() - run.startedAt;
    probe.lastDurationMs = durationMs;
    if (!verdict.ok) probe.failures++;
    const isWatched = this.#checkers.get(probe.checker)?.spec.watch !== undefined;
    const retry = isWatched ? 0 : probe.request.timing.retry;
    const isRetrying = this.#options.judged(probe, verdict, { durationMs, retry });
    if (typeof isRetrying === 'boolean') this.#next(probe, run, isRetrying);
    else void isRetrying.then((answer) => this.#next(probe, run, answer));
  }

  #next(probe: Probe, run: Run, isRetrying: boolean): void {
    if (probe.run !== run) return;
    probe.run = undefined;
    if (!probe.isWanted || !this.#checkers.has(probe.checker)) return;
    const now = this.#options.clock.now();
    probe.attempt = isRetrying ? probe.attempt + 1 : 1;
    this.#schedule.put(probe, isRetrying ? now + Math.max(1, probe.request.timing.delayBeforeRetryMs) : probe.nextAfter(now));
  }

  #watch(probe: Probe, run: Run, { spec, plugin, ports }: RunnableChecker): void {
    const judge = (verdict: Verdict) => {
      if (probe.run !== run) return;
      if (!verdict.ok) probe.failures++;
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
