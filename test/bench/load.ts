/** Starts a load balancer with a large table, reloads it with one weight changed, and measures both. Used by tables.ts and tables-guest.ts. */
import type { Balancer } from './balancer.js';
import { type Site, usualWeight } from './balancer-conf.js';

export type Measured = readonly [metric: string, unit: string, value: number];

/** The kernel's table from outside. */
export interface TableWatch {
  /** When it was complete, milliseconds since the epoch. */
  complete(withinMs: number): Promise<number>;
  /** When the last destination had this weight. */
  weighs(weight: number, withinMs: number): Promise<number>;
  /** How many changes were asked of the kernel during `work`. */
  counting(work: () => Promise<void>): Promise<number>;
}

/** Hardly any probe falls into the measurement: what is measured is the table. */
export const delayLoopSeconds = 3600;

export async function measureLoad(balancer: Balancer, watch: TableWatch, site: Site, patienceMs: number): Promise<Measured[]> {
  const startedAt = balancer.start(site);
  const completeAt = await watch.complete(patienceMs);
  await balancer.calm(patienceMs);
  const cpuOfStart = balancer.cpuMs;
  const { privateKb, rssKb } = balancer.memory;
  let reloadMs = Number.NaN;
  const changes = await watch.counting(async () => {
    const askedAt = balancer.reload({ ...site, lastWeight: usualWeight + 1 });
    reloadMs = (await watch.weighs(usualWeight + 1, patienceMs)) - askedAt;
    await balancer.calm(patienceMs);
  });
  return [
    ['start: until the table is complete', 'ms', completeAt - startedAt],
    ['start: CPU', 'ms', cpuOfStart],
    ['reload, one weight changed: until the table has it', 'ms', reloadMs],
    ['reload, one weight changed: CPU', 'ms', balancer.cpuMs - cpuOfStart],
    ['reload, one weight changed: changes of the table', '', changes],
    ['memory: private', 'MB', privateKb / 1024],
    ['memory: RSS', 'MB', rssKb / 1024],
  ];
}
