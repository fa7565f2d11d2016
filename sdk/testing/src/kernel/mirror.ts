/** A process's copy of one kernel table, kept by events, as a netlink listener keeps it. Behind the ports' `list` and `watch`. */

type Change = { readonly kind: 'added' | 'changed' | 'removed' };

export class Mirror<Item, Event extends Change> {
  readonly #items = new Map<string, Item>();
  readonly #watchers = new Set<(event: Event) => void>();
  #list: readonly Item[] | undefined;

  constructor(
    items: readonly Item[],
    private readonly keyOf: (item: Item) => string,
    private readonly itemOf: (event: Event) => Item,
  ) {
    for (const item of items) this.#items.set(keyOf(item), item);
  }

  list(): readonly Item[] {
    this.#list ??= [...this.#items.values()];
    return this.#list;
  }

  get(key: string): Item | undefined {
    return this.#items.get(key);
  }

  watch(listener: (event: Event) => void): () => void {
    // A wrapper, so that the same function may watch twice.
    const watcher = (event: Event) => listener(event);
    this.#watchers.add(watcher);
    return () => {
      this.#watchers.delete(watcher);
    };
  }

  apply(event: Event): void {
    const item = this.itemOf(event);
    if (event.kind === 'removed') this.#items.delete(this.keyOf(item));
    else this.#items.set(this.keyOf(item), item);
    this.#list = undefined;
    for (const watcher of [...this.#watchers]) watcher(event);
  }
}
