/** Where a configuration is looked for when the operator names none. Used by load-config.ts. */
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MainstayError } from '@mainstay/sdk';

/** In the working directory, then in each folder above it. */
export const searchPlaces = [
  'mainstay.config.ts',
  'mainstay.config.mts',
  'mainstay.config.js',
  'mainstay.config.mjs',
  'mainstay.config.json',
  'mainstay.config.yaml',
  'mainstay.config.yml',
  '.mainstayrc',
  'mainstay.conf',
];

/** Then these, in this order. */
export const systemFiles = [
  '/etc/mainstay/mainstay.conf',
  ...searchPlaces.filter((name) => name.startsWith('mainstay.config')).map((name) => `/etc/mainstay/${name}`),
  '/etc/keepalived/keepalived.conf',
];

export async function firstOf(files: readonly string[]): Promise<string | undefined> {
  for (const file of files) if (await stat(file).catch(() => undefined)) return file;
  return undefined;
}

/**
 * Root obeys a configuration that it came upon only where nobody else can write it: one in /tmp may run commands. A file that
 * the operator names is not asked. Throws MainstayError CONFIG_FILE.
 */
export async function refuseForeign(file: string, userId = process.getuid?.()): Promise<void> {
  if (userId !== 0) return;
  for (const path of [file, dirname(file)]) {
    const { uid, mode } = await stat(path);
    const isOpen = (mode & 0o022) !== 0;
    if (uid === 0 && !isOpen) continue;
    const why = uid === 0 ? `${path} can be written by others` : `${path} belongs to another user`;
    const hint = 'name it with -f if you mean it';
    throw new MainstayError('CONFIG_FILE', `the configuration ${file} was found, but root does not use it: ${why}`, hint);
  }
}
