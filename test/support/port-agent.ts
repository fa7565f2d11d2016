/**
 * Drives the Linux ports inside a namespace: ports act in the namespace of their process, so they run in a child there and
 * calls go over IPC. Run as a program (`port-agent.js serve`), this file is that child.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createPortDriver } from '../contract/support/port-driver.js';
import type { PortDriver } from '../contract/support/world.js';
import { atExit } from './at-exit.js';

/** What the child can do beyond the driver. */
interface AgentExtras {
  /** Blocks the child's event loop. */
  block(ms: number): Promise<void>;
  /** How often its notifications overran. */
  overruns(): Promise<number>;
  /** Troubles of the ports themselves. */
  troubles(): Promise<readonly string[]>;
}

export type AgentDriver = PortDriver & AgentExtras;

interface Call {
  readonly id: number;
  readonly method: string;
  readonly args: readonly unknown[];
}
type Reply = { readonly id: number; readonly value: unknown } | { readonly id: number; readonly error: string };

export class PortAgent {
  readonly driver: AgentDriver;
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  readonly #forget: () => void;
  readonly #ended: Promise<void>;
  #id = 0;

  private constructor(private readonly child: ChildProcess) {
    this.#forget = atExit(() => this.child.kill('SIGKILL'));
    child.on('message', (reply: Reply) => this.#answer(reply));
    this.#ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        for (const { reject } of this.#waiting.values()) reject(new Error(`the agent ended: ${code ?? signal}`));
        this.#waiting.clear();
        resolve();
      });
    });
    this.driver = new Proxy({} as AgentDriver, {
      get: (_, method) =>
        typeof method === 'string' && method !== 'then' ? (...args: unknown[]) => this.#call(method, args) : undefined,
    });
  }

  /** Resolves when the ports are open. */
  static async start(namespace: string, environment: NodeJS.ProcessEnv = {}): Promise<PortAgent> {
    const args = ['netns', 'exec', namespace, process.execPath, fileURLToPath(import.meta.url), 'serve'];
    const env = { ...process.env, ...environment };
    const child = spawn('ip', args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], serialization: 'advanced', env });
    const agent = new PortAgent(child);
    await agent.driver.overruns();
    return agent;
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async stop(): Promise<void> {
    this.#forget();
    if (this.child.connected) this.child.disconnect();
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 3000);
    await this.#ended;
    clearTimeout(timer);
  }

  #call(method: string, args: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (!this.child.connected) return reject(new Error('the agent has ended'));
      const id = ++this.#id;
      this.#waiting.set(id, { resolve, reject });
      this.child.send({ id, method, args } satisfies Call);
    });
  }

  #answer(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ('error' in reply) waiting?.reject(new Error(reply.error));
    else waiting?.resolve(reply.value);
  }
}

async function serve(): Promise<void> {
  const { openLinuxPorts } = await import('@mainstay/core/linux-ports');
  const troubles: string[] = [];
  const ports = await openLinuxPorts({ onError: (error) => void troubles.push(String(error)) });
  const driver: AgentDriver = {
    ...createPortDriver(ports),
    block: async (ms) => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    },
    overruns: async () => ports.overruns(),
    troubles: async () => [...troubles],
  };
  const methods = driver as unknown as Readonly<Record<string, (...args: readonly unknown[]) => Promise<unknown>>>;
  const answer = async ({ id, method, args }: Call): Promise<Reply> => {
    try {
      return { id, value: await methods[method]?.(...args) };
    } catch (error) {
      return { id, error: error instanceof Error ? error.message : String(error) };
    }
  };
  process.on('message', (call: Call) => void answer(call).then((reply) => process.connected && process.send?.(reply)));
  process.once('disconnect', () => ports.close());
}

if (process.argv[2] === 'serve') await serve();
