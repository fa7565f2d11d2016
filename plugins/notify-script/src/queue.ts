/**
 * The jobs of one instance, one script at a time and in the order of the events. Made by the service, one for each instance.
 */
import type { Clock, ScriptResult, Timer } from '@mainstay/sdk';
import type { Invocation, Job } from './selection.js';

/** Events that may wait for one instance; beyond it the oldest is dropped: the latest state is the one that counts. */
export const queueLimit = 64;
/** How long a script may wait for its start, and run from then, once a newer change of state waits behind it. Milliseconds. */
export const outdatedAfterMs = 60_000;

export interface QueueCounters {
  ran: number;
  failed: number;
  /** Jobs, or single scripts of a job, that were not run. */
  dropped: number;
}

/** Why something is not run: newer changes of state have outdated it, or the plugin stops. */
export type WhyDropped = 'newer' | 'stopping';

/** What a queue needs of its service. */
export interface QueueHost {
  readonly clock: Clock;
  /**
   * Runs one script to its end; never rejects. `onStart` is called when it is its turn. Undefined: `signal` aborted before that, and
   * it was not run.
   */
  run(
    instance: string,
    invocation: Invocation,
    state: string,
    signal: AbortSignal,
    onStart: () => void,
  ): Promise<ScriptResult | undefined>;
  /** A job is not run, or of a job that had begun, this one script. */
  dropped(instance: string, job: Job, why: WhyDropped, invocation?: Invocation): void;
}

interface Running {
  readonly job: Job;
  readonly invocation: Invocation;
  /** When it began to wait for its turn, then when it started. */
  since: number;
  readonly abort: AbortController;
  limit?: Timer;
}

export class InstanceQueue {
  readonly counters: QueueCounters = { ran: 0, failed: 0, dropped: 0 };
  private readonly waiting: Job[] = [];
  private running: Running | undefined;
  private isWorking = false;
  private wanted: 'all' | 'last' | 'none' = 'all';
  private readonly idle: (() => void)[] = [];

  constructor(
    readonly instance: string,
    private readonly host: QueueHost,
  ) {}

  /** Never waits. */
  submit(job: Job): void {
    // One such event already waits and will say the same; a flood of adverts must not push out a change of state.
    if (!job.isTransition && this.waiting.some(({ state }) => state === job.state)) return;
    this.waiting.push(job);
    if (this.waiting.length > queueLimit) this.drop(this.waiting.shift(), 'newer');
    this.limitOutdated();
    void this.work();
  }

  /** Forgets what has not begun, except what ends the life of the instance. */
  keepOnlyLast(): void {
    this.wanted = 'last';
    for (const job of this.waiting.splice(0)) {
      if (job.isLast) this.waiting.push(job);
      else this.drop(job, 'stopping');
    }
  }

  /** Ends the script that runs, unless it belongs to the end of the instance's life. */
  abortOutdated(): void {
    if (this.running?.job.isLast === false) this.running.abort.abort();
  }

  /** Forgets everything and ends the script that runs. */
  clear(): void {
    this.wanted = 'none';
    for (const job of this.waiting.splice(0)) this.drop(job, 'stopping');
    this.running?.abort.abort();
  }

  whenIdle(): Promise<void> {
    return this.isWorking ? new Promise((resolve) => this.idle.push(resolve)) : Promise.resolve();
  }

  /** Nothing runs, and nothing waits. */
  get isIdle(): boolean {
    return !this.isWorking;
  }

  get standing(): { readonly running?: string; readonly waiting: number } {
    const { running } = this;
    return {
      waiting: this.waiting.length,
      ...(running === undefined ? {} : { running: `${running.invocation.keyword} (${running.job.state})` }),
    };
  }

  private async work(): Promise<void> {
    if (this.isWorking) return;
    this.isWorking = true;
    for (let job = this.waiting.shift(); job !== undefined; job = this.waiting.shift()) {
      for (const invocation of job.invocations) {
        if (this.isWanted(job)) await this.runOne(job, invocation);
        else this.drop(job, 'stopping', invocation);
      }
    }
    this.isWorking = false;
    for (const resolve of this.idle.splice(0)) resolve();
  }

  private isWanted(job: Job): boolean {
    return this.wanted === 'all' || (this.wanted === 'last' && job.isLast);
  }

  private async runOne(job: Job, invocation: Invocation): Promise<void> {
    const { clock } = this.host;
    const running: Running = { job, invocation, since: clock.now(), abort: new AbortController() };
    this.running = running;
    this.limitOutdated();
    const result = await this.host.run(this.instance, invocation, job.state, running.abort.signal, () => {
      running.since = clock.now();
      running.limit?.cancel();
      delete running.limit;
      this.limitOutdated();
    });
    running.limit?.cancel();
    this.running = undefined;
    if (result === undefined) return this.drop(job, this.wanted === 'all' ? 'newer' : 'stopping', invocation);
    this.counters.ran++;
    if (result.outcome !== 'exited' || result.code !== 0) this.counters.failed++;
  }

  private limitOutdated(): void {
    const { running } = this;
    if (running === undefined || running.limit !== undefined || !this.waiting.some((job) => job.isTransition)) return;
    running.limit = this.host.clock.at(running.since + outdatedAfterMs, () => running.abort.abort());
  }

  private drop(job: Job | undefined, why: WhyDropped, invocation?: Invocation): void {
    if (job === undefined) return;
    this.counters.dropped++;
    this.host.dropped(this.instance, job, why, invocation);
  }
}
