/**
 * Who could replace a file that runs with root's rights: keepalived's script security (keepalived.conf(5), "SCRIPTS"). Called
 * by the process port for scripts and by the modules port for hook files.
 */
import { lstatSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { passedOn } from './path-steps.js';

/**
 * The first thing on the way to the absolute `path` that somebody other than root may change, with the reason; undefined where there is
 * none. Throws where the file cannot be reached.
 */
export function insecureComponent(path: string): string | undefined {
  statSync(path);
  // All of the way: replacing any link, or a folder before or behind one, is as good as replacing the file that they lead to.
  for (const place of passedOn(path)) {
    const found = lstatSync(place);
    const why = found.isSymbolicLink() ? whyInsecureLink(place, found) : whyInsecure(found);
    if (why !== undefined) return `${place} ${why}`;
  }
  return undefined;
}

/** Nobody writes a link. It is replaced in its folder, which is looked at by itself, but for what a sticky one lets an owner do. */
function whyInsecureLink(place: string, { uid }: Stats): string | undefined {
  const isSticky = (lstatSync(dirname(place)).mode & 0o1000) !== 0;
  return isSticky && uid !== 0 ? `is a link that uid ${uid} may replace` : undefined;
}

function whyInsecure(stats: Stats): string | undefined {
  if (stats.uid !== 0) return `belongs to uid ${stats.uid}, not to root`;
  // In a sticky folder (/tmp) only the owner replaces a file.
  if (stats.isDirectory() && (stats.mode & 0o1000) !== 0) return undefined;
  if ((stats.mode & 0o002) !== 0) return 'may be written by everybody';
  if ((stats.mode & 0o020) !== 0 && stats.gid !== 0) return `may be written by group ${stats.gid}`;
  return undefined;
}
