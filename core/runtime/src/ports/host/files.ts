/** Linux implementation of the `files` port: reading only. */
import { readdir, readFile } from 'node:fs/promises';
import { type Files, messageOf, PortError } from '@mainstay/sdk';

export function openFiles(): Files {
  return {
    async list(folder) {
      try {
        return (await readdir(folder)).sort();
      } catch (error) {
        if (errnoOf(error) === 'ENOENT') return [];
        throw refused(`cannot list the folder ${folder}`, error);
      }
    },
    async readText(path) {
      try {
        return await readFile(path, 'utf8');
      } catch (error) {
        throw refused(`cannot read ${path}`, error);
      }
    },
  };
}

export function errnoOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | null | undefined)?.code;
}

function refused(what: string, error: unknown): PortError {
  return new PortError(`${what}: ${messageOf(error)}`, errnoOf(error));
}
