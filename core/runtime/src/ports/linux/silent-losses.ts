/**
 * Linux drops IPv4 routes without a notification when their link goes down or their source address is removed
 * (fib_sync_down), and tells a replacement without telling what it replaced. This asks for a fresh copy then.
 */
import type { InterfaceAddress, Link } from '@mainstay/sdk';
import type { Table } from './table.js';

/** Many addresses may go at once; one dump afterwards is enough. */
const settleMs = 10;

export class SilentLosses {
  readonly #stop: readonly (() => void)[];
  #timer: NodeJS.Timeout | undefined;

  constructor(
    links: Table<Link>,
    addresses: Table<InterfaceAddress>,
    private readonly resync: () => void,
  ) {
    this.#stop = [
      links.watch(({ kind, value }) => {
        if (kind === 'removed' || !value.isUp) this.suspect();
      }),
      addresses.watch(({ kind, value }) => {
        if (kind === 'removed' && value.family === 4) this.suspect();
      }),
    ];
  }

  /** Routes may have gone unseen. */
  suspect(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.resync();
    }, settleMs);
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const stop of this.#stop) stop();
  }
}
