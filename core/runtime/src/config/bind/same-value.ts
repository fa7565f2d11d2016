/** Whether two bound values say the same, wherever they are written. Used by the host's config-part.ts. */
import { isDeepStrictEqual } from 'node:util';

const placed = new WeakSet<object>();

/** Marks a bound block whose `at` is its place, and no part of what it says. */
export function placedValue<T extends { readonly at: unknown }>(value: T): T {
  placed.add(value);
  return value;
}

export function isSameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((one, i) => isSameValue(one, b[i]));
  }
  if (!isPlain(a) || !isPlain(b)) return isDeepStrictEqual(a, b);
  const hasPlace = placed.has(a) && placed.has(b);
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => (hasPlace && key === 'at') || (Object.hasOwn(b, key) && isSameValue(a[key], b[key])));
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
