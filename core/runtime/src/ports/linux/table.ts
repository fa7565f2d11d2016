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

export class Table<Value> {
  #entries = new Map<string, Value>();
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
      this.#tell({ kind: 'removed', value: before });
      return;
    }
    this.#entries.set(key, value);
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
