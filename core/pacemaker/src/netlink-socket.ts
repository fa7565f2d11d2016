/** A netlink socket that reports an overrun of its receive buffer and lives on. Its user parses the datagrams. */
import { errnoName, NativeSocketError } from './errors.js';
import { guarded, type Handle } from './native.js';

export interface NetlinkBatch {
  /** Datagrams of the kernel, each of one or more netlink messages. */
  readonly datagrams: readonly Buffer[];
  /** The kernel could not queue something: what was lost is unknown. */
  readonly overrun: boolean;
  /** Nothing was left when this batch ended. */
  readonly drained: boolean;
}

export interface NetlinkSocketOptions {
  /** NETLINK_ROUTE is 0. */
  readonly protocol: number;
  readonly receiveBufferBytes: number;
  /** There is something to receive(); `overrun` as in NetlinkBatch. */
  onReadable(overrun: boolean): void;
  onError(error: Error): void;
}

export class NetlinkSocket {
  readonly #handle: Handle;
  readonly #what: string;
  #isOpen = true;

  constructor(private readonly options: NetlinkSocketOptions) {
    this.#what = `netlink protocol ${options.protocol}`;
    this.#handle = guarded(this.#what, (addon) =>
      addon.netlinkOpen(options.protocol, options.receiveBufferBytes, (errno) => this.#wake(errno)),
    );
  }

  /** Joins a multicast group by number (RTNLGRP_LINK is 1). */
  join(group: number): void {
    guarded(this.#what, (addon) => addon.netlinkMembership(this.#handle, true, group));
  }

  leave(group: number): void {
    guarded(this.#what, (addon) => addon.netlinkMembership(this.#handle, false, group));
  }

  /** Sends one datagram to the kernel, which acts on it before this returns. Throws NativeSocketError. */
  send(messages: Uint8Array): void {
    guarded(this.#what, (addon) => addon.netlinkSend(this.#handle, messages));
  }

  /** Takes up to `max` datagrams (1..1024) without waiting. */
  receive(max: number): NetlinkBatch {
    const batch = guarded(this.#what, (addon) => addon.netlinkReceive(this.#handle, max));
    if (batch.error !== 0) this.options.onError(NativeSocketError.fromNumber(this.#what, 'recvfrom', batch.error));
    return batch;
  }

  close(): void {
    this.#isOpen = false;
    guarded(this.#what, (addon) => addon.socketClose(this.#handle));
  }

  #wake(errno: number): void {
    if (!this.#isOpen) return;
    const overrun = errno !== 0 && errnoName(errno) === 'ENOBUFS';
    if (errno !== 0 && !overrun) this.options.onError(NativeSocketError.fromNumber(this.#what, 'poll', errno));
    if (this.#isOpen) this.options.onReadable(overrun);
  }
}
