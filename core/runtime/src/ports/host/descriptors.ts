/**
 * Keeps our descriptors out of scripts. Node marks its own close-on-exec; what a native addon opened, or what our parent left
 * us, may lack the mark. There is no call to close them in the child, so each is covered by /dev/null there. Called by the
 * process port.
 */
import { openSync, readdirSync, readFileSync } from 'node:fs';

const closeOnExec = 0o2000000;

/** Descriptors above 2 that a program started by us would inherit, ascending. */
export function inheritableDescriptors(): readonly number[] {
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter((fd) => fd > 2 && isInheritable(fd))
    .sort((a, b) => a - b);
}

function isInheritable(fd: number): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & closeOnExec) === 0;
  } catch {
    return false; // Closed since the folder was read.
  }
}

let nullFd: number | undefined;

/** The part of spawn's `stdio` from descriptor 3 on. */
export function coverInheritable(): readonly (number | 'ignore')[] {
  const open = new Set(inheritableDescriptors());
  if (open.size === 0) return [];
  nullFd ??= openSync('/dev/null', 'r');
  const cover = nullFd;
  // 'ignore' above 2 leaves the descriptor as it is: closed at exec.
  return Array.from({ length: Math.max(...open) - 2 }, (_, i) => (open.has(i + 3) ? cover : 'ignore'));
}
