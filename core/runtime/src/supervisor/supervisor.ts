/**
 * The supervisor: starts the lanes in the right order, carries messages between them, brings back those that end, reloads and
 * stops. It runs no plugin code and is on nobody's hot path. The command (`mainstay run`) makes one.
 */
import type { Clock, Explanation, HookName, Timer } from '@mainstay/sdk';
import type { ActionFacts } from '../host/actions.js';
import type { FromLane, LaneSetup } from '../lanes/messages.js';
import type { LanePlan } from '../lanes/plan.js';
import type { Logger } from '../log/logger.js';
import type { LogLevel } from '../log/record.js';
import { type ActionOutcome, act, actionsOf, clashesOf } from './actions.js';
import { CheckRoutes } from './check-routes.js';
import { EarlyLanes } from './early-lanes.js';
import { LaneHandle, type LaneLimits } from './lane-handle.js';
import type { LaneCrash, LaneOwner } from './lane-owner.js';
import type { SpawnLane } from './lane-process.js';
import { limitsOf, type Surroundings, setupOf } from './lane-setup.js';
import { LogQuota } from './log-quota.js';
import type { LaneSet } from './one-reload.js';
import type { Outlook, Prepare, Prepared } from './prepared.js';
import type { ReloadOutcome } from './reload-outcome.js';
import { Reloads } from './reloads.js';
import { type DaemonReport, explanationsOf, reportOf } from './report.js';
import { Router } from './router.js';
import { StartOrder } from './start-order.js';
import { byHand, endLanes, stopMs, tellLeftovers } from './stopping.js';

export interface SupervisorOptions extends Surroundings {
  readonly prepare: Prepare;
  readonly spawn: SpawnLane;
  readonly memoryOf: (pid: number) => Promise<number | undefined>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** keepalived's --dont-respawn: a lane that dies ends the daemon. */
  readonly dontRespawn: boolean;
  /** How long the realtime lane waits for the others at start, in milliseconds. */
  readonly readyWithinMs: number;
  /** A lane's process is up (pid) or gone: for the PID files. */
  readonly laneProcess: (plan: LanePlan, pid: number | undefined) => void;
  /** The daemon cannot go on; called once. */
  readonly fatal: (exitCode: number, why: string) => void;
}

/** So much longer a lane that acts may take until the daemon counts as started without it; systemd waits 240 s for everything. */
const actingWithinMs = 60_000;

export class Supervisor implements LaneOwner, LaneSet {
  readonly router: Router;
  readonly #options: SupervisorOptions;
  readonly #lanes = new Map<string, LaneHandle>();
  readonly #quota: LogQuota;
  readonly #checks: CheckRoutes;
  readonly #early: EarlyLanes;
  readonly #order = new StartOrder(() => this.lanes);
  readonly #reloads: Reloads;
  #startedAt = 0;
  #isStopping = false;
  #isKilled = false;
  #isUp = false;
  /** Why a lane could not begin, for whoever started the daemon. */
  readonly #failures = new Map<string, string>();
  #ticking: Timer | undefined;
  #up: (() => void) | undefined;
  #patience: Timer | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#quota = new LogQuota(options.clock);
    this.#early = new EarlyLanes(options.spawn);
    this.#checks = new CheckRoutes(() => this.lanes, options.clock);
    this.#reloads = new Reloads(options.prepare, this, this.#say);
    this.router = new Router(() => [...this.#lanes.values()], options.clock);
  }

  get generation(): number {
    return this.#reloads.generation;
  }

  /**
   * What will be started unless a mistake is found: the lanes begin to load. Not those that bring plugins along, which are files of the
   * operator's whose code runs when they are loaded.
   */
  foresee(outlook: Outlook): void {
    if (this.#isStopping) return;
    const occasion = { isRestart: false, generation: this.generation };
    for (const plan of outlook.plans.filter(({ hasChildren }) => !hasChildren))
      this.#early.launch(plan, limitsOf(plan, outlook.settings), setupOf(plan, outlook, this.#options, occasion));
  }

  /** Starts every lane; settles once all have started, have ended with a message, or have had their time (start-order.ts). */
  start(prepared: Prepared): Promise<void> {
    this.#reloads.use(prepared);
    this.#startedAt = this.#options.clock.wall();
    for (const plan of prepared.plans) this.expectInterest(this.add(plan), plan.observes ?? []);
    for (const lane of this.lanes) lane.launch();
    this.#early.abandon();
    this.#patience = this.#options.clock.after(this.#options.readyWithinMs, () => this.#waitNoLonger());
    this.#tick();
    return new Promise((resolve) => {
      this.#up = resolve;
      this.#advance();
    });
  }

  /** Makes the handle of a lane; it does not run yet. */
  add(plan: LanePlan): LaneHandle {
    const { clock, memoryOf } = this.#options;
    const { footing } = this.#reloads;
    const lane = new LaneHandle(plan, footing, this.limitsOf(plan), { clock, spawn: this.#early.spawn, memoryOf }, this);
    this.#lanes.set(plan.lane, lane);
    return lane;
  }

  limitsOf(plan: LanePlan): LaneLimits {
    return limitsOf(plan, this.#reloads.inForce.settings);
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  expectInterest(lane: LaneHandle, hooks: readonly HookName[]): void {
    this.router.expectInterest(lane.name, hooks);
  }

  async remove(lane: LaneHandle): Promise<void> {
    await lane.stop('shutdown', stopMs);
    const why = 'the configuration does not use it any more';
    tellLeftovers(lane, why, this.#say, byHand);
    this.retire(lane, []);
  }

  retire(lane: LaneHandle, heirs: readonly LaneHandle[]): void {
    this.#lanes.delete(lane.name);
    this.router.forgetLane(lane.name, heirs);
    this.#checks.removed(lane);
  }

  /** Names of the lanes that have something to do. */
  get lanesInUse(): readonly string[] {
    return this.lanes.filter(({ phase, isResting }) => phase !== 'idle' && !isResting).map(({ name }) => name);
  }

  /** Those of them that have not started, or are on their way back. */
  get lanesNotYet(): readonly string[] {
    return this.lanes.filter(({ isPending, phase }) => isPending || phase === 'waiting').map(({ name }) => name);
  }

  get lanes(): readonly LaneHandle[] {
    return [...this.#lanes.values()];
  }

  // ---- what lanes say ----

  setup(lane: LaneHandle, isRestart: boolean): LaneSetup {
    const { tree, generation } = lane.footing;
    return setupOf(lane.plan, { ...this.#reloads.inForce, tree }, this.#options, { isRestart, generation });
  }

  message(lane: LaneHandle, message: FromLane): void {
    switch (message.kind) {
      case 'ready':
        this.#ready(lane, message);
        break;
      case 'started':
        this.#started(lane);
        break;
      case 'failed':
        this.#failed(lane, message);
        break;
      case 'event':
        this.router.event(lane, message);
        break;
      case 'lease':
        this.router.lease(lane, message);
        break;
      case 'log':
        this.#log(lane, message);
        break;
      case 'dropped':
        this.#say('warn', `${lane.name} lane: lost ${message.events} events and ${message.records} log records on the way here`);
        return;
      case 'checks':
      case 'checked':
      case 'checksAsked':
      case 'checksTold':
        this.#checks.relay(lane, message);
        break;
      case 'ack':
      case 'pong':
      case 'reported':
      case 'explained':
      case 'acted':
      case 'reloaded':
      case 'stopped':
        return;
      default:
        message satisfies never;
    }
  }

  printed(lane: LaneHandle, line: string): void {
    const at = this.#options.clock.wall();
    this.#log(lane, { kind: 'log', record: { level: 'info', plugin: `lane:${lane.name}`, message: line, at } });
  }

  dropping(lane: LaneHandle, dropped: number): void {
    this.#say('warn', `${lane.name} lane does not keep up: ${dropped} events for it were dropped so far, the oldest first`);
  }

  process(lane: LaneHandle, pid: number | undefined): void {
    if (pid !== undefined) this.router.forgetProcess(lane.name);
    else this.#checks.gone(lane);
    this.#options.laneProcess(lane.running, pid);
  }

  crashed(lane: LaneHandle, crash: LaneCrash): void {
    if (this.#isStopping) {
      lane.park();
      return;
    }
    const { cause, hadStarted, pid, restartInMs } = crash;
    const when = restartInMs === 0 ? 'at once' : `in ${restartInMs / 1000} s`;
    this.#say('error', `${lane.name} lane (pid ${pid}) ended: ${cause}; it is started again ${when}`, {
      plugins: lane.running.plugins.map((p) => p.name).join(','),
    });
    this.#reloads.crashed(lane, hadStarted);
    const payload = { lane: lane.name, pid, cause, restartInMs, at: this.#options.clock.wall() };
    this.router.event(undefined, { hook: 'lane.crashed', key: lane.name, payload });
    if (this.#options.dontRespawn) this.#die(1, `${lane.name} lane ended (${cause}) and --dont-respawn is set`);
    else if (!this.#isUp && lane.isRealtime && !lane.hasEverStarted)
      this.#die(1, `the ${lane.name} lane could not start: ${this.#failures.get(lane.name) ?? cause}`);
    else this.#advance();
  }

  #ready(lane: LaneHandle, { interest, isIdle }: Extract<FromLane, { kind: 'ready' }>): void {
    this.router.setInterest(lane.name, interest);
    if (isIdle) {
      this.#say('debug', `${lane.name} lane has nothing to do with this configuration`);
      void lane.rest().then(() => this.#checkUp());
    } else {
      for (const clash of clashesOf(lane, this.lanes)) this.#say('error', clash);
      if (this.#order.mayBegin(lane)) lane.begin();
    }
    this.#advance();
  }

  #started(lane: LaneHandle): void {
    this.#say('debug', `${lane.name} lane started (pid ${lane.pid})`);
    this.router.started(lane);
    this.#checks.started(lane);
    this.#reloads.started(lane);
    this.#advance();
  }

  #failed(lane: LaneHandle, { phase, failure }: Extract<FromLane, { kind: 'failed' }>): void {
    const code = failure.code === undefined ? '' : ` [${failure.code}]`;
    this.#failures.set(lane.name, `${failure.message}${code}`);
    this.#say('error', `${lane.name} lane failed in ${phase}: ${failure.message}${code}`);
    if (failure.stack !== undefined) this.#say('debug', failure.stack);
  }

  #log(lane: LaneHandle, { record }: Extract<FromLane, { kind: 'log' }>): void {
    const verdict = this.#quota.admit(lane.name);
    if (verdict.lost > 0) this.#say('warn', `${lane.name} lane logs too much: ${verdict.lost} records were dropped`);
    if (verdict.isAdmitted) this.#options.logger.write(record);
  }

  // ---- start ----

  #advance(): void {
    if (this.#isStopping) return;
    this.#order.advance();
    this.#checkUp();
  }

  #waitNoLonger(): void {
    const { clock, readyWithinMs } = this.#options;
    for (const lateness of this.#order.openAll(readyWithinMs / 1000)) this.#say('warn', lateness);
    this.#patience = clock.after(actingWithinMs, () => this.#giveUpOnLate());
    this.#checkUp();
  }

  #giveUpOnLate(): void {
    const seconds = (this.#options.readyWithinMs + actingWithinMs) / 1000;
    for (const lateness of this.#order.giveUp(seconds)) this.#say('warn', lateness);
    this.#checkUp();
  }

  #checkUp(): void {
    if (this.#isUp || !this.#order.isOver) return;
    this.#isUp = true;
    this.#patience?.cancel();
    this.#up?.();
  }

  #tick(): void {
    this.#ticking = this.#options.clock.after(1000, () => {
      for (const lane of this.lanes) lane.tick();
      this.#tick();
    });
  }

  reload(): Promise<ReloadOutcome> {
    return this.#reloads.reload();
  }

  // ---- stop ----

  /**
   * `isWanted`: somebody stops the daemon. Otherwise it ends because something failed: lanes that run stop all the same, and what those that
   * do not have left in the kernel stays at work.
   */
  async stop(isWanted = true): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#early.abandon();
    this.#ticking?.cancel();
    this.#patience?.cancel();
    for (const lane of this.lanes) lane.release();
    await endLanes({
      lanes: () => this.lanes,
      clock: this.#options.clock,
      childWaitMs: this.#reloads.prepared?.settings.childWaitMs ?? 5000,
      isWanted,
      isKilled: () => this.#isKilled,
      say: this.#say,
    });
  }

  /** The way out when a clean stop takes too long for whoever asked. */
  killAll(): void {
    this.#isStopping = true;
    this.#isKilled = true;
    this.#early.abandon();
    this.#patience?.cancel();
    for (const lane of this.lanes) lane.kill('killed');
  }

  #die(exitCode: number, why: string): void {
    if (!this.#isStopping) this.#options.fatal(exitCode, why);
  }

  /** What every lane says of itself; a lane that does not answer in time is marked. */
  report(): Promise<DaemonReport> {
    return reportOf(this.lanes, {
      generation: this.generation,
      files: this.#reloads.prepared?.tree.files ?? [],
      startedAt: this.#startedAt,
      logRecordsDropped: this.#options.logger.dropped,
    });
  }

  explain(name: string): Promise<readonly Explanation[]> {
    return explanationsOf(this.lanes, name);
  }

  actions(): readonly ActionFacts[] {
    return actionsOf(this.lanes);
  }

  /** Has a plugin do what an operator asks for. */
  act(verb: string, name: string): Promise<ActionOutcome> {
    const { isStopping, lanes } = this;
    const objects = async () => (await this.report()).objects;
    return act({ lanes, isStopping, objects, say: this.#say }, verb, name);
  }

  /** Bound, for those who speak in its name. */
  readonly #say = (level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void => {
    this.#options.logger.say(level, message, fields);
  };
}
