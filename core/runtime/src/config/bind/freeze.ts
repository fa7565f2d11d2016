/** What plugins get of a configuration is theirs to read: it is frozen, so that a write fails where it is made. Used by the binder. */

/** Objects that were frozen by somebody else, and what is in them by us. */
const known = new WeakSet<object>();

/** Freezes the value and what is in it, as far as these are plain objects and lists; maps, bytes and objects of classes stay as they are. */
export function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || !isPlain(value)) return value;
  if (!Object.isFrozen(value)) Object.freeze(value);
  else if (known.has(value)) return value;
  else known.add(value);
  for (const one of Array.isArray(value) ? value : Object.values(value)) frozen(one);
  return value;
}

/** The record of a block, and the lists in it, whose elements were frozen one by one. */
export function frozenBlock<T extends Readonly<Record<string, unknown>>>(values: T): T {
  for (const keyword in values) {
    const value = values[keyword];
    if (Array.isArray(value)) Object.freeze(value);
  }
  return Object.freeze(values);
}

function isPlain(value: object): boolean {
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
