/** The `links` port: a copy of the kernel's links. */
import type { Link, Links } from '@mainstay/sdk';
import type { Table } from './table.js';

export class LinuxLinks implements Links {
  constructor(private readonly table: Table<Link>) {}

  list(): readonly Link[] {
    return this.table.values();
  }

  get(name: string): Link | undefined {
    return this.table.values().find((link) => link.name === name);
  }

  watch(listener: Parameters<Links['watch']>[0]): () => void {
    return this.table.watch(({ kind, value }) => listener({ kind, link: value }));
  }
}
