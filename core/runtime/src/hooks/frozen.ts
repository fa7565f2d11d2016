/**
 * Immutable copies of payloads: what a tap receives can neither be changed for the next tap nor reach the owner's own state.
 * Called once per event by the bus, and only where a hook is tapped.
 */

/** A deeply frozen copy of plain data. Values that are already frozen and flat are shared; binary data is copied. */
export function frozenCopy<T>(value: T): T {
  if (isPrimitive(value)) return value;
  return (isFlatAndFrozen(value) ? value : copy(value as object)) as T;
}

function isPrimitive(value: unknown): boolean {
  return (typeof value !== 'object' && typeof value !== 'function') || value === null;
}

function isFlatAndFrozen(value: unknown): boolean {
  return Object.isFrozen(value) && Object.values(value as object).every(isPrimitive);
}

function copy(value: object): unknown {
  if (Array.isArray(value)) return Object.freeze(value.map(frozenCopy));
  if (typeof value === 'function') return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  // Dates, maps and bytes cannot be frozen; a private clone keeps the owner safe.
  if (prototype !== Object.prototype && prototype !== null) return structuredClone(value);
  const result: Record<string, unknown> = {};
  for (const key of Object.keys(value)) result[key] = frozenCopy((value as Record<string, unknown>)[key]);
  return Object.freeze(result);
}
