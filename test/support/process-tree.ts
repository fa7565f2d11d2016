/** Kills a program with everything it started, at one blow: what a test of a crash needs, and no program can prepare for. */
import { readFileSync } from 'node:fs';

/** The process and its descendants, parents before children. */
export function treeOf(pid: number): number[] {
  const children = read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
  return [pid, ...children.flatMap(treeOf)];
}

/**
 * SIGKILL for a whole tree. Every process is stopped first, so that none sees the death of another: keepalived's children ask
 * for a signal when their parent dies, and would otherwise resign politely.
 */
export function killTree(root: number): number[] {
  signal(root, 'SIGSTOP');
  let tree = treeOf(root);
  for (let seen = 0; seen !== tree.length; tree = treeOf(root)) {
    seen = tree.length;
    for (const pid of tree) signal(pid, 'SIGSTOP');
  }
  for (const pid of tree.reverse()) signal(pid, 'SIGKILL');
  return tree;
}

/** A signal for a whole tree, parents first. */
export function signalTree(root: number, name: NodeJS.Signals): void {
  for (const pid of treeOf(root)) signal(pid, name);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It is gone already.
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
