/** PID files in keepalived's manner: one number and a line break, gone at a clean exit, and a guard against a second daemon. */
import { readFileSync, rmSync, statSync } from 'node:fs';
import { writeAtomically } from './private-files.js';

/** The process title of the supervisor. Setting one replaces the command line that /proc shows. */
export const daemonTitle = 'mainstay';

/** The daemon that a PID file names; a stale file or another's PID is nobody: PIDs are reused, and a PID file outlives a crash. */
export function daemonOf(path: string): number | undefined {
  return ifProcess(path, ([first = '', second = '', ...rest]) => {
    if (first === daemonTitle && second === '') return true;
    // Before it has set its title: the same interpreter and the same script.
    const script = [second, ...rest].find((word) => !word.startsWith('-'));
    const mine = process.argv[1];
    return script !== undefined && mine !== undefined && isSameFile(script, mine);
  });
}

/** Whether the daemon that a PID file names is gone without having removed it: it died. */
export function hasDied(path: string): boolean {
  const pid = readPid(path);
  return pid !== undefined && pid !== process.pid && daemonOf(path) === undefined;
}

/** The lane that a PID file names, where it still lives and its daemon does not. */
export function orphanOf(path: string): number | undefined {
  const pid = ifProcess(path, ([first = '']) => first.startsWith(`${daemonTitle}: `));
  return pid === undefined || commandLineOf(parentOf(pid))[0] === daemonTitle ? undefined : pid;
}

function ifProcess(path: string, isOurs: (commandLine: readonly string[]) => boolean): number | undefined {
  const pid = readPid(path);
  return pid !== undefined && pid !== process.pid && isOurs(commandLineOf(pid)) ? pid : undefined;
}

function commandLineOf(pid: number | undefined): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

function parentOf(pid: number): number | undefined {
  try {
    const parent = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return parent === undefined ? undefined : Number(parent);
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
