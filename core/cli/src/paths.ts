/** Where a daemon keeps its files: by default under /run/mainstay, with the instance's name where it has one. */
import { join } from 'node:path';

const base = '/run/mainstay';

export function runDirectoryOf({
  runDirectory,
  instance,
}: {
  readonly runDirectory?: string;
  readonly instance?: string;
}): string {
  return runDirectory ?? (instance === undefined ? base : join(base, instance));
}

export function controlSocketOf(where: { readonly runDirectory?: string; readonly instance?: string }): string {
  return join(runDirectoryOf(where), 'control.sock');
}
