/** Linux implementation of the `files` port: reading, and making small files. Watching is in file-watch.ts. */
import { constants } from 'node:fs';
import { type FileHandle, open, readdir, readFile } from 'node:fs/promises';
import { type Files, messageOf, PortError } from '@mainstay/sdk';
import { FileWatches } from './file-watch.js';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

export function openFiles(): Files {
  const watches = new FileWatches();
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
    async readHead(path, limit) {
      try {
        return await withFile(path, O_RDONLY | O_NONBLOCK, async (file) => {
          const { bytesRead, buffer } = await file.read(Buffer.alloc(limit), 0, limit, null);
          return buffer.toString('utf8', 0, bytesRead);
        });
      } catch (error) {
        // A pipe that is open for writing and empty.
        if (errnoOf(error) === 'EAGAIN') return '';
        throw refused(`cannot read ${path}`, error);
      }
    },
    async create(path, text, { overwrite = false } = {}) {
      try {
        return await withFile(path, O_WRONLY | O_CREAT | O_EXCL, async (file) => {
          await file.writeFile(text);
          return true;
        });
      } catch (error) {
        if (errnoOf(error) !== 'EEXIST') throw refused(`cannot make ${path}`, error);
      }
      return overwrite ? overwriteFile(path, text) : false;
    },
    watch: (path, listener) => watches.watch(path, listener),
  };
}

/** Its owner and rights stay: somebody else may be meant to write it. */
async function overwriteFile(path: string, text: string): Promise<boolean> {
  try {
    return await withFile(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK, async (file) => {
      const { nlink, isFile } = await factsOf(file);
      if (!isFile) throw new Error('it is no regular file');
      if (nlink !== 1) throw new Error('it has more than one name, and may be a file of somebody else');
      await file.truncate(0);
      await file.writeFile(text);
      return true;
    });
  } catch (error) {
    throw refused(`cannot overwrite ${path}`, error);
  }
}

async function factsOf(file: FileHandle): Promise<{ readonly nlink: number; readonly isFile: boolean }> {
  const facts = await file.stat();
  return { nlink: facts.nlink, isFile: facts.isFile() };
}

async function withFile<T>(path: string, flags: number, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path, flags, 0o644);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

export function errnoOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | null | undefined)?.code;
}

function refused(what: string, error: unknown): PortError {
  return new PortError(`${what}: ${messageOf(error)}`, errnoOf(error));
}
