/** Time and memory of a daemon with all its processes, from /proc. Used by the benchmark of scale. */
import { readFileSync } from 'node:fs';
import { treeOf } from '../support/process-tree.js';

/** USER_HZ of every Linux that node runs on. */
const ticksPerSecond = 100;

export interface Memory {
  /** Pages that only this daemon has: what its end would give back. */
  readonly privateKb: number;
  readonly rssKb: number;
}

/** The roots with their descendants. */
export function trees(roots: readonly number[]): number[] {
  return roots.flatMap((root) => treeOf(root));
}

/**
 * Milliseconds of CPU so far: user and system time of the processes and of those that they have waited for. The kernel scales the
 * two so that their sum is the exact run time, in steps of 10 ms.
 */
export function cpuMs(pids: readonly number[]): number {
  const ticks = pids.map((pid) => {
    const text = read(`/proc/${pid}/stat`);
    // The name in brackets may hold spaces; utime is the 14th field of proc(5).
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  });
  return (ticks.reduce((sum, one) => sum + one, 0) * 1000) / ticksPerSecond;
}

export function memory(pids: readonly number[]): Memory {
  let privateKb = 0;
  let rssKb = 0;
  for (const pid of pids) {
    for (const [, name, kb] of read(`/proc/${pid}/smaps_rollup`).matchAll(/^(\w+): +(\d+) kB/gm)) {
      if (name === 'Private_Clean' || name === 'Private_Dirty') privateKb += Number(kb);
      if (name === 'Rss') rssKb += Number(kb);
    }
  }
  return { privateKb, rssKb };
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
