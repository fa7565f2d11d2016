/**
 * The BFD daemons under measurement behind one interface, each with any number of sessions over one link, as their documentation
 * would have them configured. Started by the benchmarks of BFD; the neighbours are those of bfd-neighbours.ts.
 */
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Background, run, until } from '../support/command.js';
import { askDaemon, scratch } from '../support/peers.js';
import { killTree } from '../support/process-tree.js';
import { root } from '../support/repository.js';
import type { BenchHost } from './net.js';
import type { Kind } from './router.js';
import { cpuMs, memory, trees } from './usage.js';

/** `keepalived-rt`: keepalived with its real-time options, which are off by default. */
export const bfdKinds = ['mainstay', 'keepalived', 'frr', 'bird'] as const satisfies readonly Kind[];

export interface BfdPlan {
  readonly kind: Kind;
  readonly host: BenchHost;
  readonly neighbours: readonly string[];
  readonly intervalMs: number;
  readonly multiplier: number;
  /** Text of a hook file in TypeScript. Mainstay only. */
  readonly hook?: string;
  /** More lines of configuration. Not for FRR and BIRD. */
  readonly more?: readonly string[];
}

/** keepalived.conf(5), "BFD": what its documentation offers against late packets. */
const realTime = ['bfd_rt_priority 50', 'bfd_no_swap', 'bfd_priority -20'];
const frrPrograms = '/usr/lib/frr';

export class BfdDaemon {
  readonly #folder = scratch();
  readonly #processes: Background[] = [];

  constructor(readonly plan: BfdPlan) {}

  /** Starts it; answers when, milliseconds since the epoch. Does not wait for its sessions. */
  async start(): Promise<number> {
    switch (this.plan.kind) {
      case 'frr':
        return this.#startFrr();
      case 'bird':
        return this.#startBird();
      default:
        return this.#startConf();
    }
  }

  assertRunning(): void {
    const { kind } = this.plan;
    const ended = this.#processes.find(({ isRunning }) => !isRunning);
    if (ended !== undefined) throw new Error(`${kind} is not running:\n${ended.output || '(no output)'}`);
  }

  get pids(): number[] {
    return trees(this.#processes.map(({ pid }) => pid));
  }
  /** CPU time of all its processes, milliseconds. */
  get cpuMs(): number {
    return cpuMs(this.pids);
  }
  get privateMb(): number {
    return memory(this.pids).privateKb / 1024;
  }

  /** What its control socket answers. Mainstay only. Rejects while it does not answer. */
  ask(path: string): Promise<unknown> {
    return askDaemon(this.#path('run'), path);
  }

  /** SIGKILL for all its processes, without a goodbye. */
  async kill(): Promise<void> {
    const running = this.#processes.splice(0).filter(({ isRunning }) => isRunning);
    for (const { pid } of running) killTree(pid);
    await Promise.all(running.map(({ ended }) => ended));
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }

  #launch(command: string, args: readonly string[]): number {
    const at = Date.now();
    this.#processes.push(this.plan.host.start(command, args));
    return at;
  }

  #startConf(): number {
    const { kind, hook, host, neighbours, intervalMs, multiplier, more = [] } = this.plan;
    const globals = kind === 'keepalived-rt' ? realTime : [];
    const hooks = kind === 'mainstay' ? [`notify_hooks_dir ${this.#path('hooks.d')}`] : [];
    if (hook !== undefined) {
      hooks.push(`notify_hook ${this.#path('hook.ts')}`);
      writeFileSync(this.#path('hook.ts'), hook);
    }
    const source = host.address(0);
    const timers = `  min_tx ${intervalMs}\n  min_rx ${intervalMs}\n  multiplier ${multiplier}\n`;
    const blocks = neighbours.map(
      (neighbour, i) => `bfd_instance B${i} {\n  neighbor_ip ${neighbour}\n  source_ip ${source}\n${timers}}`,
    );
    const file = this.#path('keepalived.conf');
    writeFileSync(
      file,
      ['global_defs {', ...globals.map((line) => `  ${line}`), '}', ...hooks, ...blocks, ...more, ''].join('\n'),
    );
    const pidFiles = ['-p', 'parent', '-r', 'vrrp', '-c', 'checkers', '-b', 'bfd'];
    const common = ['-n', '-G', '-f', file, ...pidFiles.map((word, i) => (i % 2 === 0 ? word : this.#path(`${word}.pid`)))];
    if (kind !== 'mainstay') return this.#launch('keepalived', common);
    const cli = join(root, 'core/cli/dist/main.js');
    return this.#launch(process.execPath, [cli, 'run', ...common, '--run-dir', this.#path('run')]);
  }

  async #startFrr(): Promise<number> {
    const { host, neighbours, intervalMs, multiplier } = this.plan;
    const timers = [`detect-multiplier ${multiplier}`, `transmit-interval ${intervalMs}`, `receive-interval ${intervalMs}`];
    const peers = neighbours.flatMap((neighbour) => [
      ` peer ${neighbour} local-address ${host.address(0)} interface eth0`,
      ...timers.map((line) => `  ${line}`),
      '  no shutdown',
      ' exit',
    ]);
    // The daemons run as user frr.
    chmodSync(this.#folder, 0o755);
    const state = this.#path('state');
    mkdirSync(state, { recursive: true });
    writeFileSync(join(state, 'zebra.conf'), '');
    writeFileSync(join(state, 'bfdd.conf'), ['bfd', ...peers, 'exit', ''].join('\n'));
    await run('chown', ['-R', 'frr:frr', state]);
    const sockets = ['-z', join(state, 'zserv.api'), '--vty_socket', state, '-P', '0'];
    const args = (name: string) => ['-f', join(state, `${name}.conf`), '-i', join(state, `${name}.pid`), ...sockets];
    this.#launch(join(frrPrograms, 'zebra'), args('zebra'));
    await until('zebra answers', 30_000, () => existsSync(join(state, 'zserv.api')));
    return this.#launch(join(frrPrograms, 'bfdd'), [...args('bfdd'), '--bfdctl', join(state, 'bfdd.sock')]);
  }

  #startBird(): number {
    const { neighbours, intervalMs, multiplier } = this.plan;
    const timers = `interval ${intervalMs} ms; multiplier ${multiplier}; idle tx interval 1 s;`;
    const list = neighbours.map((neighbour) => `  neighbor ${neighbour} dev "eth0";`);
    const lines = [
      `router id 192.0.2.1;`,
      'protocol device {}',
      'protocol bfd {',
      `  interface "eth0" { ${timers} };`,
      ...list,
      '}',
      '',
    ];
    writeFileSync(this.#path('bird.conf'), lines.join('\n'));
    const files = ['-c', this.#path('bird.conf'), '-s', this.#path('bird.ctl'), '-P', this.#path('bird.pid')];
    return this.#launch('/usr/sbin/bird', ['-f', ...files]);
  }
}
