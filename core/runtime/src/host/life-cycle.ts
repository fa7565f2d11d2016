/**
 * Starts, stops and restarts plugins, each step bounded in time. A start that fails is undone whole; a stop never throws.
 * Called by the host, one operation at a time.
 */
import { type Clock, MainstayError, messageOf, type ReconfigureAnswer } from '@mainstay/sdk';
import type { LogLevel } from '../log/record.js';
import { ConfigPart } from './config-part.js';
import { withDeadline } from './deadline.js';
import type { Life, Member } from './member.js';

export const startDeadlineMs = 10_000;
export const stopDeadlineMs = 5_000;

export interface LifeCycleOptions {
  readonly clock: Clock;
  readonly log: (level: LogLevel, plugin: string, message: string) => void;
  /** The present life of the plugin, or a new one. */
  readonly lifeOf: (member: Member) => Life;
  /** It has started, or is about to stop. */
  readonly running: (member: Member, isRunning: boolean) => void;
}

/** Why what is under way is given up: the reason of the signal that the host aborts. */
export class Ending extends Error {
  constructor(readonly why: 'shutdown' | 'restart') {
    super(why === 'shutdown' ? 'the daemon stops' : 'its lane is about to be started anew');
  }
}

export class LifeCycle {
  constructor(private readonly options: LifeCycleOptions) {}

  /** In order. On a failure (or when `ended` aborts) stops the failed one, then the started ones in reverse, and rejects. */
  async startAll(members: readonly Member[], ended: AbortSignal): Promise<void> {
    for (const member of members) {
      try {
        await this.#start(member, ended);
      } catch (error) {
        const failure = startFailure(member, error);
        await this.stopAll(members, reasonOf(ended));
        for (const { standing } of members) standing.close();
        member.state = 'failed';
        throw failure;
      }
    }
  }

  /** In reverse order. Errors are logged: the rest must stop all the same. */
  async stopAll(members: readonly Member[], why: 'shutdown' | 'restart'): Promise<void> {
    for (const member of [...members].reverse()) await this.#stop(member, why);
  }

  /** In reverse order, what no stop has taken back. Answers the names of those that may have left something. */
  async withdrawAll(members: readonly Member[]): Promise<readonly string[]> {
    const leaving = members.filter(({ parent, loaded }) => parent === undefined && loaded.manifest.leaves !== undefined);
    for (const member of [...leaving].reverse()) if (member.withdrawal === 'due') await this.#withdraw(member);
    return leaving.filter(({ withdrawal }) => withdrawal !== 'done').map(({ name }) => name);
  }

  /** Stops and starts one plugin; false when it could not start again and is out of service. */
  async restart(member: Member, ended: AbortSignal): Promise<boolean> {
    await this.#stop(member, 'restart');
    try {
      await this.#start(member, ended);
      return true;
    } catch (error) {
      const failure = startFailure(member, error);
      await this.#stop(member, reasonOf(ended));
      member.standing.close();
      member.state = 'failed';
      this.options.log('error', member.name, `${failure.message}; it is out of service until the next reload or restart`);
      return false;
    }
  }

  /** Asks the plugin what it makes of its new configuration. A failure to answer means restart. */
  async reconfigure(member: Member, ended: AbortSignal): Promise<ReconfigureAnswer> {
    const { plugin } = member.loaded;
    const { run } = this.options.lifeOf(member);
    if (member.state === 'failed') return 'restart';
    if (plugin.reconfigure === undefined) return plugin.start === undefined && plugin.stop === undefined ? 'absorbed' : 'restart';
    try {
      const bound = { what: `reconfigure of plugin ${member.name}`, ms: startDeadlineMs };
      const answer: unknown = await withDeadline(this.options.clock, bound, () => plugin.reconfigure?.(run) ?? 'restart', ended);
      if (answer === 'absorbed' || answer === 'restart') return answer;
      throw new TypeError(`it answered ${JSON.stringify(answer)} where "absorbed" or "restart" is expected`);
    } catch (error) {
      this.options.log('error', member.name, `could not take over its new configuration (${messageOf(error)}); it is restarted`);
      return 'restart';
    }
  }

  async #start(member: Member, ended: AbortSignal): Promise<void> {
    if (ended.aborted) throw ended.reason;
    const { plugin } = member.loaded;
    const { run } = this.options.lifeOf(member);
    member.state = 'starting';
    member.lastError = undefined;
    member.mustStop = true;
    member.withdrawal = 'due';
    member.told = member.part.snapshot();
    const bound = { what: `the start of plugin ${member.name}`, ms: startDeadlineMs };
    await withDeadline(this.options.clock, bound, () => plugin.start?.(run), ended);
    member.state = 'running';
    member.standing.open();
    this.options.running(member, true);
  }

  async #stop(member: Member, why: 'shutdown' | 'restart'): Promise<void> {
    const { plugin } = member.loaded;
    const { life } = member;
    this.options.running(member, false);
    // Events that come while a plugin restarts are kept for it.
    if (why === 'restart' && plugin.start !== undefined) member.standing.wait();
    else if (why === 'shutdown') member.standing.close();
    member.standing.abortCalls();
    life?.controller.abort(new DOMException(`plugin ${member.name} stops`, 'AbortError'));
    member.life = undefined;
    if (life === undefined || !member.mustStop) return;
    member.mustStop = false;
    member.state = 'stopping';
    const bound = { what: `the stop of plugin ${member.name}`, ms: stopDeadlineMs };
    try {
      await withDeadline(this.options.clock, bound, () => plugin.stop?.(life.run, why));
      if (why === 'shutdown') member.withdrawal = 'done';
    } catch (error) {
      member.withdrawal = 'failed';
      member.lastError = messageOf(error);
      this.options.log('error', member.name, `did not stop cleanly: ${messageOf(error)}`);
    }
    member.state = 'stopped';
  }

  async #withdraw(member: Member): Promise<void> {
    const { plugin } = member.loaded;
    if (plugin.withdraw === undefined) return;
    const { run, controller } = this.options.lifeOf(member);
    const bound = { what: `plugin ${member.name}, taking back what is left of it,`, ms: startDeadlineMs };
    member.withdrawal = 'failed';
    try {
      await withDeadline(this.options.clock, bound, () => plugin.withdraw?.(run));
      member.withdrawal = 'done';
    } catch (error) {
      member.lastError = messageOf(error);
      this.options.log('error', member.name, `could not take back what is left of it: ${messageOf(error)}`);
    }
    controller.abort(new DOMException(`plugin ${member.name} stops`, 'AbortError'));
    member.life = undefined;
  }
}

/**
 * With which reason an unfinished start is undone. One that failed by itself, or took too long, is tried again by the supervisor: what
 * the plugins have in the kernel for others to use is then not theirs to take away.
 */
function reasonOf({ reason }: AbortSignal): 'shutdown' | 'restart' {
  return reason instanceof Ending ? reason.why : 'restart';
}

function startFailure(member: Member, error: unknown): MainstayError {
  member.lastError = messageOf(error);
  if (error instanceof MainstayError && error.code === 'PLUGIN_TIMEOUT') return error;
  const hint = error instanceof MainstayError ? error.hint : undefined;
  const text = error instanceof MainstayError && hint !== undefined ? error.message.replace(` (${hint})`, '') : messageOf(error);
  return new MainstayError('PLUGIN_START_FAILED', `plugin ${member.name} could not start: ${text}`, hint, { cause: error });
}

/** Before the start: events are kept for a plugin that has one, others are at work at once. */
export function awaitStart(member: Member): void {
  if (member.loaded.plugin.start === undefined) member.standing.open();
  else member.standing.wait();
}

/** True where the configuration of the plugin is another than the one it was told of. */
export function hasNews(member: Member): boolean {
  return member.state === 'failed' || !ConfigPart.isSame(member.told, member.part.snapshot());
}
