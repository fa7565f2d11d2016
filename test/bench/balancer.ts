/**
 * Mainstay or keepalived as a load balancer with one and the same configuration, on a kernel with IPVS or on one without: there the
 * kernel acknowledges every change and makes none (native/tableless.c). Used by checks.ts, tables.ts and tables-guest.ts.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Background, until } from '../support/command.js';
import { scratch } from '../support/peers.js';
import { killTree } from '../support/process-tree.js';
import { root } from '../support/repository.js';
import { balancerConf, type Site } from './balancer-conf.js';
import { helper } from './native.js';
import type { Launch } from './real-servers.js';
import { cpuMs, type Memory, memory, trees } from './usage.js';

const cli = join(root, 'core/cli/dist/main.js');

export interface BalancerOptions {
  readonly kind: 'mainstay' | 'keepalived';
  readonly launch: Launch;
  readonly hasIpvs: boolean;
}

/** Changes that it asked of the kernel so far, and when the last was, milliseconds since the epoch. */
export interface Tally {
  readonly changes: number;
  readonly lastAt: number;
}

export class Balancer {
  readonly #options: BalancerOptions;
  readonly #folder = scratch();
  #process: Background | undefined;

  constructor(options: BalancerOptions) {
    this.#options = options;
  }

  /** Answers when it was started, milliseconds since the epoch. */
  start(site: Site): number {
    const { kind, launch, hasIpvs } = this.#options;
    this.#write(site);
    writeFileSync(this.#tallyFile, Buffer.alloc(16));
    const logs = process.env.BENCH_LOGS === undefined ? [] : ['-l', '-D'];
    const pidFiles = ['-p', 'parent', '-c', 'checkers', '-b', 'bfd'].map((word) =>
      word.startsWith('-') ? word : join(this.#folder, `${word}.pid`),
    );
    const common = ['-n', '-G', ...logs, '-f', this.#file, ...pidFiles];
    const env = { ...process.env, ...(!hasIpvs && { LD_PRELOAD: helper('tableless'), TABLELESS: this.#tallyFile }) };
    const at = Date.now();
    this.#process =
      kind === 'mainstay'
        ? launch(process.execPath, [cli, 'run', ...common, '--run-dir', join(this.#folder, 'run')], { env })
        : launch('keepalived', common, { env });
    return at;
  }

  /** Answers when it was asked to, milliseconds since the epoch. */
  reload(site: Site): number {
    this.assertRunning();
    this.#write(site);
    const at = Date.now();
    this.#process?.signal('SIGHUP');
    return at;
  }

  assertRunning(): void {
    if (this.#process?.isRunning === true) return;
    const log = this.#process?.output || '(no output; BENCH_LOGS=1 shows its log)';
    throw new Error(`${this.#options.kind} is not running:\n${log}`);
  }

  /** Milliseconds of CPU time so far, of all its processes. */
  get cpuMs(): number {
    return cpuMs(this.#pids);
  }

  get memory(): Memory {
    return memory(this.#pids);
  }

  /** Only on a kernel without IPVS. */
  get tally(): Tally {
    const bytes = readFileSync(this.#tallyFile);
    return { changes: Number(bytes.readBigUInt64LE(0)), lastAt: Number(bytes.readBigUInt64LE(8)) / 1000 };
  }

  /** Resolves when it takes hardly any CPU time: what it was about is done. */
  async calm(withinMs: number): Promise<void> {
    let before = this.cpuMs;
    let calmLooks = 0;
    let at = performance.now();
    await until(`${this.#options.kind} has nothing to do`, withinMs, () => {
      this.assertRunning();
      if (performance.now() - at < 500) return false;
      const now = this.cpuMs;
      calmLooks = now - before <= (performance.now() - at) / 10 ? calmLooks + 1 : 0;
      before = now;
      at = performance.now();
      return calmLooks >= 2;
    });
  }

  async kill(): Promise<void> {
    if (process.env.BENCH_LOGS !== undefined) process.stderr.write(`--- ${this.#options.kind}\n${this.#process?.output ?? ''}`);
    if (this.#process?.isRunning !== true) return;
    killTree(this.#process.pid);
    await this.#process.ended;
  }

  #write(site: Site): void {
    const { kind, hasIpvs } = this.#options;
    // A kernel that makes no changes shows an empty table: each look at it would have everything asked for again.
    const globals = kind === 'mainstay' && !hasIpvs ? ['lvs_audit_interval 0'] : [];
    writeFileSync(this.#file, balancerConf(site, globals));
  }

  get #file(): string {
    return join(this.#folder, 'keepalived.conf');
  }

  get #tallyFile(): string {
    return join(this.#folder, 'tally');
  }

  get #pids(): number[] {
    return this.#process === undefined ? [] : trees([this.#process.pid]);
  }
}
