/** What happened on the switch and to the addresses of hosts, read from the file that the helper native/watch.c writes. */
import { join } from 'node:path';
import { Background, until } from '../support/command.js';
import { scratch } from '../support/peers.js';
import { GrowingLines } from './lines.js';
import { helper } from './native.js';
import type { BenchHost, BenchNet } from './net.js';

/** Times are milliseconds since the epoch, by the kernel that received. */
export interface Advert {
  readonly at: number;
  /** The port of the switch that it came in by: a host and a link, such as `a0`. */
  readonly port: string;
  readonly vrid: number;
  readonly priority: number;
}

export interface Announcement {
  readonly at: number;
  readonly port: string;
  readonly address: string;
}

/** A host gained (`isThere`) or lost an address; the time is that of the helper, which hears of it by netlink. */
export interface AddressChange {
  readonly at: number;
  readonly namespace: string;
  readonly address: string;
  readonly isThere: boolean;
}

export class Watch {
  readonly adverts: Advert[] = [];
  readonly announcements: Announcement[] = [];
  readonly changes: AddressChange[] = [];
  /** What the helper could not see: buffers that overflowed. A measurement with losses is void. */
  readonly losses: string[] = [];

  private constructor(
    private readonly process: Background,
    private readonly lines: GrowingLines,
  ) {}

  /** Watches all ports of the given hosts, and their addresses. */
  static async start(net: BenchNet, hosts: readonly BenchHost[]): Promise<Watch> {
    const path = join(scratch(), 'watch');
    const packets = ['packets', net.switchNamespace, ...hosts.flatMap((host) => host.ports)];
    const addresses = hosts.flatMap((host) => ['addresses', host.namespace]);
    const process = new Background(helper('watch'), [path, ...packets, ...addresses]);
    await process.saw(/watching/, 10_000);
    return new Watch(process, new GrowingLines(path));
  }

  /** Reads what came since the last time. What is in the helper's buffer, 20 ms at most, comes with the next reading. */
  refresh(): this {
    for (const line of this.lines.read()) this.#take(line);
    return this;
  }

  /** Reads until `found` answers something; rejects after `ms`. */
  until<Value>(what: string, ms: number, found: (watch: this) => Value | undefined | false): Promise<Value> {
    return until(what, ms, () => found(this.refresh()));
  }

  /** Forgets what was read, so that a long run does not keep it all. */
  forget(): void {
    this.refresh();
    for (const list of [this.adverts, this.announcements, this.changes]) list.length = 0;
  }

  async stop(): Promise<this> {
    const { code } = await this.process.stop('SIGTERM', 5000);
    this.refresh();
    this.lines.close();
    if (code !== 0) throw new Error(`the watch ended with ${code}: ${this.process.output}`);
    if (this.losses.length > 0) throw new Error(`the watch is incomplete: ${this.losses.join(', ')}`);
    return this;
  }

  #take(line: string): void {
    const [kind, time, where = '', what = '', vrid, priority] = line.split(' ');
    const at = Number(time) / 1000;
    if (kind === 'A') this.adverts.push({ at, port: where, vrid: Number(vrid), priority: Number(priority) });
    else if (kind === 'G') this.announcements.push({ at, port: where, address: what });
    else if (kind === '!') this.losses.push(line.slice(2));
    else this.changes.push({ at, namespace: where, address: what, isThere: kind === '+' });
  }
}

/** The first after a moment that fits; the lists are in order of time per port, nearly so between ports. */
export function firstAfter<Item extends { readonly at: number }>(
  items: readonly Item[],
  moment: number,
  fits: (item: Item) => boolean,
): Item | undefined {
  return items.find((item) => item.at > moment && fits(item));
}
