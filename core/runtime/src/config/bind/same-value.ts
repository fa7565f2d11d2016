/** Whether two bound values say the same, wherever they are written: places do not count. Used by the host's config-part.ts. */
import { isDeepStrictEqual } from 'node:util';

export function isSameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((one, i) => isSameValue(one, b[i]));
  }
  if (!isPlain(a) || !isPlain(b)) return isDeepStrictEqual(a, b);
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => {
    if (!Object.hasOwn(b, key)) return false;
    const isPlace = key === 'at' && isPosition(a.at) && isPosition(b.at);
    return isPlace || isSameValue(a[key], b[key]);
  });
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** Where a block stands that is bound within another. */
function isPosition(value: unknown): boolean {
  if (!isPlain(value) || Object.keys(value).length !== 3) return false;
  const { file, line, column } = value;
  return typeof file === 'string' && typeof line === 'number' && typeof column === 'number';
}
