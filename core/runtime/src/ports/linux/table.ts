/** A copy of one kernel table that follows notifications and re-dumps, and tells listeners what changed. */
import type { Message } from './codec.js';
import type { DumpRequest } from './dump-channel.js';

/** What one message says about the table. */
export type Entry<Value> = { readonly kind: 'set' | 'delete'; readonly value: Value };

/** How one kind of table is read. Pure. */
export interface TableFormat<Value> {
  readonly name: string;
  readonly groups: readonly number[];
  readonly dumps: readonly DumpRequest[];
  /** Undefined: the message is of another table, or of no interest. */
  read(message: Message): Entry<Value> | undefined;
  keyOf(value: Value): string;
  /** Nothing that a listener should hear of differs. */
  isSame(a: Value, b: Value): boolean;
}

export type TableEvent<Value> = {
  readonly kind: 'added' | 'changed' | 'removed';
  readonly value: Value;
  /** The value before a change. */
  readonly before?: Value;
};

/** The entries of a table by one property of theirs, each group in the order in which they came. Kept by the table. */
export class TableIndex<Group, Value> {
  readonly #groups = new Map<Group, Map<string, Value>>();
  /** Copies for callers, made when asked for: a walk over thousands of entries is seldom wanted. */
  readonly #lists = new Map<Group, readonly Value[]>();

  constructor(private readonly groupOf: (value: Value) => Group) {}

  of(group: Group): readonly Value[] {
    const known = this.#lists.get(group);
    if (known !== undefined) return known;
    const list = [...(this.#groups.get(group)?.values() ?? [])];
    if (list.length > 0) this.#lists.set(group, list);
    return list;
  }

  change(key: string, before: Value | undefined, after: Value | undefined): void {
    const from = before === undefined ? undefined : this.groupOf(before);
    const to = after === undefined ? undefined : this.groupOf(after);
    if (from !== undefined && from !== to) this.#remove(from, key);
    if (after === undefined || to === undefined) return;
    const entries = this.#groups.get(to) ?? new Map<string, Value>();
    this.#groups.set(to, entries.set(key, after));
    this.#lists.delete(to);
  }

  #remove(group: Group, key: string): void {
    const entries = this.#groups.get(group);
    entries?.delete(key);
    if (entries?.size === 0) this.#groups.delete(group);
    this.#lists.delete(group);
  }
}

export class Table<Value> {
  #entries = new Map<string, Value>();
  readonly #indexes: TableIndex<unknown, Value>[] = [];
  readonly #listeners = new Set<(event: TableEvent<Value>) => void>();

  constructor(
    readonly format: TableFormat<Value>,
    private readonly onError: (error: unknown) => void,
  ) {}

  values(): Value[] {
    return [...this.#entries.values()];
  }

  get(key: string): Value | undefined {
    return this.#entries.get(key);
  }

  /** An index for as long as the table lives. */
  indexBy<Group extends string | number>(groupOf: (value: Value) => Group): TableIndex<Group, Value> {
    const index = new TableIndex<Group, Value>(groupOf);
    for (const [key, value] of this.#entries) index.change(key, undefined, value);
    this.#indexes.push(index as TableIndex<unknown, Value>);
    return index;
  }

  watch(listener: (event: TableEvent<Value>) => void): () => void {
    const own = (event: TableEvent<Value>) => listener(event);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  apply({ kind, value }: Entry<Value>): void {
    const key = this.format.keyOf(value);
    const before = this.#entries.get(key);
    if (kind === 'delete') {
      if (before === undefined) return;
      this.#entries.delete(key);
      for (const index of this.#indexes) index.change(key, before, undefined);
      this.#tell({ kind: 'removed', value: before });
      return;
    }
    this.#entries.set(key, value);
    for (const index of this.#indexes) index.change(key, before, value);
    if (before === undefined) this.#tell({ kind: 'added', value });
    else if (!this.format.isSame(before, value)) this.#tell({ kind: 'changed', value, before });
  }

  /** Takes the state of a dump: what vanished first, then what is new or different. */
  replace(values: readonly Value[]): void {
    const there = new Set(values.map((value) => this.format.keyOf(value)));
    for (const [key, value] of [...this.#entries]) if (!there.has(key)) this.apply({ kind: 'delete', value });
    for (const value of values) this.apply({ kind: 'set', value });
  }

  /** A listener that throws must not keep the others, or the copy, from hearing. */
  #tell(event: TableEvent<Value>): void {
    for (const listener of [...this.#listeners]) {
      if (!this.#listeners.has(listener)) continue;
      try {
        listener(event);
      } catch (error) {
        this.onError(error);
      }
    }
  }
}
