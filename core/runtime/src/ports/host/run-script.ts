/**
 * One run of a script, from spawn to its certain end: a session and process group of its own, a bounded time, SIGTERM and then
 * SIGKILL to the whole group, and an answer even when the kernel never lets it die. Called by the process port.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { closeOthersOnExec } from '@mainstay/pacemaker';
import { messageOf, type ScriptOptions, type ScriptResult } from '@mainstay/sdk';
import { errnoOf } from './files.js';
import { type Identity, resolveIdentity } from './identity.js';
import { ScriptOutput } from './output.js';
import { withoutCapabilities } from './privileges.js';
import { withOrdinaryWeight } from './weight.js';

/** From SIGTERM to SIGKILL, milliseconds. */
export const killAfterMs = 2000;
/** From SIGKILL to giving up on a process that the kernel does not let go (stuck on a dead disk or NFS server). */
const giveUpAfterMs = 1000;
/** There is no event for the end of a process group. */
const groupPollMs = 50;
/** How long the last output of an ended script is waited for: a background child may hold the pipe for ever. */
const drainMs = 100;
/** keepalived removes these from the environment of a script; the last two are Node's own. */
const removedFromEnvironment = ['IFS', 'LD_PRELOAD', 'LD_LIBRARY_PATH', 'NODE_CHANNEL_FD', 'NODE_CHANNEL_SERIALIZATION_MODE'];

export async function runScript(options: ScriptOptions): Promise<ScriptResult> {
  const program = options.command[0] ?? '';
  try {
    if (program === '') return { outcome: 'failed', error: 'the command is empty' };
    const identity = await resolveIdentity(options);
    if ('unknown' in identity) return { outcome: 'failed', error: `${program} was not run: ${identity.unknown}` };
    if (options.signal?.aborted) return { outcome: 'failed', error: `${program} was not run: the daemon is stopping` };
    const first = await new Run(options, options.command, identity).end;
    if (!isNoExec(first)) return first;
    return await new Run(options, ['/bin/sh', ...options.command], identity).end;
  } catch (error) {
    return { outcome: 'failed', error: `${program} could not be run: ${messageOf(error)}` };
  }
}

/** A text file without `#!`. The C library runs it through the shell by itself where it is glibc, and not where it is musl. */
function isNoExec(result: ScriptResult): boolean {
  return result.outcome === 'failed' && result.error.includes('ENOEXEC');
}

class Run {
  readonly end: Promise<ScriptResult>;
  private readonly startedAt = performance.now();
  private readonly child: ChildProcess;
  private readonly output: ScriptOutput | undefined;
  private readonly timers: NodeJS.Timeout[] = [];
  private settle: (result: ScriptResult) => void = () => {};
  private isTimedOut = false;
  private isTerminating = false;
  private isKilled = false;
  private exit: ScriptResult | undefined;

  constructor(
    private readonly options: ScriptOptions,
    command: readonly string[],
    identity: Identity,
  ) {
    this.end = new Promise((resolve) => {
      this.settle = resolve;
    });
    this.output = options.onOutput && new ScriptOutput(options.onOutput);
    this.child = start(command, identity, this.output !== undefined);
    for (const name of ['stdout', 'stderr'] as const) {
      const stream = this.child[name];
      if (stream !== null) this.output?.read(stream, name);
    }
    this.child.on('error', (error) => this.finish({ outcome: 'failed', error: explain(error, command[0] ?? '', identity) }));
    this.child.on('exit', (code, signal) => this.exited(code, signal));
    options.signal?.addEventListener('abort', this.terminate, { once: true });
    this.later(Math.min(options.timeoutMs, 0x7fffffff), () => {
      this.isTimedOut = true;
      this.terminate();
    });
  }

  private readonly terminate = (): void => {
    if (this.isTerminating || this.exit !== undefined) return;
    this.isTerminating = true;
    this.kill('SIGTERM');
    this.later(killAfterMs, () => {
      this.isKilled = true;
      this.kill('SIGKILL');
      if (this.exit !== undefined) this.finish(this.exit);
      else this.later(giveUpAfterMs, () => this.finish(this.result(null, 'SIGKILL')));
    });
  };

  private exited(code: number | null, signal: NodeJS.Signals | null): void {
    this.exit = this.result(code, signal);
    if (this.isTerminating) this.awaitGroup(this.exit);
    else this.drain(this.exit);
  }

  /** The script obeyed SIGTERM; its children may not have: they have until SIGKILL. */
  private awaitGroup(exit: ScriptResult): void {
    if (this.isKilled || this.kill(0) === 'ESRCH') this.drain(exit);
    else this.later(groupPollMs, () => this.awaitGroup(exit));
  }

  /** Takes the last words, for as long as they come at once. */
  private drain(exit: ScriptResult): void {
    this.clearTimers();
    const { stdout, stderr } = this.child;
    const open = [stdout, stderr].filter((stream) => stream !== null && !stream.closed);
    let left = open.length;
    if (left === 0) this.finish(exit);
    for (const stream of open) stream?.once('close', () => --left === 0 && this.finish(exit));
    this.later(drainMs, () => this.finish(exit));
  }

  private result(code: number | null, signal: NodeJS.Signals | null): ScriptResult {
    const durationMs = performance.now() - this.startedAt;
    if (this.isTimedOut) return { outcome: 'timedOut', durationMs };
    if (signal !== null) return { outcome: 'signalled', signal, durationMs };
    return { outcome: 'exited', code: code ?? 0, durationMs };
  }

  private finish(result: ScriptResult): void {
    this.clearTimers();
    this.options.signal?.removeEventListener('abort', this.terminate);
    this.output?.end();
    // A background child that outlives the script keeps its pipe, and we read it: a closed one would kill it at its next word.
    for (const stream of [this.child.stdout, this.child.stderr]) (stream as Socket | null)?.unref();
    this.child.unref();
    this.settle(result);
  }

  private clearTimers(): void {
    for (const timer of this.timers.splice(0)) clearTimeout(timer);
  }

  private later(ms: number, act: () => void): void {
    this.timers.push(setTimeout(act, ms));
  }

  /** Signals the whole group. Gone already, or not ours to signal: giving up answers that. */
  private kill(signal: NodeJS.Signals | 0): string | undefined {
    const { pid } = this.child;
    if (pid === undefined) return 'ESRCH'; // Never started. kill(-0) would be our own group.
    try {
      process.kill(-pid, signal);
      return undefined;
    } catch (error) {
      return errnoOf(error);
    }
  }
}

function start(command: readonly string[], identity: Identity, isHeard: boolean): ChildProcess {
  const [program = '', ...args] = withoutCapabilities(command);
  const out = isHeard ? 'pipe' : 'ignore';
  // Node marks its own; what an addon has opened or our parent has left us may lack the mark.
  closeOthersOnExec();
  return withOrdinaryWeight(() =>
    spawn(program, args, {
      detached: true,
      cwd: '/',
      env: environment(),
      // libuv drops all supplementary groups when it changes the user or group.
      ...identity.change,
      stdio: ['ignore', out, out],
    }),
  );
}

function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !removedFromEnvironment.includes(name)));
}

function explain(error: Error, program: string, identity: Identity): string {
  switch (errnoOf(error)) {
    case 'ENOENT':
      return `${program} does not exist, or its interpreter does not`;
    case 'EACCES':
      return `${program} may not be executed by uid ${identity.uid}`;
    case 'EPERM':
      return `${program} cannot run as uid ${identity.uid}: this process lacks CAP_SETUID or CAP_SETGID`;
    default:
      return `${program} could not be run: ${messageOf(error)}`;
  }
}
