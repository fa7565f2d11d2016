/** The `links` port: a copy of the kernel's links. */
import type { Link, Links } from '@mainstay/sdk';
import type { Table, TableIndex } from './table.js';

export class LinuxLinks implements Links {
  readonly #byName: TableIndex<string, Link>;

  constructor(private readonly table: Table<Link>) {
    this.#byName = table.indexBy(({ name }) => name);
  }

  list(): readonly Link[] {
    return this.table.values();
  }

  get(name: string): Link | undefined {
    return this.#byName.of(name)[0];
  }

  byIndex(index: number): Link | undefined {
    return this.table.get(String(index));
  }

  watch(listener: Parameters<Links['watch']>[0]): () => void {
    return this.table.watch(({ kind, value }) => listener({ kind, link: value }));
  }
}
