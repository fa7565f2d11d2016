/** Reads the kernel's table, and says when that is not possible, once for each reason, and when it is possible again. Made by keeper.ts. */
import { type Clock, type Ipvs, type Log, messageOf } from '@mainstay/sdk';
import type { Refusal } from './refusals.js';
import { type ServiceEntry, tableOf } from './table.js';

export interface SightHost {
  readonly port: Ipvs;
  readonly clock: Clock;
  readonly log: Log;
}

export class Sight {
  #blindness: Refusal | undefined;

  constructor(
    private readonly host: SightHost,
    private readonly lost: (message: string) => void,
  ) {}

  /** Why the table cannot be read, while it cannot. */
  get blindness(): Refusal | undefined {
    return this.#blindness;
  }

  /** Undefined: it cannot be read now. */
  async read(): Promise<Map<string, ServiceEntry> | undefined> {
    const { port, clock, log } = this.host;
    try {
      const table = tableOf(await port.read());
      if (this.#blindness !== undefined) log.info("the kernel's table can be read again");
      this.#blindness = undefined;
      return table;
    } catch (error) {
      const message = `the kernel's table cannot be read: ${messageOf(error)}; servers that fail are not taken out, and new ones get no connections`;
      if (this.#blindness?.message !== message) {
        this.#blindness = { message, since: clock.wall() };
        this.lost(message);
      }
      return undefined;
    }
  }
}
