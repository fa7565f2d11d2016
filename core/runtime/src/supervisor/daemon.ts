/**
 * The daemon as a whole: reads the configuration, guards against a second one, runs the supervisor and the control socket, and
 * does what signals say until it is told to stop. Called by the command for `mainstay run`.
 */
import type { Server } from 'node:http';
import { dirname, join, resolve } from 'node:path';
import { formatDiagnostic, messageOf } from '@mainstay/sdk';
import { controlRoutes } from '../control/routes.js';
import { serveControl } from '../control/server.js';
import type { LanePlan } from '../lanes/plan.js';
import { systemClock } from '../lanes/system-clock.js';
import type { Logger } from '../log/logger.js';
import { collectYoungGarbage } from '../young-garbage.js';
import type { ActionOutcome } from './actions.js';
import { leftByForerunner } from './forerunner.js';
import { forkLane } from './lane-process.js';
import { residentMiB } from './memory.js';
import { daemonOf, hasDied, orphanOf, removePid, writePid } from './pid-file.js';
import { prepareApart } from './prepare-process.js';
import { hasErrors, type Outlook, type Prepared, type PrepareRequest } from './prepared.js';
import { makePrivateDirectory, writeAtomically } from './private-files.js';
import { lackingFor } from './privileges.js';
import { type ReloadOutcome, reloadSentence } from './reload-outcome.js';
import { isAnswering } from './running.js';
import { Supervisor } from './supervisor.js';
import type { SystemdNotifier } from './systemd.js';

/** keepalived's exit codes. */
export const exitCodes = { ok: 0, fatal: 1, config: 2, noPermission: 4 } as const;

export interface DaemonOptions {
  readonly request: PrepareRequest;
  readonly logger: Logger;
  readonly notifier: SystemdNotifier;
  readonly runDirectory: string;
  readonly version: string;
  readonly instance?: string;
  readonly pidFile: string;
  /** PID files of the lanes that run these plugins. */
  readonly lanePidFiles: readonly { readonly plugins: readonly string[]; readonly path: string }[];
  readonly keepAddressesAtExit: boolean;
  readonly keepServicesAtExit?: boolean;
  readonly dontRespawn: boolean;
  readonly ignoreSigint: boolean;
  readonly dumpConfiguration: boolean;
  /** Why the daemon cannot start, for the person who started it. */
  readonly complain: (text: string) => void;
  /** Everything runs. */
  readonly onReady: () => void;
}

/** Longer than a lane may take to end when its supervisor is gone. */
const longestOrphanMs = 12_000;

/** Settles with the exit code when the daemon has ended. */
export async function runDaemon(options: DaemonOptions): Promise<number> {
  const daemon = new Daemon(options);
  return daemon.run();
}

class Daemon {
  readonly #options: DaemonOptions;
  readonly #supervisor: Supervisor;
  readonly #pids = new Map<string, number>();
  #server: Server | undefined;
  #outlook: Outlook | undefined;
  /** The daemon before this one died. */
  readonly #followsDead: boolean;
  readonly #ended: Promise<number>;
  #settle: (code: number) => void = () => {};
  #isEnding = false;
  /** Aborts when the end begins. */
  readonly #ending = new AbortController();
  /** True from "started" on. */
  #isUp = false;
  #becomeUp: () => void = () => {};
  /** Settles at "started", or when the daemon ends without. */
  readonly #up: Promise<void>;

  constructor(options: DaemonOptions) {
    this.#options = options;
    this.#ended = new Promise((settle) => {
      this.#settle = settle;
    });
    this.#up = new Promise((settle) => {
      this.#becomeUp = settle;
    });
    const { logger, pidFile, request } = options;
    this.#followsDead = hasDied(pidFile);
    this.#supervisor = new Supervisor({
      prepare: () => prepareApart(request, { signal: this.#ending.signal }),
      spawn: forkLane,
      memoryOf: residentMiB,
      clock: systemClock,
      logger,
      configDirectory: ({ tree }) => dirname(resolve(tree.files[0] ?? '.')),
      keepAddressesAtExit: options.keepAddressesAtExit,
      keepServicesAtExit: options.keepServicesAtExit ?? false,
      dontRespawn: options.dontRespawn,
      readyWithinMs: 5000,
      laneProcess: (plan, pid) => this.#laneProcess(plan, pid),
      fatal: (code, why) => {
        logger.say('error', why);
        options.complain(`mainstay: ${why}`);
        this.#end(code);
      },
    });
  }

  async run(): Promise<number> {
    const { complain, logger } = this.#options;
    this.#onSignals();
    this.#onMistakes();
    collectYoungGarbage();
    try {
      const problem = await this.#begin();
      if (problem !== undefined) {
        this.#supervisor.killAll();
        return problem;
      }
    } catch (error) {
      complain(`mainstay: ${messageOf(error)}`);
      logger.say('error', messageOf(error));
      this.#end(exitCodes.fatal);
    }
    const code = await this.#ended;
    await this.#stop(code === exitCodes.ok);
    return code;
  }

  /** Answers an exit code where the daemon must not start. */
  async #begin(): Promise<number | undefined> {
    const { complain, logger, notifier, onReady, pidFile, runDirectory } = this.#options;
    const prepared = await Promise.race([this.#prepare(), this.#ended]);
    if (this.#isEnding) return undefined;
    if (prepared === undefined || typeof prepared === 'number') return exitCodes.config;
    const lacking = lackingFor(prepared.plans);
    if (lacking !== undefined) {
      complain(`mainstay: ${lacking}`);
      return exitCodes.noPermission;
    }
    makePrivateDirectory(runDirectory);
    const other = daemonOf(pidFile);
    if (other !== undefined || (await isAnswering(this.#socket))) {
      complain(`mainstay: the daemon is already running${other === undefined ? ` on ${this.#socket}` : ` (pid ${other})`}`);
      return exitCodes.fatal;
    }
    await this.#awaitOrphans();
    if (this.#isEnding) return undefined;
    this.#writePid(pidFile, process.pid);
    logger.say('info', `Mainstay ${this.#options.version} starts, configuration ${prepared.tree.files.join(', ')}`);
    this.#server = await this.#serve();
    if (this.#isEnding) return undefined;
    await Promise.race([this.#supervisor.start(prepared), this.#ended]);
    if (this.#isEnding) return undefined;
    const late = this.#supervisor.lanesNotYet;
    const lanes = `${this.#supervisor.lanesInUse.join(', ') || 'none'}${late.length === 0 ? '' : `; not yet: ${late.join(', ')}`}`;
    logger.say('info', `started; lanes: ${lanes}`);
    notifier.ready(`running, lanes: ${lanes}`);
    onReady();
    this.#isUp = true;
    this.#becomeUp();
    return undefined;
  }

  /**
   * Lanes of a daemon that was killed may still be ending: what they take back, ours must not hold yet. One that does not end hangs,
   * and nobody else is left to kill it.
   */
  async #awaitOrphans(): Promise<void> {
    const { lanePidFiles, logger } = this.#options;
    const until = systemClock.now() + longestOrphanMs;
    for (const { path } of lanePidFiles) {
      for (let first = true, pid = orphanOf(path); pid !== undefined && !this.#isEnding; pid = orphanOf(path)) {
        if (first) logger.say('info', `waiting for a lane of an earlier daemon to end (pid ${pid}, ${path})`);
        first = false;
        if (systemClock.now() > until) process.kill(pid, 'SIGKILL');
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  #end(code: number): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#ending.abort();
    this.#settle(code);
    this.#becomeUp();
  }

  get #socket(): string {
    return join(this.#options.runDirectory, 'control.sock');
  }

  async #prepare(): Promise<Prepared | undefined> {
    const { complain, logger, request } = this.#options;
    let prepared: Prepared;
    try {
      const { signal } = this.#ending;
      prepared = await prepareApart(request, { onOutlook: (outlook) => this.#foresee(outlook), signal });
    } catch (error) {
      if (this.#isEnding) return undefined;
      complain(`mainstay: the configuration cannot be read: ${messageOf(error)}`);
      return undefined;
    }
    const isBad = hasErrors(prepared.diagnostics);
    for (const diagnostic of prepared.diagnostics) {
      if (isBad) complain(formatDiagnostic(diagnostic));
      logger.say(diagnostic.severity === 'error' ? 'error' : 'warn', formatDiagnostic(diagnostic));
    }
    for (const remark of prepared.remarks) logger.say('info', remark);
    if (isBad) complain('mainstay: the configuration has errors: not started');
    else if (this.#options.dumpConfiguration) this.#dumpConfiguration(prepared);
    return isBad ? undefined : prepared;
  }

  /** Where nothing can come of it, nothing is launched for it: the reason is told once the configuration is known to be right. */
  #foresee(outlook: Outlook): void {
    this.#outlook = outlook;
    const isHopeless = lackingFor(outlook.plans) !== undefined || daemonOf(this.#options.pidFile) !== undefined;
    if (!this.#isEnding && !isHopeless) this.#supervisor.foresee(outlook);
  }

  /** -d: which lanes run what. Values are shown by `mainstay status`, where secrets are masked. */
  #dumpConfiguration({ plans, tree }: Prepared): void {
    for (const { keyword, args } of tree.statements) {
      this.#options.logger.say('info', `configuration: ${[keyword.text, args[0]?.text ?? ''].join(' ').trim()}`);
    }
    for (const plan of plans) {
      this.#options.logger.say('info', `configuration: lane ${plan.lane}: ${plan.plugins.map((p) => p.name).join(', ')}`);
    }
  }

  #serve(): Promise<Server> {
    const { instance, version } = this.#options;
    const identity = { version, pid: process.pid, ...(instance !== undefined && { instance }) };
    const supervisor = this.#supervisor;
    const routes = controlRoutes({
      router: supervisor.router,
      report: () => supervisor.report(),
      explain: (name) => supervisor.explain(name),
      reload: () => this.#reload(),
      actions: () => supervisor.actions(),
      act: (verb, name) => this.#act(verb, name),
      identity,
    });
    return serveControl(this.#socket, routes);
  }

  async #act(verb: string, name: string): Promise<ActionOutcome> {
    if (this.#isEnding) return { ok: false, why: 'unavailable', message: 'the daemon is stopping' };
    return this.#supervisor.act(verb, name);
  }

  async #reload(): Promise<ReloadOutcome> {
    const { logger, notifier } = this.#options;
    if (!this.#isUp && !this.#isEnding) logger.say('info', 'the configuration will be read again once everything has started');
    await this.#up;
    if (this.#isEnding) return { ok: false, reason: 'the daemon is stopping', diagnostics: [] };
    notifier.reloading(process.hrtime.bigint() / 1000n);
    logger.say('info', 'reloading the configuration');
    const outcome = await this.#supervisor.reload();
    for (const diagnostic of outcome.diagnostics) {
      logger.say(diagnostic.severity === 'error' ? 'error' : 'warn', formatDiagnostic(diagnostic));
    }
    const sentence = reloadSentence(outcome);
    if (outcome.ok) logger.say('info', `reloaded: ${sentence}`);
    else logger.say('error', sentence);
    if (this.#isEnding) return outcome;
    notifier.ready(outcome.ok ? 'running' : `running; the last reload failed: ${outcome.reason}`);
    return outcome;
  }

  #onSignals(): void {
    const { ignoreSigint, logger } = this.#options;
    let firstAt = 0;
    const stop = (signal: string) => {
      // Tools that signal a process and its group are one wish, not two.
      if (this.#isEnding && systemClock.now() - firstAt < 1000) return;
      if (this.#isEnding) {
        this.#killed(signal);
        return;
      }
      firstAt = systemClock.now();
      logger.say('info', `stopping (${signal})`);
      this.#end(exitCodes.ok);
    };
    process.on('SIGTERM', () => stop('SIGTERM'));
    process.on('SIGINT', () => {
      if (!ignoreSigint) stop('SIGINT');
    });
    process.on('SIGHUP', () => {
      this.#reload().catch((error: unknown) => logger.say('error', `the reload failed: ${messageOf(error)}`));
    });
    process.on('SIGUSR1', () => void this.#dump());
    process.on('SIGUSR2', () => logger.say('info', 'statistics are shown by `mainstay status --json`'));
    process.on('SIGPIPE', () => {});
  }

  /** Mistakes of our own: none of them may end the lanes without a farewell. */
  #onMistakes(): void {
    const { logger } = this.#options;
    process.on('unhandledRejection', (reason) => {
      logger.say('error', `internal error: ${reason instanceof Error ? reason.stack : String(reason)}`);
    });
    process.on('uncaughtException', (error) => {
      logger.say('error', `internal error, the daemon stops: ${error.stack ?? error.message}`);
      if (this.#isEnding) this.#supervisor.killAll();
      this.#end(exitCodes.fatal);
    });
  }

  /** The second signal: no patience left. */
  #killed(signal: string): void {
    this.#options.logger.say('warn', `${signal} again: every lane is killed`);
    this.#supervisor.killAll();
  }

  async #dump(): Promise<void> {
    const path = join(this.#options.runDirectory, 'state.json');
    try {
      const report = await this.#supervisor.report();
      writeAtomically(
        path,
        `${JSON.stringify({ version: this.#options.version, pid: process.pid, ...report }, null, 2)}\n`,
        0o600,
      );
      this.#options.logger.say('info', `the state is written to ${path}`);
    } catch (error) {
      this.#options.logger.say('error', `the state could not be written to ${path}: ${messageOf(error)}`);
    }
  }

  #laneProcess(plan: LanePlan, pid: number | undefined): void {
    for (const { plugins, path } of this.#options.lanePidFiles) {
      if (!plan.plugins.some((plugin) => plugins.includes(plugin.name))) continue;
      if (pid !== undefined) this.#writePid(path, pid);
      else this.#removePid(path);
    }
  }

  #writePid(path: string, pid: number): void {
    try {
      writePid(path, pid);
      this.#pids.set(path, pid);
    } catch (error) {
      this.#options.logger.say('error', `the PID file ${path} could not be written: ${messageOf(error)}`);
    }
  }

  #removePid(path: string): void {
    const pid = this.#pids.get(path);
    if (pid !== undefined) removePid(path, pid);
    this.#pids.delete(path);
  }

  /** Not where another daemon is at work, whose PID file is elsewhere. */
  async #tellOfForerunner(): Promise<void> {
    const left = leftByForerunner(this.#outlook?.plans);
    if (left === undefined || (this.#server === undefined && (await isAnswering(this.#socket)))) return;
    this.#options.logger.say('warn', left);
  }

  /** `isWanted`: somebody asked for it. */
  async #stop(isWanted: boolean): Promise<void> {
    this.#options.notifier.stopping('stopping');
    if (isWanted && this.#followsDead && this.#supervisor.lanes.length === 0) await this.#tellOfForerunner();
    await this.#supervisor.stop(isWanted);
    this.#server?.closeAllConnections();
    this.#server?.close();
    for (const path of [...this.#pids.keys()]) this.#removePid(path);
    this.#options.logger.say('info', 'stopped');
  }
}
