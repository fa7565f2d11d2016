/** Real servers in a namespace of their own, which a test opens and closes. The servers themselves are in farm.ts. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { atExit } from '../../support/at-exit.js';
import { farmNamespace } from './director.js';

/** `udp` is silent, `echo` answers; `bfd` is a peer of every director. */
export type ServerKind = 'tcp' | 'http' | 'https' | 'smtp' | 'dns' | 'udp' | 'echo' | 'bfd';

/** What its web servers send. */
export const farmText = 'all is well';

/** `server`: ADDRESS:PORT. */
export type FarmOrder =
  | { readonly id: number; readonly do: 'open' | 'close'; readonly kind: ServerKind; readonly server: string }
  | { readonly id: number; readonly do: 'status'; readonly server: string; readonly status: number }
  | { readonly id: number; readonly do: 'count'; readonly server: string };

type Order = FarmOrder extends infer One ? (One extends FarmOrder ? Omit<One, 'id'> : never) : never;

interface Answer {
  readonly id: number;
  readonly error?: string;
  readonly counts?: Readonly<Record<string, number>>;
}

export class Farm {
  #orders = 0;
  readonly #waiting = new Map<number, (answer: Answer) => void>();

  private constructor(
    private readonly child: ChildProcess,
    private readonly forget: () => void,
  ) {
    child.on('message', (answer: Answer) => this.#waiting.get(answer.id)?.(answer));
  }

  static async start(): Promise<Farm> {
    const program = fileURLToPath(new URL('farm.js', import.meta.url));
    const args = ['netns', 'exec', farmNamespace, process.execPath, program];
    const child = spawn('ip', args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const farm = new Farm(
      child,
      atExit(() => child.kill('SIGKILL')),
    );
    await once(child, 'message');
    return farm;
  }

  /** Resolves when it is so. */
  async order(order: Order): Promise<void> {
    await this.#ask(order);
  }

  /** Connections that this server has had, by the address that they came from. */
  async connections(server: string): Promise<Readonly<Record<string, number>>> {
    return (await this.#ask({ do: 'count', server })).counts ?? {};
  }

  async #ask(order: Order): Promise<Answer> {
    const id = ++this.#orders;
    const answer = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve));
    this.child.send({ ...order, id });
    const { error, counts = {} } = await answer;
    this.#waiting.delete(id);
    if (error !== undefined) throw new Error(`${JSON.stringify(order)}: ${error}`);
    return { id, counts };
  }

  async stop(): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.disconnect();
    await ended;
    this.forget();
  }
}
