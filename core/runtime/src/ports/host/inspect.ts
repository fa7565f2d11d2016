/** What is wrong with a script before it is ever run. Called by plugins at start, and by `mainstay check`. */
import { lstatSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, type ScriptIdentity, type ScriptProblem } from '@mainstay/sdk';
import { errnoOf } from './files.js';
import { type Identity, resolveIdentity } from './identity.js';
import { insecureComponent } from './path-security.js';
import { passedOn } from './path-steps.js';

export async function inspectScript(command: readonly string[], wanted: ScriptIdentity): Promise<ScriptProblem | undefined> {
  const identity = await resolveIdentity(wanted);
  if ('unknown' in identity) return { kind: identity.isCertain ? 'unknown-user' : 'unanswered', message: identity.unknown };
  const program = command[0] ?? '';
  try {
    return inspectProgram(program, identity);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return missing(program);
    return { kind: 'not-executable', message: `${program} cannot be examined: ${messageOf(error)}` };
  }
}

function inspectProgram(program: string, identity: Identity): ScriptProblem | undefined {
  const path = locate(program, identity);
  if (path === undefined) return missing(program);
  const stats = statSync(path);
  if (!stats.isFile()) return { kind: 'not-executable', message: `${path} is not a file` };
  if (!mayExecute(stats, identity)) {
    return { kind: 'not-executable', message: `${path} is not executable for uid ${identity.uid}: chmod +x it` };
  }
  const closed = passedOn(path).find((place) => {
    const found = lstatSync(place);
    return found.isDirectory() && !mayExecute(found, identity);
  });
  if (closed !== undefined) {
    return { kind: 'not-executable', message: `uid ${identity.uid} may not enter ${closed}, so it cannot run ${path}` };
  }
  const rights = rightsOfRoot(stats, identity);
  const hole = rights && insecureComponent(path);
  if (hole === undefined) return undefined;
  return { kind: 'insecure', message: `${path} ${rights}, but ${hole}: whoever may write there would have the same rights` };
}

/** Those that a program has beyond its user's, in words; undefined where it has none. As keepalived 2.2.7 counts them. */
function rightsOfRoot(stats: Stats, { uid, gid }: Identity): string | undefined {
  if (uid === 0) return 'would run as root';
  if (gid === 0) return 'would run with group 0';
  if (stats.uid === 0 && (stats.mode & 0o4000) !== 0) return 'runs as root whoever starts it (set-user-ID)';
  if (stats.gid === 0 && (stats.mode & 0o2000) !== 0) return 'runs with group 0 whoever starts it (set-group-ID)';
  return undefined;
}

/** A name without a slash is searched in PATH, as execvp does; anything else is taken from the root folder. */
function locate(program: string, identity: Identity): string | undefined {
  if (program === '') return undefined;
  if (program.includes('/')) return program.startsWith('/') ? program : `/${program}`;
  const folders = (process.env.PATH ?? '/usr/bin:/bin').split(':').filter((folder) => folder.startsWith('/'));
  return folders
    .map((folder) => join(folder, program))
    .find((path) => {
      const stats = statSync(path, { throwIfNoEntry: false });
      return stats?.isFile() === true && mayExecute(stats, identity);
    });
}

/** The execute (for a folder: search) permission bits; supplementary groups count for nothing, scripts have none. */
function mayExecute(stats: Stats, { uid, gid }: Identity): boolean {
  if (uid === 0) return stats.isDirectory() || (stats.mode & 0o111) !== 0;
  if (stats.uid === uid) return (stats.mode & 0o100) !== 0;
  if (stats.gid === gid) return (stats.mode & 0o010) !== 0;
  return (stats.mode & 0o001) !== 0;
}

function missing(program: string): ScriptProblem {
  return { kind: 'missing', message: program === '' ? 'the command is empty' : `${program} does not exist` };
}
