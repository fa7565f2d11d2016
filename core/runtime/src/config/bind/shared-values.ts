/**
 * Of blocks that come one after another and hold the same, the values are one object: the checkers of forty thousand servers mostly say
 * the same. Nobody changes what was bound. One for each bind; used by block-binder.ts.
 */
import type { Layout } from './layout.js';

type Values = Readonly<Record<string, unknown>>;

export class SharedValues {
  readonly #last = new Map<Layout, Values>();

  /** `values`, or those that a block of this layout had last where they are the same. */
  of(layout: Layout, values: Values): Values {
    const last = this.#last.get(layout);
    if (last !== undefined && isSame(last, values)) return last;
    this.#last.set(layout, values);
    return values;
  }
}

/** Both have the keywords of the layout. */
function isSame(a: Values, b: Values): boolean {
  if (a === b) return true;
  for (const keyword in a) if (!Object.is(a[keyword], b[keyword])) return false;
  return true;
}
