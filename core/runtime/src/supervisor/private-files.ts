/**
 * Files that the daemon leaves on disk: the run directory, PID files, dumps. Written beside their place and renamed, never
 * through a symbolic link, and never on a file of somebody else (the lesson of keepalived's files in /tmp). Used by the daemon.
 */
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  constants,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;

/** Makes a directory that only its owner may enter. Throws where somebody else holds it or it is a symbolic link. */
export function makePrivateDirectory(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const found = lstatSync(path);
  if (!found.isDirectory()) throw new Error(`${path} is not a directory (symbolic links are not followed)`);
  const own = process.geteuid?.() ?? 0;
  if (found.uid !== own) throw new Error(`${path} belongs to user ${found.uid}, not to the user of the daemon (${own})`);
  if ((found.mode & 0o077) !== 0) chmodSync(path, 0o700);
}

/** Replaces the file in one step: a reader sees the old text or the new, never half of one. */
export function writeAtomically(path: string, text: string, mode: number): void {
  const beside = join(dirname(path), `.${randomBytes(8).toString('hex')}.tmp`);
  const fd = openSync(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
  try {
    writeSync(fd, text);
    fsyncSync(fd);
    closeSync(fd);
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
}
