/**
 * What a process of this plugin that died has left on the host, where no other follows: virtual addresses, and the rules that keep some from
 * being accepted. Called by index.ts when the daemon stops meanwhile.
 */
import type { Run } from '@mainstay/sdk';
import { Acceptance } from './acceptance.js';
import { Holdings } from './holdings.js';
import type { InstanceConfig } from './instance-config.js';

/** Rejects where an address stays. What is the host's own stays on purpose (decision 0006). */
export async function takeBack(run: Run, configs: readonly InstanceConfig[]): Promise<void> {
  const holdings = new Holdings(run.ports);
  const found = configs.flatMap((config) => holdings.leftovers(config));
  const stays: string[] = [];
  for (const config of configs) stays.push(...(await holdings.withdraw(config)));
  if (found.length > 0) run.log.warn(`took ${found.join(', ')} off this host, left over from a process that died`);
  // Only now: until then they must not begin to answer.
  const acceptance = new Acceptance(run);
  if (stays.length === 0) await acceptance.start([]);
  await acceptance.stop(true);
  if (stays.length > 0) throw new Error(`the kernel did not let go of ${stays.join(', ')}`);
}
