/** How much memory a process has resident, and how willing the kernel is to kill it: /proc. Used by the memory guard and lanes. */
import { readdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setPriority } from 'node:os';

/** MiB of resident memory; undefined when the process is gone. */
export async function residentMiB(pid: number): Promise<number | undefined> {
  try {
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
    return kib === undefined ? undefined : Number(kib) / 1024;
  } catch {
    return undefined;
  }
}

/**
 * Sets the nice value of every thread of this process (setpriority(2) takes one thread on Linux; absent: it stays) and its badness
 * for the out-of-memory killer. What the privileges do not allow is answered, not thrown: the daemon works without.
 */
export function weigh(options: { readonly nice?: number; readonly oomScoreAdjust: number }): readonly string[] {
  const refused: string[] = [];
  const { nice } = options;
  try {
    if (nice !== undefined) for (const thread of readdirSync('/proc/self/task')) setPriority(Number(thread), nice);
  } catch (error) {
    refused.push(`nice ${nice}: ${(error as Error).message}`);
  }
  try {
    writeFileSync('/proc/self/oom_score_adj', String(options.oomScoreAdjust));
  } catch (error) {
    refused.push(`oom_score_adj ${options.oomScoreAdjust}: ${(error as Error).message}`);
  }
  return refused;
}
