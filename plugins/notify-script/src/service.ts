/** Runs the scripts of a started plugin: one queue for each instance or server, and bounds on all of them. Made in `start`. */
import type { ObjectStatus, Run, ScriptIdentities, ScriptIdentity, ScriptResult } from '@mainstay/sdk';
import type { GlobalConfig, InstanceConfig, RealServerConfig, VirtualServerConfig } from './config.js';
import { Configured } from './configured.js';
import { InstanceQueue, type WhyDropped } from './queue.js';
import type { Invocation, Job } from './selection.js';
import { Slots } from './slots.js';

/** Scripts of different routers that run at the same time, and as many of servers. */
export const parallelScripts = 32;
/** Of the scripts that a stop leaves out, so many are named in the log. */
const mostNamed = 20;
/** A queue behind a slow script is worth a word after this many milliseconds. */
const slowAfterMs = 10_000;
/** Times of `stop`, milliseconds: scripts of an earlier state get the first, everything together the second. */
export const stopTimes = { outdatedMs: 1000, allMs: 4500 } as const;

/** What the service reads of the configuration; replaced at a reload. */
export interface Settings {
  readonly global: GlobalConfig;
  readonly instances: ReadonlyMap<string, InstanceConfig>;
  /** By the unique names of their blocks. */
  readonly virtualServers: ReadonlyMap<string, VirtualServerConfig>;
  readonly realServers: ReadonlyMap<string, RealServerConfig>;
  readonly identities: ScriptIdentities;
}

interface Owned {
  readonly queue: InstanceQueue;
  /** Is that which the scripts are of in the configuration of now? */
  isConfigured(): boolean;
}

export class ScriptService {
  private readonly queues = new Map<string, Owned>();
  /** Apart: a thousand servers that go down must not keep a router's notify_master waiting. */
  private readonly slots = { router: new Slots(parallelScripts), server: new Slots(parallelScripts) };
  /** What a stop has left out so far. */
  private readonly leftOut: string[] = [];
  private readonly lastResult = new Map<string, string>();
  private readonly instances: Configured<InstanceConfig>;
  private readonly virtualServers: Configured<VirtualServerConfig>;
  private readonly realServers: Configured<RealServerConfig>;

  constructor(
    private readonly run: Run,
    private settings: Settings,
  ) {
    this.instances = new Configured(run.clock, settings.instances);
    this.virtualServers = new Configured(run.clock, settings.virtualServers);
    this.realServers = new Configured(run.clock, settings.realServers);
  }

  configure(settings: Settings): void {
    this.instances.replace(settings.instances);
    this.virtualServers.replace(settings.virtualServers);
    this.realServers.replace(settings.realServers);
    this.settings = settings;
    for (const name of [...this.queues.keys()]) this.forgetIfOver(name);
  }

  /** Never waits. */
  handle(instance: string, makeJob: (config: InstanceConfig) => Job | undefined): void {
    this.submit(instance, 'router', this.instances, instance, makeJob);
  }

  /** Of a virtual server, by the unique name of its block. Never waits. */
  handleVirtual(block: string, makeJob: (config: VirtualServerConfig) => Job | undefined): void {
    this.submit(`virtual_server ${block}`, 'server', this.virtualServers, block, makeJob);
  }

  /** Of a real server, by the unique name of its block. Never waits. */
  handleReal(block: string, makeJob: (config: RealServerConfig) => Job | undefined): void {
    this.submit(`real_server ${block}`, 'server', this.realServers, block, makeJob);
  }

  private submit<Config>(
    name: string,
    kind: 'router' | 'server',
    configured: Configured<Config>,
    key: string,
    makeJob: (config: Config) => Job | undefined,
  ): void {
    const config = configured.get(key);
    const job = config && makeJob(config);
    if (job === undefined) return;
    const { queue, isConfigured } = this.queueOf(name, this.slots[kind], () => configured.has(key));
    queue.submit(job);
    if (!isConfigured()) this.forgetIfOver(name);
  }

  /** What a reload has removed leaves nothing here once its last script has ended. */
  private forgetIfOver(name: string): void {
    const { queue, isConfigured } = this.queues.get(name) ?? {};
    if (queue === undefined || isConfigured?.() !== false) return;
    if (!queue.isIdle) return void queue.whenIdle().then(() => this.forgetIfOver(name));
    this.queues.delete(name);
    this.lastResult.delete(name);
  }

  /** Runs what ends an instance's life, within the time that the host gives a plugin to stop. */
  async stop(why: 'shutdown' | 'restart'): Promise<void> {
    const { clock } = this.run;
    const queues = [...this.queues.values()].map(({ queue }) => queue);
    if (why === 'shutdown') for (const queue of queues) queue.keepOnlyLast();
    const timers = [
      clock.after(stopTimes.outdatedMs, () => why === 'shutdown' && queues.forEach((queue) => void queue.abortOutdated())),
      clock.after(stopTimes.allMs, () => queues.forEach((queue) => void queue.clear())),
    ];
    await Promise.all(queues.map((queue) => queue.whenIdle()));
    for (const timer of timers) timer.cancel();
    for (const configured of [this.instances, this.virtualServers, this.realServers]) configured.forgetRemoved();
    this.tellLeftOut();
  }

  objects(): readonly ObjectStatus[] {
    return [...this.queues.values()].map(({ queue }) => ({
      kind: 'notify_script',
      name: queue.instance,
      state: queue.standing.running === undefined ? 'idle' : 'running',
      summary: { running: queue.standing.running ?? null, waiting: queue.standing.waiting, ...queue.counters },
      detail: { lastResult: this.lastResult.get(queue.instance) ?? null },
    }));
  }

  private queueOf(name: string, slots: Slots, isConfigured: () => boolean): Owned {
    const known = this.queues.get(name);
    if (known !== undefined) return known;
    const queue = new InstanceQueue(name, {
      clock: this.run.clock,
      run: (instance, invocation, state, signal, onStart) => this.runInTurn(slots, instance, invocation, state, signal, onStart),
      dropped: (instance, job, why, invocation) => this.dropped(instance, job, why, invocation),
    });
    const owned = { queue, isConfigured };
    this.queues.set(name, owned);
    return owned;
  }

  private dropped(instance: string, { state }: Job, why: WhyDropped, invocation?: Invocation): void {
    const what = invocation === undefined ? `the scripts for ${state}` : nameOf(invocation, state);
    if (why === 'stopping') {
      this.leftOut.push(`${instance}: ${what}`);
      return;
    }
    const isOne = invocation !== undefined;
    const cause = isOne
      ? `${parallelScripts} others kept it waiting, and newer events came`
      : 'newer events came before their turn';
    this.run.log.warn(`${instance}: ${what} ${isOne ? 'is' : 'are'} not run: ${cause}`, { instance, state });
  }

  /** In one line: there may be a thousand, and the process ends in a moment. */
  private tellLeftOut(): void {
    const { length } = this.leftOut;
    if (length === 0) return;
    const named = this.leftOut.slice(0, mostNamed).join('; ');
    const more = length > mostNamed ? `; and ${length - mostNamed} more` : '';
    this.run.log.warn(`not run because of the stop: ${named}${more}`);
  }

  private async runInTurn(
    slots: Slots,
    instance: string,
    invocation: Invocation,
    state: string,
    signal: AbortSignal,
    onStart: () => void,
  ): Promise<ScriptResult | undefined> {
    const giveBack = await slots.take(signal);
    if (giveBack === undefined) return undefined;
    try {
      if (signal.aborted) return undefined;
      onStart();
      return await this.runScript(instance, invocation, state, signal);
    } finally {
      giveBack();
    }
  }

  private async runScript(instance: string, invocation: Invocation, state: string, signal: AbortSignal): Promise<ScriptResult> {
    const what = `${instance}: ${nameOf(invocation, state)}`;
    const result = await this.resultOf(what, instance, invocation, signal);
    this.report(what, instance, result);
    return result;
  }

  private async resultOf(what: string, instance: string, invocation: Invocation, signal: AbortSignal): Promise<ScriptResult> {
    const who = await this.settings.identities.of(invocation.script.identity);
    if ('nobody' in who) return { outcome: 'failed', error: `not run: ${who.nobody}` };
    const refusal = await this.refusal(invocation.command, who.identity);
    return refusal ?? this.start(what, invocation, who.identity, this.timeoutOf(instance), signal);
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
    return this.instances.get(instance)?.notify_timeout ?? this.settings.global.notify_timeout;
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

function nameOf({ keyword, command }: Invocation, state: string): string {
  return `${keyword} (${state}) ${command[0]}`;
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
