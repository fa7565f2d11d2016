/** Runs programs for the system tests: to their end (`run`), or in the background until stopped (`Background`). */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { atExit } from './at-exit.js';

/** Runs a program to its end; answers its standard output. Rejects with its standard error. */
export function run(command: string, args: readonly string[], input?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(command, [...args], { maxBuffer: 256 << 20, encoding: 'utf8' }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${command} ${args.join(' ')}: ${stderr.trim() || error.message}`));
    });
    // A program may end without having read its input; its exit code tells whether that matters.
    child.stdin?.on('error', () => undefined).end(input ?? '');
  });
}

/** How a program ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A program in the background. Its output is kept; it is killed when this process ends. */
export class Background {
  output = '';
  readonly ended: Promise<Ending>;
  readonly #child: ChildProcess;
  #ending: Ending | undefined;
  readonly #listeners = new Set<() => void>();

  constructor(command: string, args: readonly string[], options: { env?: NodeJS.ProcessEnv; cwd?: string } = {}) {
    this.#child = spawn(command, [...args], { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    const forget = atExit(() => this.#child.kill('SIGKILL'));
    this.ended = new Promise((resolve) => {
      const end = (ending: Ending) => {
        forget();
        this.#ending = ending;
        this.#tell();
        resolve(ending);
      };
      this.#child.once('error', (error) => {
        this.output += `${error.message}\n`;
        end({ code: 127, signal: null });
      });
      this.#child.once('close', (code, signal) => end({ code, signal }));
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
        this.#tell();
      });
    }
  }

  /** 0 when the program could not be started. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.#ending === undefined;
  }

  signal(signal: NodeJS.Signals): void {
    if (this.isRunning) this.#child.kill(signal);
  }

  /** Resolves once the output matches; rejects when the program ends first or after `ms`. */
  async saw(pattern: RegExp, ms: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const finish = (error?: Error) => {
        clearTimeout(timer);
        this.#listeners.delete(look);
        if (error === undefined) resolve();
        else reject(error);
      };
      const look = () => {
        if (pattern.test(this.output)) finish();
        else if (!this.isRunning) finish(new Error(`ended before ${pattern} was seen:\n${this.output}`));
      };
      const timer = setTimeout(() => finish(new Error(`${pattern} not seen in ${ms} ms:\n${this.output}`)), ms);
      this.#listeners.add(look);
      look();
    });
  }

  /** Sends `signal`; SIGKILL when the program has not ended after `ms`. */
  async stop(signal: NodeJS.Signals, ms: number): Promise<Ending> {
    this.signal(signal);
    const timer = setTimeout(() => this.signal('SIGKILL'), ms);
    const ending = await this.ended;
    clearTimeout(timer);
    return ending;
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

/** Polls until `check` answers something other than undefined or false; rejects after `ms` with what was waited for. */
export async function until<Value>(
  what: string,
  ms: number,
  check: () => Value | undefined | false | Promise<Value | undefined | false>,
): Promise<Value> {
  const deadline = performance.now() + ms;
  for (;;) {
    const value = await check();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > deadline) throw new Error(`after ${ms} ms still not so: ${what}`);
    await sleep(20);
  }
}
