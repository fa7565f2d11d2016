/** What a path leads through: folders, the links on its way, and what it ends at. Used by file-watch.ts, path-security.ts and inspect.ts. */
import { readlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** As Linux: a path with more links leads nowhere (ELOOP). */
const mostLinks = 40;

interface Place {
  readonly path: string;
  readonly is: 'folder' | 'link' | 'end';
}

/**
 * Places without links in their folders that decide what the absolute `path` means: each symbolic link on the way, and at last the file
 * itself, be it there or not.
 */
export function stepsOf(path: string): readonly string[] {
  return distinct([...placesOf(path)].filter(({ is }) => is !== 'folder'));
}

/**
 * Everything that the kernel goes through to open the absolute `path`, in this order, itself without links in its folders: `/`, the folders
 * before each link and behind it (also those that a `..` leaves again), the links, and the file itself.
 */
export function passedOn(path: string): readonly string[] {
  return distinct([...placesOf(path)]);
}

function distinct(places: readonly Place[]): readonly string[] {
  return [...new Set(places.map(({ path }) => path))];
}

function* placesOf(path: string): Generator<Place> {
  let links = 0;
  let at = '/';
  let rest = partsOf(path);
  yield { path: at, is: 'folder' };
  for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
    if (name === '..') {
      at = dirname(at);
      continue;
    }
    const here = join(at, name);
    const target = targetOf(here);
    if (target === undefined) {
      yield { path: here, is: rest.length === 0 ? 'end' : 'folder' };
      at = here;
      continue;
    }
    yield { path: here, is: 'link' };
    if (++links > mostLinks) break;
    if (target.startsWith('/')) at = '/';
    rest = [...partsOf(target), ...rest];
  }
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
