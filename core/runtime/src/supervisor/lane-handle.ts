/**
 * One lane from the supervisor's side: its process, its phase, its queue of events, its heartbeat and its back-off. Tells its
 * owner (supervisor.ts) what happened; decides nothing about other lanes.
 */
import { type ActionResult, actionDeadlineMs, type Clock, type Explanation, messageOf, type Timer } from '@mainstay/sdk';
import { partOfTree } from '../config/packed/packed-tree.js';
import type { ActionFacts } from '../host/actions.js';
import type { FromLane, LaneReport, ReloadAnswer, ToLane } from '../lanes/messages.js';
import { type LanePlan, leavesOf } from '../lanes/plan.js';
import { Backoff } from './backoff.js';
import { EventQueue } from './event-queue.js';
import type { Footing } from './footing.js';
import type { LaneDependencies, LaneOwner } from './lane-owner.js';
import type { LaneProcess, LaneProcessLimits } from './lane-process.js';
import { LaneQuestions } from './lane-questions.js';
import type { NameSet } from './removed.js';
import { until } from './until.js';

export type LanePhase = 'down' | 'loading' | 'ready' | 'starting' | 'started' | 'stopping' | 'waiting' | 'idle';

export interface LaneLimits extends LaneProcessLimits {
  /** Beats (of one second) without an answer after which the lane is killed. */
  readonly heartbeats: number;
  /** Resident memory in MiB above which the lane is killed; absent: not watched. */
  readonly memoryMiB?: number;
}

export interface LaneEvent {
  readonly hook: Extract<ToLane, { kind: 'event' }>['hook'];
  readonly key: string;
  readonly payload: unknown;
  readonly about?: 'reminder' | 'forgotten';
}

/** While a lane is held: events about `keys` go to its process as before, the others wait for the next process. */
interface Hold {
  readonly keys: NameSet;
  readonly later: EventQueue<LaneEvent>;
}

/** More messages than any lane that reads leaves untaken for long. */
const manyUnsent = 32;
/** A lane bounds an action itself; one that does not even say that it was late has this much longer. */
const actionGraceMs = 1000;

export class LaneHandle {
  readonly queue = new EventQueue<LaneEvent>();
  phase: LanePhase = 'down';
  /** A process of it has started, the present one or an earlier one. */
  hasEverStarted = false;
  /** Its plugins were told to act, in one of its processes. */
  hasEverBegun = false;
  /** So was its present process. */
  hasBegun = false;
  /** Why its last process ended; undefined: cleanly. */
  endedBy: string | undefined;
  restarts = 0;
  #process: LaneProcess | undefined;
  #running: LanePlan | undefined;
  #launchedAt = 0;
  #missedBeats = 0;
  #cause: string | undefined;
  #wake: Timer | undefined;
  #hold: Hold | undefined;
  /** It ends in order to start anew: what happens meanwhile is kept for it. */
  #isComingBack = false;
  #isResting = false;
  /** What its plugins had in the kernel was taken back. */
  #isCleared = false;
  /** Its process is there only to do that. */
  #isClearing = false;
  #onGone: (() => void)[] = [];
  #actions: readonly ActionFacts[] | undefined;
  #checkers: readonly string[] = [];
  readonly #backoff = new Backoff();
  readonly #questions: LaneQuestions;
  /** What it is asked to take over, by the number of the question: an answer may be late. */
  readonly #offered = new Map<number, Footing>();
  /** Not its first process, or its plugins have run elsewhere. */
  #isRestart = false;
  /** The configuration that it did not take over, and is not given again by itself. */
  hopeless: Footing | undefined;

  constructor(
    public plan: LanePlan,
    /** What its present process is on, and its next one begins with. */
    public footing: Footing,
    public limits: LaneLimits,
    private readonly needs: LaneDependencies,
    private readonly owner: LaneOwner,
  ) {
    const isThere = () => this.#process !== undefined && this.phase !== 'stopping';
    this.#questions = new LaneQuestions(needs.clock, isThere, (message) => this.send(message));
  }

  get name(): string {
    return this.plan.lane;
  }
  get clock(): Clock {
    return this.needs.clock;
  }
  /** What its present process runs: a reload gives the lane its next plan before that process has said its last. */
  get running(): LanePlan {
    return this.#running ?? this.plan;
  }
  get pid(): number | undefined {
    return this.#process === undefined || this.#process.pid === 0 ? undefined : this.#process.pid;
  }
  /** Messages to it that the system has not taken: its process does not read. */
  get unsent(): number {
    return this.#process?.unsent ?? 0;
  }
  /** So many that what can wait should. */
  get isBehind(): boolean {
    return this.unsent >= manyUnsent;
  }
  /** It ends, or has ended, because it has nothing to do. */
  get isResting(): boolean {
    return this.#isResting;
  }
  /** It is on its way to its start. */
  get isPending(): boolean {
    return this.phase === 'loading' || this.phase === 'ready' || this.phase === 'starting';
  }
  get isHeld(): boolean {
    return this.#hold !== undefined;
  }
  /** What its plugins can be asked to do, as its last process said. */
  get actions(): readonly ActionFacts[] {
    return this.#actions ?? [];
  }
  get hasToldActions(): boolean {
    return this.#actions !== undefined;
  }
  /** Keywords of the checkers that its plugins have, as its last process said. */
  get checkers(): readonly string[] {
    return this.#checkers;
  }
  get isRealtime(): boolean {
    return this.plan.laneKind === 'realtime';
  }
  /** What may be left of its plugins in the kernel, now that it has ended, and how that is cleared by hand. */
  get leftovers(): string | undefined {
    return this.#isCleared ? undefined : leavesOf(this.running);
  }

  /** Starts the process and sends it its plugins and configuration. */
  launch(): void {
    this.#wake?.cancel();
    this.#cause = undefined;
    this.#missedBeats = 0;
    this.#launchedAt = this.needs.clock.now();
    this.#isComingBack = false;
    this.#isResting = false;
    this.hasBegun = false;
    this.phase = 'loading';
    this.#running = this.plan;
    this.release();
    const process = this.needs.spawn(this.plan, this.limits, {
      message: (message) => {
        if (this.#process === process) this.#hear(message);
      },
      printed: (line) => this.owner.printed(this, line),
      exited: (cause) => this.#exited(cause),
    });
    this.#process = process;
    if (process.pid !== 0) this.owner.process(this, process.pid);
    if (process.isSetUp !== true) process.send({ kind: 'setup', setup: this.owner.setup(this, this.#isRestart) });
    this.#isRestart = true;
  }

  /** Lets the plugins act; after `ready`. */
  begin(): void {
    if (this.phase !== 'ready') return;
    this.phase = 'starting';
    this.hasEverBegun = true;
    this.hasBegun = true;
    this.#isCleared = false;
    this.send({ kind: 'start' });
  }

  send(message: ToLane): void {
    this.#process?.send(message);
  }

  /** Queues an event. Never waits. */
  deliver(event: LaneEvent): void {
    if (this.phase === 'idle' || (this.phase === 'stopping' && !this.#isComingBack)) return;
    const queue = this.#hold === undefined || this.#hold.keys.has(event.key) ? this.queue : this.#hold.later;
    if (!queue.push(event) && queue.dropped % 1000 === 1) this.owner.dropping(this, queue.dropped);
    this.#pump();
  }

  /**
   * From now on only events about `keys` reach the process, which is about to be replaced: they are about what the new
   * configuration no longer has, and only the old process knows what to do about that.
   */
  hold(keys: NameSet): void {
    this.#hold ??= { keys, later: new EventQueue() };
  }

  /** Ends a hold: what waited goes to the process that runs now, or to the next. */
  release(): void {
    const hold = this.#hold;
    this.#hold = undefined;
    if (hold !== undefined) {
      this.queue.dropped += hold.later.dropped;
      for (const event of hold.later.drain()) this.deliver(event);
    }
  }

  /** Settles when every event has been dealt with, or after `withinMs`. */
  drained(withinMs: number): Promise<boolean> {
    return until(this.needs.clock, withinMs, () => this.queue.isDrained || this.phase !== 'started');
  }

  /** Settles when its process has come as far as it will for now (started, idle, crashed), or after `withinMs`. */
  async settled(withinMs: number): Promise<void> {
    await until(this.needs.clock, withinMs, () => !this.isPending);
  }

  /** Settles when its process, or the next one where that dies, runs (true), or will not, or after `withinMs`. */
  async back(withinMs: number): Promise<boolean> {
    await until(this.needs.clock, withinMs, () => !this.isPending && this.phase !== 'waiting');
    return this.phase === 'started';
  }

  report(withinMs: number): Promise<LaneReport | undefined> {
    return this.#questions.report(withinMs);
  }
  explain(name: string, withinMs: number): Promise<readonly Explanation[] | undefined> {
    return this.#questions.explain(name, withinMs);
  }

  /** It is to take over the configuration, and is on it from the moment that it says so, be it late. */
  follow(next: Footing, withinMs: number): Promise<ReloadAnswer | undefined> {
    const message = { tree: partOfTree(next.tree, this.plan.roots), generation: next.generation };
    return this.#questions.reload(message, withinMs, (id) => this.#offered.set(id, next));
  }

  /** Its present process was asked to take it over. */
  isAskedFor(footing: Footing | undefined): boolean {
    return [...this.#offered.values()].some((one) => one === footing);
  }

  /** It is to act on a configuration for the rest of its life only. */
  reload(message: Omit<Extract<ToLane, { kind: 'reload' }>, 'kind' | 'id'>, withinMs: number): Promise<ReloadAnswer | undefined> {
    return this.#questions.reload(message, withinMs, () => {});
  }

  /** What plugins of this lane have in the kernel was put there by that one, whose process has ended. */
  inherit(from: LaneHandle): void {
    this.#isRestart = true;
    this.hasEverBegun ||= from.hasEverBegun;
  }

  /** Has a plugin of it do what it declared. `late`: it does not answer; `died`: its process ended meanwhile. */
  async act(verb: string, name: string, deadlineMs: number): Promise<ActionResult | 'late' | 'died'> {
    const asked = this.#process;
    const withinMs = Math.min(deadlineMs, actionDeadlineMs.longest) + actionGraceMs;
    const result = await this.#questions.act(verb, name, withinMs);
    return result ?? (this.#process === asked && asked !== undefined ? 'late' : 'died');
  }

  /** Called once a second: the heartbeat and the memory guard. */
  tick(): void {
    if (this.#process === undefined || this.#cause !== undefined) return;
    if (++this.#missedBeats > this.limits.heartbeats) {
      this.kill('unresponsive');
      return;
    }
    // One ping at a time: a lane that hangs does not collect a heap of them.
    if (this.#missedBeats === 1) this.send({ kind: 'ping', id: 0 });
    if (this.limits.memoryMiB !== undefined) void this.#checkMemory(this.#process, this.limits.memoryMiB);
  }

  kill(cause: string): void {
    this.#cause = cause;
    this.#process?.kill('SIGKILL');
  }

  /** Ends the lane: cleanly within `withinMs`, with SIGKILL after. Settles when the process is gone. */
  async stop(why: 'shutdown' | 'restart', withinMs: number): Promise<void> {
    this.#wake?.cancel();
    const process = this.#process;
    if (process === undefined) {
      this.phase = 'down';
      return;
    }
    this.phase = 'stopping';
    this.#isComingBack = why === 'restart';
    const gone = new Promise<void>((resolve) => this.#onGone.push(resolve));
    process.send({ kind: 'stop', why });
    const deadline = this.needs.clock.after(withinMs, () => process.kill('SIGKILL'));
    await gone;
    deadline.cancel();
  }

  /** Runs it once more, only to take back what is left of it. */
  async takeBack(withinMs: number): Promise<void> {
    this.#isClearing = true;
    const gone = new Promise<void>((resolve) => this.#onGone.push(resolve));
    this.launch();
    const deadline = this.needs.clock.after(withinMs, () => this.kill(`not within ${withinMs / 1000} s`));
    await gone;
    deadline.cancel();
  }

  /** Nothing to do here: the process ends, and stays away until the configuration changes. */
  async rest(): Promise<void> {
    this.#isResting = true;
    await this.stop('shutdown', 5000);
    // A reload may have launched it again in the same moment.
    if (!this.#isResting) return;
    this.phase = 'idle';
    this.queue.clear();
  }

  /** It ended while the daemon stops: it does not come back. */
  park(): void {
    this.#wake?.cancel();
    this.phase = 'down';
  }

  /** The cause of earlier crashes may be gone. */
  forgive(): void {
    this.#backoff.reset();
  }

  async #checkMemory(process: LaneProcess, limit: number): Promise<void> {
    const used = await this.needs.memoryOf(process.pid);
    if (used !== undefined && used > limit && this.#process === process) this.kill('memory limit');
  }

  #pump(): void {
    if (this.phase !== 'started') return;
    for (const { seq, item } of this.queue.take()) this.send({ kind: 'event', seq, ...item });
  }

  /** A lane runs anybody's code, which can reach the channel: what makes no sense must not harm us. */
  #hear(message: FromLane): void {
    try {
      this.#receive(message);
    } catch (error) {
      this.owner.printed(this, `a message of the kind "${message.kind}" makes no sense: ${messageOf(error)}`);
    }
  }

  #receive(message: FromLane): void {
    if (message.kind === 'pong') this.#missedBeats = 0;
    else if (message.kind === 'ack') this.queue.acknowledge(message.seq);
    else if (message.kind === 'reloaded') this.#settleOffer(message.id, message.answer.ok);
    this.#questions.hear(message);
    if (message.kind === 'stopped') this.#isCleared = message.isCleared === true;
    if (message.kind === 'ready' && this.#isClearing) {
      this.phase = 'stopping';
      this.send({ kind: 'stop', why: 'shutdown' });
      return;
    }
    if (message.kind === 'ready' && this.phase === 'loading') {
      this.phase = 'ready';
      this.#actions = message.actions ?? [];
      this.#checkers = message.checkers ?? [];
    }
    if (message.kind === 'started' && this.phase === 'starting') {
      this.phase = 'started';
      this.hasEverStarted = true;
    }
    this.owner.message(this, message);
    if (message.kind === 'ack' || message.kind === 'started') this.#pump();
  }

  #settleOffer(id: number, isTaken: boolean): void {
    const offered = this.#offered.get(id);
    if (offered === undefined) return;
    this.#offered.delete(id);
    if (isTaken) this.footing = offered;
    else this.hopeless = offered;
  }

  #exited(cause: string | undefined): void {
    const pid = this.#process?.pid ?? 0;
    const before = this.phase;
    this.endedBy = this.#cause ?? cause;
    this.#process = undefined;
    this.queue.forgetUnderWay();
    this.#offered.clear();
    this.#questions.abandon();
    this.owner.process(this, undefined);
    this.phase = 'down';
    for (const resolve of this.#onGone.splice(0)) resolve();
    if (before === 'stopping') return;
    const livedMs = this.needs.clock.now() - this.#launchedAt;
    const restartInMs = this.#backoff.delayAfter(livedMs);
    this.phase = 'waiting';
    this.restarts++;
    this.#wake = this.needs.clock.after(restartInMs, () => this.launch());
    this.owner.crashed(this, { pid, cause: this.endedBy ?? 'exit 0', livedMs, restartInMs, hadStarted: before === 'started' });
  }
}
