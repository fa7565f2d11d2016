/** Looks at the kernel's table again and again, for whatever must not happen to it even for a moment. Used by daemon.test.ts. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Ipvs, KnownIpvsService } from '@mainstay/sdk';

const everyMs = 250;

export class TableWatch {
  readonly #connections = new Map<string, bigint>();
  readonly #troubles: string[] = [];
  readonly #work: Promise<void>;
  #looks = 0;
  #isOver = false;

  constructor(private readonly port: Ipvs) {
    this.#work = this.#watch();
  }

  /** Services that went, and counters that began anew: either means that the table was made again. */
  async end(): Promise<{ readonly looks: number; readonly troubles: readonly string[] }> {
    this.#isOver = true;
    await this.#work;
    return { looks: this.#looks, troubles: this.#troubles };
  }

  async #watch(): Promise<void> {
    while (!this.#isOver) {
      this.#look(await this.port.read());
      this.#looks++;
      await pause(everyMs);
    }
  }

  #look(table: readonly KnownIpvsService[]): void {
    const now = new Map(table.flatMap(countersOf));
    for (const [name, before] of this.#connections) {
      const count = now.get(name);
      // A real server may leave the table, and counts from zero when it is back.
      if (count === undefined && !name.includes('>')) this.#troubles.push(`${name} is gone`);
      if (count !== undefined && count < before) this.#troubles.push(`${name}: ${count} connections after ${before}`);
      if (count === undefined) this.#connections.delete(name);
    }
    for (const [name, count] of now) this.#connections.set(name, count);
  }
}

function countersOf({ id, statistics, destinations }: KnownIpvsService): readonly (readonly [string, bigint])[] {
  const name = 'fwmark' in id ? `mark ${id.fwmark}` : `${id.address} port ${id.port}`;
  const servers = destinations.map((one) => [`${name} > ${one.address}`, one.statistics.connections] as const);
  return [[name, statistics.connections], ...servers];
}
