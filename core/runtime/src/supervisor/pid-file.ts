/** PID files in keepalived's manner: one number and a line break, gone at a clean exit, and a guard against a second daemon. */
import { readFileSync, rmSync, statSync } from 'node:fs';
import { writeAtomically } from './private-files.js';

/** The process that a PID file names, when it lives and runs a program like ours; a stale file or another's PID is nobody. */
export function daemonOf(path: string): number | undefined {
  const pid = readPid(path);
  if (pid === undefined || pid === process.pid) return undefined;
  try {
    const theirs = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    // The same interpreter and the same script: PIDs are reused, and a PID file outlives a crash.
    const [, script = ''] = theirs.filter((word, i) => i === 0 || !word.startsWith('-'));
    const mine = process.argv[1];
    return mine !== undefined && isSameFile(script, mine) ? pid : undefined;
  } catch {
    return undefined;
  }
}

function isSameFile(a: string, b: string): boolean {
  try {
    const [x, y] = [statSync(a), statSync(b)];
    return x.dev === y.dev && x.ino === y.ino;
  } catch {
    return a === b;
  }
}

function readPid(path: string): number | undefined {
  try {
    const text = readFileSync(path, 'utf8').trim();
    return /^[1-9][0-9]{0,9}$/.test(text) ? Number(text) : undefined;
  } catch {
    return undefined;
  }
}

export function writePid(path: string, pid: number): void {
  writeAtomically(path, `${pid}\n`, 0o644);
}

/** Removes the file if it still names that process. */
export function removePid(path: string, pid: number): void {
  if (readPid(path) === pid) rmSync(path, { force: true });
}
