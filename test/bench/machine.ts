/** What a reader of results must know about the machine that they are from. Read by report.ts. */
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { run } from '../support/command.js';
import { root } from '../support/repository.js';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryMb: number;
  readonly kernel: string;
  readonly node: string;
  readonly programs: Readonly<Record<string, string>>;
}

export async function machine(): Promise<Machine> {
  const all = cpus();
  return {
    cpu: all[0]?.model.trim() || 'unknown',
    cores: all.length,
    memoryMb: Math.round(totalmem() / 2 ** 20),
    kernel: release(),
    node: process.version,
    programs: {
      mainstay: await workingCopy(),
      keepalived: await version('keepalived'),
      frr: await version('frr'),
      bird: await version('bird2'),
    },
  };
}

/** The commit, `-dirty` when there are changes to it; results of earlier benchmarks are none. */
async function workingCopy(): Promise<string> {
  const git = async (...args: string[]) => (await run('git', ['-C', root, ...args])).trim();
  try {
    const changes = await git('status', '--porcelain', '--', '.', ':!test/bench/results');
    return `${await git('rev-parse', '--short', 'HEAD')}${changes === '' ? '' : '-dirty'}`;
  } catch {
    return 'unknown';
  }
}

async function version(name: string): Promise<string> {
  const about = await run('dpkg-query', ['--status', name]).catch(() => '');
  return /^Version: (.*)$/m.exec(about)?.[1] ?? 'not installed';
}

/** Shares of all CPU time since boot: what a busy neighbour (steal) or another program takes shows as a difference. */
export interface CpuTimes {
  readonly total: number;
  readonly idle: number;
  readonly steal: number;
}

export function cpuTimes(): CpuTimes {
  const [, ...fields] = (readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '').split(/ +/).map(Number);
  const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, soft = 0, steal = 0] = fields;
  return { total: user + nice + system + idle + wait + irq + soft + steal, idle: idle + wait, steal };
}

/** `load 1.2 at the start, 2.1 at the end; CPU 37 % busy, 0.4 % stolen`. */
export function loadNote(startLoad: number, before: CpuTimes): string {
  const now = cpuTimes();
  const total = Math.max(1, now.total - before.total);
  const busy = (100 * (total - (now.idle - before.idle))) / total;
  const stolen = (100 * (now.steal - before.steal)) / total;
  const endLoad = loadavg()[0] ?? 0;
  return `load ${startLoad.toFixed(2)} at the start, ${endLoad.toFixed(2)} at the end; CPU ${busy.toFixed(0)} % busy, ${stolen.toFixed(1)} % stolen`;
}
