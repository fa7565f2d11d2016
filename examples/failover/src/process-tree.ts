/** Ends a process and all that it started at one blow, so that none of them can say goodbye: what a power loss does. */
import { readFileSync } from 'node:fs';

function treeOf(pid: number): number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
    return [pid, ...children.flatMap(treeOf)];
  } catch {
    return [];
  }
}

export function killTree(root: number): void {
  // Stopped first, parents before children, none of them sees another one's end.
  for (const signal of ['SIGSTOP', 'SIGKILL'] as const) {
    for (const pid of treeOf(root)) {
      try {
        process.kill(pid, signal);
      } catch {
        // It ended by itself.
      }
    }
  }
}
