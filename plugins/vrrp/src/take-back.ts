/**
 * What a process of this plugin that died has left on the host, where no other follows: virtual addresses, and the rules that keep some from
 * being accepted. Called by index.ts when the daemon stops meanwhile.
 */
import type { Run } from '@mainstay/sdk';
import { refuseNothing } from './acceptance.js';
import { Holdings } from './holdings.js';
import type { InstanceConfig } from './instance-config.js';

/** What a stop that the kernel refuses leaves, and what to do about it. `stays`: addresses, each with the reason. */
export function kept(stays: readonly string[]): string {
  const remedy = 'this host goes on answering for them beside the next master until `ip address del` removes each';
  return `the kernel did not let go of ${stays.join(', ')}: ${remedy}`;
}

/** Rejects where an address stays, or a rule about one. What is the host's own stays on purpose (decision 0006). */
export async function takeBack(run: Run, configs: readonly InstanceConfig[]): Promise<void> {
  const holdings = new Holdings(run.ports);
  const found = configs.flatMap((config) => holdings.leftovers(config));
  const stays: string[] = [];
  for (const config of configs) stays.push(...(await holdings.withdraw(config)));
  if (found.length > 0) run.log.warn(`took ${found.join(', ')} off this host, left over from a process that died`);
  if (stays.length > 0) throw new Error(kept(stays));
  // Only now: until then they must not begin to answer.
  await refuseNothing(run.ports);
}
