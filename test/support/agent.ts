/**
 * Has a driver work inside a namespace: sockets act in the namespace of their process, so the driver lives in a child there and
 * calls go over IPC. The child is a program of the test that calls `answerCalls`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { atExit } from './at-exit.js';

interface Call {
  readonly id: number;
  readonly method: string;
  readonly args: readonly unknown[];
}
type Reply = { readonly id: number; readonly value: unknown } | { readonly id: number; readonly error: string };

export class Agent<Driver extends object> {
  readonly driver: Driver;
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  readonly #forget: () => void;
  readonly #ended: Promise<void>;
  readonly #child: ChildProcess;
  #id = 0;

  /** `through`: a program with arguments that runs the child, such as one that takes privileges away. */
  protected constructor(
    namespace: string,
    program: string,
    environment: NodeJS.ProcessEnv = {},
    through: readonly string[] = [],
  ) {
    const args = ['netns', 'exec', namespace, ...through, process.execPath, program, 'serve'];
    const env = { ...process.env, ...environment };
    const child = spawn('ip', args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], serialization: 'advanced', env });
    this.#child = child;
    this.#forget = atExit(() => child.kill('SIGKILL'));
    child.on('message', (reply: Reply) => this.#answer(reply));
    this.#ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        for (const { reject } of this.#waiting.values()) reject(new Error(`the agent ended: ${code ?? signal}`));
        this.#waiting.clear();
        resolve();
      });
    });
    this.driver = new Proxy({} as Driver, {
      get: (_, method) =>
        typeof method === 'string' && method !== 'then' ? (...args: unknown[]) => this.#call(method, args) : undefined,
    });
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async stop(): Promise<void> {
    this.#forget();
    if (this.#child.connected) this.#child.disconnect();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 3000);
    await this.#ended;
    clearTimeout(timer);
  }

  #call(method: string, args: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (!this.#child.connected) return reject(new Error('the agent has ended'));
      const id = ++this.#id;
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ id, method, args } satisfies Call);
    });
  }

  #answer(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ('error' in reply) waiting?.reject(new Error(reply.error));
    else waiting?.resolve(reply.value);
  }
}

/** In the child: does what the parent asks. */
export function answerCalls(driver: object, close: () => void): void {
  const methods = driver as Readonly<Record<string, (...args: readonly unknown[]) => Promise<unknown>>>;
  const answer = async ({ id, method, args }: Call): Promise<Reply> => {
    try {
      return { id, value: await methods[method]?.(...args) };
    } catch (error) {
      return { id, error: error instanceof Error ? error.message : String(error) };
    }
  };
  process.on('message', (call: Call) => void answer(call).then((reply) => process.connected && process.send?.(reply)));
  process.once('disconnect', close);
}
