/**
 * Keeps our capabilities out of scripts. A change from root to another user clears them; ambient capabilities (a daemon that
 * systemd starts as an ordinary user with `AmbientCapabilities=`) would survive it and any exec. Called by the process port.
 */
import { accessSync, constants, readFileSync } from 'node:fs';

/** util-linux, on every Debian, Fedora and Alpine that has coreutils. */
const setpriv = '/usr/bin/setpriv';

/** The command that runs `command` without ambient and inheritable capabilities. Throws where there is no way to drop them. */
export function withoutCapabilities(command: readonly string[]): readonly string[] {
  if (!hasAmbientCapabilities()) return command;
  try {
    accessSync(setpriv, constants.X_OK);
  } catch (error) {
    throw new Error(`${setpriv} is needed to keep the daemon's capabilities from scripts: install util-linux`, { cause: error });
  }
  return [setpriv, '--inh-caps=-all', '--ambient-caps=-all', '--', ...command];
}

function hasAmbientCapabilities(): boolean {
  const field = /^CapAmb:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return field !== undefined && BigInt(`0x${field}`) !== 0n;
}
