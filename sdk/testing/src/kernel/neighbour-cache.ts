/**
 * The neighbour cache of one simulated kernel: which hardware address an IP address of a link is sent to. It follows Linux's
 * defaults: announcements nobody asked for change entries that exist (arp_accept=0), and never make new ones.
 */
import type { Clock, Timer } from '@mainstay/sdk';

interface Entry {
  mac: string | undefined;
  confirmedAt: number;
  waiting: ((mac: string | undefined) => void)[];
  tries: number;
  timer: Timer | undefined;
}

export interface NeighbourOptions {
  /** Milliseconds after which an entry that nothing confirmed is asked for anew. */
  readonly lifetimeMs: number;
}

const maxTries = 3;
const retryMs = 1000;
const maxWaiting = 3;

export class NeighbourCache {
  readonly #entries = new Map<string, Entry>();

  constructor(
    private readonly clock: Clock,
    private readonly options: NeighbourOptions,
    /** Sends one question for the address on the link. */
    private readonly ask: (link: number, address: string) => void,
  ) {}

  /** The hardware address the cache holds, whether fresh or not. */
  get(link: number, address: string): string | undefined {
    return this.#entries.get(`${link} ${address}`)?.mac;
  }

  /** Calls `use` with the hardware address, at once where it is known, or with undefined after three unanswered questions. */
  resolve(link: number, address: string, use: (mac: string | undefined) => void): void {
    const key = `${link} ${address}`;
    const entry = this.#entries.get(key) ?? this.#insert(key);
    if (entry.mac !== undefined && this.clock.now() - entry.confirmedAt <= this.options.lifetimeMs) {
      use(entry.mac);
      return;
    }
    if (entry.waiting.length >= maxWaiting) entry.waiting.shift()?.(undefined);
    entry.waiting.push(use);
    if (entry.timer === undefined) this.#question(key, entry, link, address);
  }

  /** An answer, or an announcement: `create` for messages that were meant for this host. */
  learn(link: number, address: string, mac: string, create: boolean): void {
    const key = `${link} ${address}`;
    const entry = this.#entries.get(key) ?? (create ? this.#insert(key) : undefined);
    if (entry === undefined) return;
    entry.mac = mac;
    entry.confirmedAt = this.clock.now();
    this.#finish(entry, mac);
  }

  /** Forgets the neighbours of a link that went down, or all of them. */
  flush(link?: number): void {
    for (const [key, entry] of this.#entries) {
      if (link !== undefined && !key.startsWith(`${link} `)) continue;
      this.#entries.delete(key);
      this.#finish(entry, undefined);
    }
  }

  #insert(key: string): Entry {
    const entry: Entry = { mac: undefined, confirmedAt: 0, waiting: [], tries: 0, timer: undefined };
    this.#entries.set(key, entry);
    return entry;
  }

  #question(key: string, entry: Entry, link: number, address: string): void {
    if (++entry.tries > maxTries) {
      this.#entries.delete(key);
      this.#finish(entry, undefined);
      return;
    }
    entry.timer = this.clock.after(retryMs, () => this.#question(key, entry, link, address));
    this.ask(link, address);
  }

  #finish(entry: Entry, mac: string | undefined): void {
    entry.timer?.cancel();
    entry.timer = undefined;
    entry.tries = 0;
    const waiting = entry.waiting;
    entry.waiting = [];
    for (const use of waiting) use(mac);
  }
}
