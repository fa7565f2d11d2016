/**
 * A daemon that is stopped before it has lanes takes nothing back. Where the one before it died, what that has left in the kernel stays, and
 * somebody must know. Pure; used by daemon.ts.
 */
import { type LanePlan, leavesOf } from '../lanes/plan.js';
import { byAnother } from './stopping.js';

/** In words; undefined: nothing. `plans`: what would have run; undefined: the configuration was not read yet. */
export function leftByForerunner(plans: readonly LanePlan[] | undefined): string | undefined {
  const leaves = plans?.flatMap((plan) => leavesOf(plan) ?? []);
  if (leaves?.length === 0) return undefined;
  const what = leaves?.join('; ') ?? 'what its configuration has it put there';
  const why = 'this one is stopped before it could take that back';
  return `a daemon that died may have left something in the kernel, and ${why}: ${what}. ${byAnother}`;
}
