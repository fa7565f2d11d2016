/** Brings the copy of a kernel table up to date after a dump, with what was notified while it was taken. Used by the mirror. */
import type { Entry, Table } from './table.js';

/** A table as one dump showed it. */
export interface Snapshot<Value = unknown> {
  readonly values: readonly Value[];
  /** It changed while it was taken: entries may be missing. */
  readonly isTorn: boolean;
}

/**
 * One step per entry, so that listeners hear of no state in between. `held`: the notifications since the dump began, in order.
 * `hasGap`: some were lost, so that neither the dump nor a removal says what is gone by now. Undefined: there is no dump.
 */
export function catchUp<Value>(
  table: Table<Value>,
  dump: Snapshot<Value> | undefined,
  held: readonly Entry<Value>[],
  hasGap: boolean,
): void {
  const last = new Map<string, Entry<Value>>();
  if (!hasGap) for (const value of dump?.values ?? []) last.set(table.format.keyOf(value), { kind: 'set', value });
  for (const entry of held) last.set(table.format.keyOf(entry.value), entry);
  const entries = [...last.values()];
  if (dump !== undefined && !dump.isTorn && !hasGap) {
    table.replace(entries.filter(({ kind }) => kind === 'set').map(({ value }) => value));
  } else for (const entry of entries) if (entry.kind === 'set' || !hasGap) table.apply(entry);
}
