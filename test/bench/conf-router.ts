/** Mainstay and keepalived: one keepalived.conf for both, one command line. Made by router.ts. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Background, until } from '../support/command.js';
import { scratch } from '../support/peers.js';
import { killTree } from '../support/process-tree.js';
import { root } from '../support/repository.js';
import type { Instance, Plan, Router } from './router.js';

const cli = join(root, 'core/cli/dist/main.js');

/** keepalived.conf(5), "Real-time": what its documentation offers against late adverts. */
const realTime = ['vrrp_rt_priority 50', 'vrrp_no_swap', 'vrrp_priority -20'];

function conf(plan: Plan, list: readonly Instance[], folder: string): string {
  const { kind, version, intervalMs, priority, hintOf, host } = plan;
  const globals = [`  vrrp_version ${version}`, ...(kind === 'keepalived-rt' ? realTime.map((line) => `  ${line}`) : [])];
  const blocks = list.map(
    ({ link, vrid, address, excluded }) => `vrrp_instance VI_${link}_${vrid} {
  state BACKUP
  interface eth${link}
  virtual_router_id ${vrid}
  priority ${priority}
  advert_int ${intervalMs / 1000}${hintOf === undefined ? '' : '\n  bfd_hint peer'}
  virtual_ipaddress {
    ${address}/32
  }${excluded === undefined ? '' : `\n  virtual_ipaddress_excluded {\n    ${excluded}/32\n  }`}
}`,
  );
  const hooks = kind === 'mainstay' ? [`notify_hooks_dir ${folder}/hooks.d`] : [];
  if (plan.hook !== undefined) hooks.push(`notify_hook ${folder}/hook.ts`);
  const bfd =
    hintOf === undefined
      ? []
      : [
          'bfd_instance peer {',
          `neighbor_ip ${hintOf}`,
          `source_ip ${host.address(0)}`,
          'min_tx 10',
          'min_rx 10',
          'multiplier 3',
          '}',
        ];
  return ['global_defs {', ...globals, '}', ...hooks, ...bfd, ...blocks, ''].join('\n');
}

export class ConfRouter implements Router {
  readonly #folder = scratch();
  #process: Background | undefined;

  constructor(readonly plan: Plan) {}

  async start(): Promise<number> {
    const { kind, host, hook, instances } = this.plan;
    const file = join(this.#folder, 'keepalived.conf');
    writeFileSync(file, conf(this.plan, instances, this.#folder));
    if (hook !== undefined) writeFileSync(join(this.#folder, 'hook.ts'), hook);
    // Without -G libc writes each log line to the console of the machine, which makes keepalived tens of times slower. No log
    // is wanted unless someone looks for a mistake.
    const logs = process.env.BENCH_LOGS === undefined ? [] : ['-l', '-D'];
    const pidFiles = ['-p', 'parent', '-r', 'vrrp', '-c', 'checkers'].map((word) =>
      word.startsWith('-') ? word : join(this.#folder, `${word}.pid`),
    );
    const common = ['-n', '-G', ...logs, '-f', file, ...pidFiles];
    const [command, args] =
      kind === 'mainstay'
        ? [process.execPath, [cli, 'run', ...common, '--run-dir', join(this.#folder, 'run')]]
        : ['keepalived', common];
    const at = Date.now();
    this.#process = host.start(command, args);
    return at;
  }

  get roots(): readonly number[] {
    return this.#process === undefined ? [] : [this.#process.pid];
  }

  assertRunning(): void {
    if (this.#process?.isRunning !== true) throw new Error(`${this.#name} is not running:\n${this.#log}`);
  }

  async listens(): Promise<void> {
    await until(`${this.#name} listens`, 60_000, () => {
      this.assertRunning();
      return hearsVrrp(this.roots[0] ?? 0);
    });
  }

  reload(list: readonly Instance[] = this.plan.instances): number {
    this.assertRunning();
    writeFileSync(join(this.#folder, 'keepalived.conf'), conf(this.plan, list, this.#folder));
    const at = Date.now();
    this.#process?.signal('SIGHUP');
    return at;
  }

  terminate(): number {
    const at = Date.now();
    this.#process?.signal('SIGTERM');
    return at;
  }

  async kill(): Promise<void> {
    if (this.#process?.isRunning !== true) return;
    killTree(this.#process.pid);
    await this.#process.ended;
  }

  async cleanUp(): Promise<void> {
    await this.kill();
    if (process.env.BENCH_LOGS !== undefined) process.stderr.write(`--- ${this.#name}\n${this.#log}`);
    await this.plan.host.forgetVirtualAddresses();
  }

  get #name(): string {
    return `${this.plan.kind} on ${this.plan.host.name}`;
  }

  get #log(): string {
    return this.#process?.output || '(no output; BENCH_LOGS=1 shows its log)';
  }
}

/** A raw socket of protocol 112 (in hexadecimal 70) is open in the namespace of the process. */
export function hearsVrrp(pid: number): boolean {
  try {
    return /^ *\d+: [0-9A-F]+:0070 /m.test(readFileSync(`/proc/${pid}/net/raw`, 'utf8'));
  } catch {
    return false;
  }
}
