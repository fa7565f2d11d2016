/**
 * Follows the kernel's tables: notifications while all is well, a fresh dump of everything when some were lost.
 *
 * The order that keeps the copy right: read every notification queued so far; dump, and meanwhile hold notifications back;
 * lay the last one about each entry over the dump, which is never newer; apply the difference. Listeners hear of nothing in
 * between: an address that we removed and added again meanwhile was never gone. If notifications are lost during a dump, or
 * the dump is torn, a further one follows; until then nothing is taken for gone because of what may just be unknown.
 */
import { NetlinkSocket } from '@mainstay/pacemaker';
import { catchUp, type Snapshot } from './catch-up.js';
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
    let dump: Snapshot | undefined;
    try {
      if (!this.#wanted.has(table)) dump = await this.#dump(table);
    } catch (error) {
      if (this.#isClosed) return;
      if (!this.#isStarted) throw error;
      this.onError(error as Error);
      this.#retryLater(table);
    }
    const held = this.#held.get(table) ?? [];
    this.#held.delete(table);
    // Lost notifications may contradict both the dump and those that were held.
    catchUp(table, dump, held, this.#wanted.has(table));
    if (dump?.isTorn === true) this.#retryLater(table);
  }

  async #dump(table: AnyTable): Promise<Snapshot> {
    const values: unknown[] = [];
    let isTorn = false;
    for (const request of table.format.dumps) {
      const dump = await this.#dumps.take(request);
      isTorn ||= dump.isTorn;
      for (const message of dump.messages) {
        const entry = this.#read(table, message);
        if (entry?.kind === 'set') values.push(entry.value);
      }
    }
    return { values, isTorn };
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
