/** Where a keyword that stands in the wrong place belongs. Used by tree-binder.ts. */
import type { Schema } from './contributions.js';
import type { Layout, Plug } from './layout.js';

/** So many places are named. */
const mostPlaces = 3;

/** `into router`, or `into authentication in router or into settings`; undefined: it is known nowhere. */
export function placesOf(keyword: string, schema: Schema, reserved: ReadonlyMap<string, string>): string | undefined {
  const { blocks, roots } = schema;
  if (blocks.has(keyword) || reserved.has(keyword) || roots.index.has(keyword)) return 'at the top level, outside of every block';
  const places = [...new Set([...blocks].flatMap(([name, { layout }]) => placesWithin(keyword, name, layout, schema.plugged)))];
  if (places.length === 0) return undefined;
  const named = places.slice(0, mostPlaces).map((place) => `into ${place}`);
  const more = places.length - named.length;
  return [...named, ...(more > 0 ? [more === 1 ? 'into one other block' : `into one of ${more} other blocks`] : [])].join(' or ');
}

/** Plugged blocks may have places for themselves: nobody needs to hear of all that this makes possible. */
const mostNested = 2;

function placesWithin(
  keyword: string,
  path: string,
  { index }: Layout,
  plugged: ReadonlyMap<Plug, Layout>,
  nested = 0,
): readonly string[] {
  const here = index.has(keyword) ? [path] : [];
  const deeper = [...index].flatMap(([spelling, { keyword: main, inner, plug }]) => {
    const within = plug === undefined ? inner : plugged.get(plug);
    if (within === undefined || (plug === undefined ? spelling !== main : nested === mostNested)) return [];
    return placesWithin(keyword, `${spelling} in ${path}`, within, plugged, plug === undefined ? nested : nested + 1);
  });
  return [...here, ...deeper];
}
