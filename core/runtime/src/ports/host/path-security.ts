/**
 * Who could replace a file that runs with root's rights: keepalived's script security (keepalived.conf(5), "SCRIPTS"). Called
 * by the process port for scripts and by the modules port for hook files.
 */
import { lstatSync, type Stats, statSync } from 'node:fs';
import { passedOn } from './path-steps.js';

/**
 * The first thing on the way to the absolute `path` that somebody other than root may change, with the reason; undefined where there is
 * none. Throws where the file cannot be reached.
 */
export function insecureComponent(path: string): string | undefined {
  statSync(path);
  // All of the way: replacing any link, or a folder before or behind one, is as good as replacing the file that they lead to.
  for (const place of passedOn(path)) {
    const why = whyInsecure(lstatSync(place));
    if (why !== undefined) return `${place} ${why}`;
  }
  return undefined;
}

function whyInsecure(stats: Stats): string | undefined {
  if (stats.uid !== 0) return `belongs to uid ${stats.uid}, not to root`;
  // Nobody writes a link: it is replaced in its folder.
  if (stats.isSymbolicLink()) return undefined;
  // In a sticky folder (/tmp) only the owner replaces a file.
  if (stats.isDirectory() && (stats.mode & 0o1000) !== 0) return undefined;
  if ((stats.mode & 0o002) !== 0) return 'may be written by everybody';
  if ((stats.mode & 0o020) !== 0 && stats.gid !== 0) return `may be written by group ${stats.gid}`;
  return undefined;
}
