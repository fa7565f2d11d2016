/** So many requests a second, by the program ../native/requests.c, which keeps up where Node does not. Used by client-agent.ts. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { run } from '../../support/command.js';
import { root } from '../../support/repository.js';
import type { Way } from './request.js';

export interface Failure {
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly failedAt: number;
  /** Of the client: by which the kernel knows where the connection went. */
  readonly port: number;
  readonly why: string;
}

export interface Tally {
  readonly started: number;
  /** Answers by server. */
  readonly answered: Readonly<Record<string, number>>;
  readonly failures: readonly Failure[];
  /** Milliseconds from a request to its answer at worst. */
  readonly slowestMs: number;
  readonly beganAt: number;
}

let program: Promise<string> | undefined;

/** The path of the compiled program. */
async function compiled(): Promise<string> {
  const to = join(mkdtempSync(join(tmpdir(), 'requests-')), 'requests');
  await run('gcc', ['-O1', '-Wall', '-Wextra', '-Werror', '-o', to, join(root, 'test/ipvs/native/requests.c')]);
  return to;
}

export class Load {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #failures: Failure[] = [];
  readonly #waiting: { resolve(tally: Tally): void; reject(error: Error): void }[] = [];

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    child.stderr.pipe(process.stderr);
    createInterface(child.stdout).on('line', (line) => this.#hear(line));
    child.on('close', () => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error('the program that makes requests has ended'));
    });
  }

  static async begin({ from, to, port }: Way, perSecond: number): Promise<Load> {
    program ??= compiled();
    return new Load(spawn(await program, [from, to, `${port}`, `${perSecond}`]));
  }

  tally(): Promise<Tally> {
    return this.#ask('t\n');
  }

  async end(): Promise<Tally> {
    const ended = once(this.#child, 'close');
    const tally = await this.#ask('e\n');
    await ended;
    return tally;
  }

  #ask(command: string): Promise<Tally> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#child.stdin.write(command);
    });
  }

  #hear(line: string): void {
    const [kind, ...words] = line.split(' ');
    if (kind === 'F') {
      const [startedAt, failedAt, port, ...why] = words;
      this.#failures.push({ startedAt: Number(startedAt), failedAt: Number(failedAt), port: Number(port), why: why.join(' ') });
      return;
    }
    const [started, beganAt, slowestMs, ...servers] = words;
    const answered = servers.map((server): [string, number] => {
      const [name = '', count] = server.split('=');
      return [name, Number(count)];
    });
    this.#waiting.shift()?.resolve({
      started: Number(started),
      answered: Object.fromEntries(answered),
      failures: [...this.#failures],
      slowestMs: Number(slowestMs),
      beganAt: Number(beganAt),
    });
  }
}
