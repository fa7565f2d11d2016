/** Runs the scripts of a started plugin: one queue for each instance, a bound on all of them. Made in `start`. */
import type { ObjectStatus, Run, ScriptIdentity, ScriptResult } from '@mainstay/sdk';
import type { GlobalConfig, InstanceConfig } from './config.js';
import { InstanceQueue } from './queue.js';
import type { Invocation, Job } from './selection.js';
import { Slots } from './slots.js';

/** Scripts of different instances that run at the same time. */
export const parallelScripts = 32;
/** A queue behind a slow script is worth a word after this many milliseconds. */
const slowAfterMs = 10_000;
/** Times of `stop`, milliseconds: scripts of an earlier state get the first, everything together the second. */
export const stopTimes = { outdatedMs: 1000, allMs: 4500 } as const;

/** What the service reads of the configuration; replaced at a reload. */
export interface Settings {
  readonly global: GlobalConfig;
  readonly instances: ReadonlyMap<string, InstanceConfig>;
  readonly fallback: ScriptIdentity;
}

export class ScriptService {
  private readonly queues = new Map<string, InstanceQueue>();
  private readonly slots = new Slots(parallelScripts);
  private readonly lastResult = new Map<string, string>();
  /** Instances that a reload removed: their last event comes after the configuration has forgotten them. */
  private readonly removed = new Map<string, InstanceConfig>();

  constructor(
    private readonly run: Run,
    private settings: Settings,
  ) {}

  configure(settings: Settings): void {
    for (const [name, config] of this.settings.instances) if (!settings.instances.has(name)) this.removed.set(name, config);
    for (const name of settings.instances.keys()) this.removed.delete(name);
    this.settings = settings;
  }

  /** Never waits. */
  handle(instance: string, makeJob: (config: InstanceConfig) => Job | undefined): void {
    const config = this.configOf(instance);
    const job = config && makeJob(config);
    if (job !== undefined) this.queueOf(instance).submit(job);
  }

  /** Runs what ends an instance's life, within the time that the host gives a plugin to stop. */
  async stop(why: 'shutdown' | 'restart'): Promise<void> {
    const { clock } = this.run;
    const queues = [...this.queues.values()];
    if (why === 'shutdown') for (const queue of queues) queue.keepOnlyLast();
    const timers = [
      clock.after(stopTimes.outdatedMs, () => why === 'shutdown' && queues.forEach((queue) => void queue.abortOutdated())),
      clock.after(stopTimes.allMs, () => queues.forEach((queue) => void queue.clear())),
    ];
    await Promise.all(queues.map((queue) => queue.whenIdle()));
    for (const timer of timers) timer.cancel();
  }

  objects(): readonly ObjectStatus[] {
    return [...this.queues.values()].map((queue) => ({
      kind: 'notify_script',
      name: queue.instance,
      state: queue.standing.running === undefined ? 'idle' : 'running',
      summary: { running: queue.standing.running ?? null, waiting: queue.standing.waiting, ...queue.counters },
      detail: { lastResult: this.lastResult.get(queue.instance) ?? null },
    }));
  }

  private configOf(instance: string): InstanceConfig | undefined {
    return this.settings.instances.get(instance) ?? this.removed.get(instance);
  }

  private queueOf(instance: string): InstanceQueue {
    const known = this.queues.get(instance);
    if (known !== undefined) return known;
    const queue = new InstanceQueue(instance, {
      clock: this.run.clock,
      run: (name, invocation, state, signal) => this.runScript(name, invocation, state, signal),
      dropped: (name, job, waiting) => {
        const message = `${name}: the scripts for ${job.state} are not run: newer events came before their turn`;
        this.run.log.warn(message, { instance: name, state: job.state, waiting });
      },
    });
    this.queues.set(instance, queue);
    return queue;
  }

  private async runScript(
    instance: string,
    invocation: Invocation,
    state: string,
    signal: AbortSignal,
  ): Promise<ScriptResult | undefined> {
    const giveBack = await this.slots.take();
    try {
      if (signal.aborted) return undefined;
      const { keyword, script, command } = invocation;
      const identity = script.identity ?? this.settings.fallback;
      const what = `${instance}: ${keyword} (${state}) ${command[0]}`;
      const refusal = await this.refusal(command, identity);
      const result = refusal ?? (await this.start(what, invocation, identity, this.timeoutOf(instance), signal));
      this.report(what, instance, result);
      return result;
    } finally {
      giveBack();
    }
  }

  private start(
    what: string,
    { command }: Invocation,
    identity: ScriptIdentity,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<ScriptResult> {
    const { log, clock, ports } = this.run;
    log.debug(`${what} starts`, { command });
    const slow = clock.after(slowAfterMs, () => log.warn(`${what} still runs after ${slowAfterMs / 1000} s; later scripts wait`));
    const onOutput = (line: string) => log.info(`${what}: ${line}`);
    return ports.process.run({ command, timeoutMs, signal, onOutput, ...identity }).finally(() => slow.cancel());
  }

  /** Under enable_script_security a script is examined anew each time: permissions change after the start. */
  private async refusal(command: readonly string[], identity: ScriptIdentity): Promise<ScriptResult | undefined> {
    if (!this.settings.global.enable_script_security) return undefined;
    const problem = await this.run.ports.process.inspect(command, identity);
    return problem?.kind === 'insecure' ? { outcome: 'failed', error: `refused: ${problem.message}` } : undefined;
  }

  private timeoutOf(instance: string): number {
    return this.configOf(instance)?.notify_timeout ?? this.settings.global.notify_timeout;
  }

  private report(what: string, instance: string, result: ScriptResult): void {
    const { log } = this.run;
    const sentence = sentenceOf(result);
    this.lastResult.set(instance, `${what}: ${sentence}`);
    if (result.outcome === 'failed' || result.outcome === 'timedOut') log.error(`${what}: ${sentence}`);
    else if (result.outcome === 'signalled' || result.code !== 0) log.warn(`${what}: ${sentence}`);
    else log.info(`${what}: ${sentence}`);
  }
}

function sentenceOf(result: ScriptResult): string {
  switch (result.outcome) {
    case 'exited':
      return `${result.code === 0 ? 'done' : `exit code ${result.code}`} after ${result.durationMs.toFixed(0)} ms`;
    case 'signalled':
      return `ended by ${result.signal} after ${result.durationMs.toFixed(0)} ms`;
    case 'timedOut':
      return `ended with its whole process group: no end in ${(result.durationMs / 1000).toFixed(1)} s; raise notify_timeout if it needs longer`;
    case 'failed':
      return result.error;
  }
}
