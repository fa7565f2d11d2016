/** A programmable `process` port: records what was run, answers what the test says, after the virtual time it says. */
import type { Clock, ProcessPort, ScriptIdentity, ScriptOptions, ScriptProblem, ScriptResult } from '@mainstay/sdk';

export interface ScriptRun {
  readonly command: readonly string[];
  readonly user: string | undefined;
  readonly group: string | undefined;
  readonly timeoutMs: number;
  /** Monotonic time of the process at which it began. */
  readonly startedAt: number;
}

/** What a script does: its exit code or signal, and how long it takes in virtual time. */
export interface ScriptBehaviour {
  readonly code?: number;
  readonly signal?: string;
  /** The script cannot be started at all. */
  readonly error?: string;
  /** Lines it prints when it starts. */
  readonly output?: readonly string[];
  /** Milliseconds; Infinity hangs until the timeout. Default 0. */
  readonly durationMs?: number;
}

type Program = ScriptBehaviour | ((run: ScriptRun) => ScriptBehaviour);

const killGraceMs = 2000;

export class SimulatedScripts implements ProcessPort {
  /** Every run, in order of start. */
  readonly runs: ScriptRun[] = [];
  readonly #programs = new Map<string, Program>();
  readonly #problems = new Map<string, ScriptProblem>();

  constructor(private readonly clock: Clock) {}

  /** What the program of that path does from now on. Default: exit 0 at once. */
  program(path: string, behaviour: Program): void {
    this.#programs.set(path, behaviour);
  }

  /** What `inspect` finds wrong with the program of that path. */
  problem(path: string, problem: ScriptProblem): void {
    this.#problems.set(path, problem);
  }

  inspect(command: readonly string[], _identity: ScriptIdentity = {}): Promise<ScriptProblem | undefined> {
    return Promise.resolve(this.#problems.get(command[0] ?? ''));
  }

  run(options: ScriptOptions): Promise<ScriptResult> {
    const { command, user, group, timeoutMs, signal } = options;
    const run: ScriptRun = { command: [...command], user, group, timeoutMs, startedAt: this.clock.now() };
    if (signal?.aborted === true) return Promise.resolve({ outcome: 'failed', error: 'aborted before it started' });
    this.runs.push(run);
    const program = this.#programs.get(command[0] ?? '') ?? {};
    const behaviour = typeof program === 'function' ? program(run) : program;
    if (behaviour.error !== undefined) return Promise.resolve({ outcome: 'failed', error: behaviour.error });
    for (const line of behaviour.output ?? []) options.onOutput?.(line, 'stdout');
    return this.#play(behaviour, run, signal);
  }

  #play(behaviour: ScriptBehaviour, run: ScriptRun, signal: AbortSignal | undefined): Promise<ScriptResult> {
    const durationMs = behaviour.durationMs ?? 0;
    const isTooLong = durationMs > run.timeoutMs;
    // A script that only ever hangs ignores SIGTERM too, and ends with the SIGKILL two seconds later.
    const endsAfter = !isTooLong ? durationMs : run.timeoutMs + (durationMs === Number.POSITIVE_INFINITY ? killGraceMs : 0);
    return new Promise((resolve) => {
      const end = (result: ScriptResult) => {
        timer.cancel();
        signal?.removeEventListener('abort', abort);
        resolve(result);
      };
      const took = () => this.clock.now() - run.startedAt;
      const abort = () => end({ outcome: 'signalled', signal: 'SIGTERM', durationMs: took() });
      const timer = this.clock.after(endsAfter, () =>
        end(isTooLong ? { outcome: 'timedOut', durationMs: took() } : ending(behaviour, took())),
      );
      signal?.addEventListener('abort', abort);
    });
  }
}

function ending({ code = 0, signal }: ScriptBehaviour, durationMs: number): ScriptResult {
  return signal === undefined ? { outcome: 'exited', code, durationMs } : { outcome: 'signalled', signal, durationMs };
}
