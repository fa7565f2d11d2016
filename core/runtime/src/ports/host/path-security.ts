/**
 * Who could replace a file that runs with root's rights: keepalived's script security (keepalived.conf(5), "SCRIPTS"). Called
 * by the process port for scripts and by the modules port for hook files.
 */
import { realpathSync, type Stats, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** The first component of `path` that somebody other than root may change, with the reason; undefined where there is none. */
export function insecureComponent(path: string): string | undefined {
  // Both ways: replacing a symbolic link on the written path is as good as replacing the file it leads to.
  for (const component of new Set([...ancestry(resolve(path)), ...ancestry(realpathSync(path))])) {
    const why = whyInsecure(statSync(component));
    if (why !== undefined) return `${component} ${why}`;
  }
  return undefined;
}

/** `/a/b` gives `/`, `/a`, `/a/b`. */
export function ancestry(path: string): readonly string[] {
  return path === '/' ? ['/'] : [...ancestry(dirname(path)), path];
}

function whyInsecure(stats: Stats): string | undefined {
  if (stats.uid !== 0) return `belongs to uid ${stats.uid}, not to root`;
  // In a sticky folder (/tmp) only the owner replaces a file.
  if (stats.isDirectory() && (stats.mode & 0o1000) !== 0) return undefined;
  if ((stats.mode & 0o002) !== 0) return 'may be written by everybody';
  if ((stats.mode & 0o020) !== 0 && stats.gid !== 0) return `may be written by group ${stats.gid}`;
  return undefined;
}
