/**
 * Starts Mainstay or keepalived on a host of a LAN with one and the same configuration, and ends them as an operator, a crash
 * or a power cut would. `MAINSTAY_PEERS=keepalived,keepalived` puts keepalived in Mainstay's place: the tests' own control.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { atExit } from './at-exit.js';
import { type Background, type Ending, until } from './command.js';
import type { Host } from './netns.js';
import { killTree } from './process-tree.js';

export type Program = 'mainstay' | 'keepalived';

const cli = fileURLToPath(new URL('../../../core/cli/dist/main.js', import.meta.url));

/** A folder for the files of one test, removed at the end of this process. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mainstay-test-'));
  atExit(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The programs to pair: normally both orders of Mainstay and keepalived, each as the first and as the second router. */
export function pairs(): (readonly [Program, Program])[] {
  const wish = process.env.MAINSTAY_PEERS;
  if (wish === undefined)
    return [
      ['mainstay', 'keepalived'],
      ['keepalived', 'mainstay'],
    ];
  const [first, second] = wish.split(',') as Program[];
  if (first === undefined || second === undefined) throw new Error('MAINSTAY_PEERS wants two programs: mainstay,keepalived');
  return [[first, second]];
}

/** The program under test: Mainstay, unless the control runs. */
export function subject(): Program {
  return process.env.MAINSTAY_PEERS?.split(',')[0] === 'keepalived' ? 'keepalived' : 'mainstay';
}

export interface DaemonOptions {
  readonly program: Program;
  readonly host: Host;
  /** Text of keepalived.conf. */
  readonly conf: string;
  /** For `@ID` lines in the configuration. */
  readonly id: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** A running Mainstay or keepalived. */
export class Daemon {
  private constructor(
    readonly program: Program,
    readonly host: Host,
    readonly folder: string,
    readonly process: Background,
  ) {}

  static start({ program, host, conf, id, env }: DaemonOptions): Daemon {
    const folder = scratch();
    const file = join(folder, 'keepalived.conf');
    writeFileSync(file, conf);
    const common = ['-n', '-l', '-D', '-G', '-f', file, '-i', id, ...pidFiles(folder)];
    const [command, ...args] =
      program === 'keepalived'
        ? ['keepalived', ...common]
        : [process.execPath, cli, 'run', ...common, '--run-dir', runFolder(folder)];
    const options = env === undefined ? {} : { env: { ...process.env, ...env } };
    return new Daemon(program, host, folder, host.start(command ?? '', args, options));
  }

  get log(): string {
    return this.process.output;
  }

  /** Resolves once it listens for adverts: a raw socket of protocol 112 is open in its namespace. */
  async ready(): Promise<void> {
    await until(`${this.program} on ${this.host.name} listens`, 20_000, () => {
      if (!this.process.isRunning) throw new Error(`${this.program} ended:\n${this.log}`);
      return ['raw', 'raw6'].some((table) => listensToVrrp(`/proc/${this.process.pid}/net/${table}`));
    });
  }

  /** The answer of `mainstay status --json`. Mainstay only. */
  async status(): Promise<unknown> {
    return JSON.parse(await this.command('status', '--json')) as unknown;
  }

  /** What the command `mainstay` prints when it is asked about this daemon. Mainstay only. */
  command(...args: readonly string[]): Promise<string> {
    return this.host.run(process.execPath, [cli, ...args, '--run-dir', runFolder(this.folder)]);
  }

  /** The same, asked of the daemon itself: a command takes long to start on a busy machine. Rejects while it does not answer. */
  ask(path: string): Promise<unknown> {
    return askDaemon(runFolder(this.folder), path);
  }

  /** Stops as a service manager does. */
  async stop(): Promise<Ending> {
    return this.process.stop('SIGTERM', 10_000);
  }

  /** Dies at once, with all its processes. Answers the moment, in seconds since the epoch. */
  async crash(): Promise<number> {
    killTree(this.process.pid);
    const at = Date.now() / 1000;
    await this.process.ended;
    return at;
  }
}

/** What the control socket of a daemon answers. */
export function askDaemon(runFolder: string, path: string): Promise<unknown> {
  const socketPath = join(runFolder, 'control.sock');
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path, timeout: 5000 }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (more: string) => {
        text += more;
      });
      response.on('end', () => {
        try {
          resolve(JSON.parse(text));
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
    });
    call.on('timeout', () => call.destroy(new Error('no answer in 5 seconds')));
    call.on('error', reject).end();
  });
}

function runFolder(folder: string): string {
  return join(folder, 'run');
}

function pidFiles(folder: string): string[] {
  const names = { '-p': 'parent', '-r': 'vrrp', '-c': 'checkers', '-b': 'bfd' };
  return Object.entries(names).flatMap(([option, name]) => [option, join(folder, `${name}.pid`)]);
}

/** Local addresses of raw sockets end in the protocol, in hexadecimal: 112 is 70. */
function listensToVrrp(table: string): boolean {
  return /^ *\d+: [0-9A-F]+:0070 /m.test(readFileSync(table, 'utf8'));
}
