/**
 * The effective priority of an instance: base, tracked interfaces and BFD sessions, leases of other lanes, and the hook `vrrp.priority`; each
 * part is kept with its cause for `mainstay explain`. Called by instance.ts.
 */
import type { Run, VrrpIdentity } from '@mainstay/sdk';
import type { Views } from './faults.js';
import type { InstanceConfig } from './instance-config.js';
import { sessionWeights } from './sessions.js';
import { clampPriority, linkWeights, type PriorityPart } from './tracking.js';

export interface EffectivePriority {
  readonly value: number;
  readonly parts: readonly PriorityPart[];
}

export function effectivePriority(config: InstanceConfig, identity: VrrpIdentity, views: Views, run: Run): EffectivePriority {
  const base: PriorityPart = { source: 'priority', delta: config.basePriority, why: 'configured' };
  if (config.basePriority === 255) return { value: 255, parts: [base] };
  const { linkOf, sessionOf } = views;
  const weights = [...linkWeights(config.tracked, linkOf), ...sessionWeights(config.trackedSessions, sessionOf)];
  const leases = run.leases
    .current('vrrp.priority', config.name)
    .map(({ plugin, delta, why }) => ({ source: plugin, delta, why }));
  const tracked = [base, ...weights, ...leases].reduce((sum, part) => sum + part.delta, 0);
  const { value, contributions } = run.hooks.adjust('vrrp.priority', config.name, tracked, { ...identity, configured: tracked });
  const adjusted = contributions.map(({ plugin, before, after }) => ({
    source: plugin,
    delta: after - before,
    why: 'tap on vrrp.priority',
  }));
  return { value: clampPriority(value, config.basePriority), parts: [base, ...weights, ...leases, ...adjusted] };
}
