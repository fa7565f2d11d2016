/**
 * Follows the kernel's tables: notifications while all is well, a fresh dump of everything when some were lost.
 *
 * The order that keeps the copy right: read every notification queued so far; dump, and meanwhile hold notifications back;
 * apply the difference; apply the held ones. A notification older than the dump only repeats what the dump knows, and the
 * last one about an entry is always newer than what it overwrites. If notifications are lost during a dump, it starts over.
 */
import { NetlinkSocket } from '@mainstay/pacemaker';
import { type Message, parseDatagram } from './codec.js';
import { DumpChannel } from './dump-channel.js';
import type { Entry, Table } from './table.js';

/** What the kernel may queue while this process is busy; about 4000 address changes. */
const receiveBufferBytes = 4 << 20;
/** Datagrams per wake-up. */
const batch = 256;
/** Upper bound of one synchronous drain, in batches: more than the buffer holds. */
const mostBatches = 64;
/** Pause before a table that was torn, or could not be dumped, is dumped again. */
const retryMs = 1000;

// biome-ignore lint/suspicious/noExplicitAny: tables of different values are handled alike
type AnyTable = Table<any>;

export class Mirror {
  readonly #events: NetlinkSocket;
  readonly #dumps: DumpChannel;
  /** Notifications held back, of the tables that are being dumped. */
  readonly #held = new Map<AnyTable, Entry<unknown>[]>();
  readonly #wanted = new Set<AnyTable>();
  readonly #retries = new Set<NodeJS.Timeout>();
  #syncing: Promise<void> | undefined;
  #isStarted = false;
  #isClosed = false;
  #overruns = 0;

  constructor(
    private readonly tables: readonly AnyTable[],
    private readonly onError: (error: Error) => void,
  ) {
    this.#dumps = new DumpChannel(onError);
    this.#events = new NetlinkSocket({ protocol: 0, receiveBufferBytes, onReadable: (lost) => this.#wake(lost), onError });
  }

  /** How often notifications were lost and everything was dumped again. */
  get overruns(): number {
    return this.#overruns;
  }

  /** Resolves when every table is complete. Rejects where the first dump is refused. */
  async start(): Promise<void> {
    for (const table of this.tables) for (const number of table.format.groups) this.#events.join(number);
    this.resync(this.tables);
    await this.#syncing;
    this.#isStarted = true;
  }

  /** Reads what the kernel has queued by now. */
  drain(): void {
    for (let i = 0; i < mostBatches && !this.#isClosed; i++) if (this.#readBatch()) return;
  }

  /** Dumps these tables again, because the kernel changes them in a way it does not tell. */
  resync(tables: readonly AnyTable[]): void {
    for (const table of tables) if (this.tables.includes(table)) this.#wanted.add(table);
    this.#syncing ??= this.#sync().finally(() => {
      this.#syncing = undefined;
    });
  }

  close(): void {
    this.#isClosed = true;
    for (const retry of this.#retries) clearTimeout(retry);
    this.#events.close();
    this.#dumps.close();
  }

  #wake(lost: boolean): void {
    if (lost) this.#lost();
    if (!this.#isClosed) this.#readBatch();
  }

  /** True when the queue is empty. */
  #readBatch(): boolean {
    const { datagrams, overrun, drained } = this.#events.receive(batch);
    if (overrun) this.#lost();
    for (const datagram of datagrams) for (const message of this.#parse(datagram)) this.#dispatch(message);
    return drained;
  }

  #lost(): void {
    this.#overruns++;
    this.resync(this.tables);
  }

  #parse(datagram: Buffer): readonly Message[] {
    try {
      return parseDatagram(datagram);
    } catch (error) {
      this.onError(new Error('a notification of the kernel cannot be read', { cause: error }));
      return [];
    }
  }

  #dispatch(message: Message): void {
    for (const table of this.tables) {
      const entry = this.#read(table, message);
      if (entry === undefined) continue;
      const held = this.#held.get(table);
      if (held === undefined) table.apply(entry);
      else held.push(entry);
      return;
    }
  }

  #read(table: AnyTable, message: Message): Entry<unknown> | undefined {
    try {
      return table.format.read(message);
    } catch (error) {
      this.onError(new Error(`an entry of the kernel's ${table.format.name} cannot be read`, { cause: error }));
      return undefined;
    }
  }

  async #sync(): Promise<void> {
    while (this.#wanted.size > 0 && !this.#isClosed) {
      // A turn of the loop first: the caller may be in the middle of a batch of notifications.
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#isClosed) return;
      const tables = this.tables.filter((table) => this.#wanted.has(table));
      this.#wanted.clear();
      this.drain();
      for (const table of tables) this.#held.set(table, []);
      for (const table of tables) await this.#dumpAgain(table);
    }
  }

  async #dumpAgain(table: AnyTable): Promise<void> {
    try {
      if (!this.#wanted.has(table)) await this.#dump(table);
    } catch (error) {
      if (this.#isClosed) return;
      if (!this.#isStarted) throw error;
      this.onError(error as Error);
      this.#retryLater(table);
    }
    this.#release(table);
  }

  /** Takes the difference, unless notifications were lost meanwhile: then another dump follows. */
  async #dump(table: AnyTable): Promise<void> {
    const values: unknown[] = [];
    for (const request of table.format.dumps) {
      const { messages, isTorn } = await this.#dumps.take(request);
      if (isTorn) this.#retryLater(table);
      for (const message of messages) {
        const entry = this.#read(table, message);
        if (entry?.kind === 'set') values.push(entry.value);
      }
    }
    if (!this.#wanted.has(table)) table.replace(values);
  }

  #release(table: AnyTable): void {
    const held = this.#held.get(table) ?? [];
    this.#held.delete(table);
    for (const entry of held) table.apply(entry);
  }

  #retryLater(table: AnyTable): void {
    if (this.#isClosed) return;
    const retry = setTimeout(() => {
      this.#retries.delete(retry);
      this.resync([table]);
    }, retryMs);
    this.#retries.add(retry);
  }
}
