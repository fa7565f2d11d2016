/** Finds the hook files that the configuration means. Called before the start, and at a reload to see whether they changed. */
import { basename, join, resolve } from 'node:path';
import type { Files } from '@mainstay/sdk';

const isHookFile = (name: string): boolean => /^[^._].*\.m?[jt]s$/.test(name) && !/\.d\.m?ts$/.test(name);

/** Absolute paths: those named, in order, then those of the folder by name; each once. */
export async function findHookFiles(
  named: readonly string[],
  folder: string,
  configDirectory: string,
  files: Pick<Files, 'list'>,
): Promise<readonly string[]> {
  const absolute = resolve(configDirectory, folder);
  const inFolder = (await files.list(absolute)).filter(isHookFile).map((name) => join(absolute, name));
  return [...new Set([...named.map((path) => resolve(configDirectory, path)), ...inFolder])];
}

/** A name for each file, of which each is different: the file's own, with a number where two folders have the same. */
export function nameFiles(paths: readonly string[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const taken = new Map<string, number>();
  for (const path of paths) {
    const base = basename(path).replace(/[^\w.-]/g, '_');
    const count = (taken.get(base) ?? 0) + 1;
    taken.set(base, count);
    names.set(path, count === 1 ? base : `${base}#${count}`);
  }
  return names;
}
