/** What a path leads through: the links on its way, and what it ends at. Used by file-watch.ts. */
import { readlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** As Linux: a path with more links leads nowhere (ELOOP). */
const mostLinks = 40;

/**
 * Places without links in their folders that decide what the absolute `path` means: each symbolic link on the way, and at last the file
 * itself, be it there or not.
 */
export function stepsOf(path: string): readonly string[] {
  const steps = new Set<string>();
  let links = 0;
  let at = '/';
  let rest = partsOf(path);
  for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
    if (name === '..') {
      at = dirname(at);
      continue;
    }
    const here = join(at, name);
    const target = targetOf(here);
    if (target === undefined) {
      if (rest.length === 0) steps.add(here);
      at = here;
      continue;
    }
    steps.add(here);
    if (++links > mostLinks) break;
    if (target.startsWith('/')) at = '/';
    rest = [...partsOf(target), ...rest];
  }
  return [...steps];
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

/** Undefined where there is no link, or nothing that can be looked at. */
function targetOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
