/**
 * What the state of interfaces means for an instance: reasons for FAULT and changes of the priority (keepalived's
 * track_interface). Pure; called by instance.ts after each change of a link.
 */
import type { Link } from '@mainstay/sdk';
import type { TrackedInterface } from './config.js';
import type { InstanceConfig } from './instance-config.js';

/** A change of the priority with its cause, for `mainstay explain`. */
export interface PriorityPart {
  readonly source: string;
  readonly delta: number;
  readonly why: string;
}

export type LinkOf = (name: string) => Link | undefined;

function stateOf(name: string, linkOf: LinkOf): 'up' | 'down' | 'missing' {
  const link = linkOf(name);
  return link === undefined ? 'missing' : link.isUp ? 'up' : 'down';
}

/** Why the instance cannot serve, in words; empty when it can. */
export function linkFaults(config: InstanceConfig, linkOf: LinkOf): readonly string[] {
  const faults: string[] = [];
  const own = stateOf(config.interface, linkOf);
  if (own === 'missing') faults.push(`interface ${config.interface} does not exist`);
  else if (own === 'down' && config.trackOwnLink) faults.push(`interface ${config.interface} is down`);
  for (const { name, weight, isReversed } of config.tracked) {
    if (weight !== 0) continue;
    const state = stateOf(name, linkOf);
    if ((state === 'up') === isReversed) faults.push(`tracked interface ${name} is ${state}`);
  }
  return faults;
}

/**
 * A positive weight counts while what is tracked is up, a negative one while it is down; `reverse` turns the sign of what is added, not the
 * time at which it counts (keepalived's weight multiplier).
 */
export function weightThatApplies(weight: number, isReversed: boolean, isUp: boolean): number {
  if (weight === 0 || weight > 0 !== isUp) return 0;
  return isReversed ? -weight : weight;
}

/** Contributions of weighted interfaces. */
export function linkWeights(tracked: readonly TrackedInterface[], linkOf: LinkOf): readonly PriorityPart[] {
  return tracked.flatMap(({ name, weight, isReversed }) => {
    const state = stateOf(name, linkOf);
    const delta = weightThatApplies(weight, isReversed, state === 'up');
    return delta === 0 ? [] : [{ source: `track_interface ${name}`, delta, why: `${name} is ${state}` }];
  });
}

/**
 * Tracking never reaches the values with a meaning of their own, 0 and 255; the owner's priority never changes. Not a number,
 * from a tap or a lease, is no answer: on the wire it would be priority 0, a resignation.
 */
export function clampPriority(priority: number, base: number): number {
  if (base === 255) return 255;
  return Math.min(254, Math.max(1, Math.round(Number.isNaN(priority) ? base : priority)));
}
