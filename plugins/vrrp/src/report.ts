/** What operators see of instances: the objects of `mainstay status` and the answer of `mainstay explain`. Pure reading. */
import type { Contributor, Explanation, ObjectStatus } from '@mainstay/sdk';
import type { Instance } from './instance.js';
import type { StrayCounters } from './wire.js';

const kind = 'vrrp_instance';

/** `strays`: packets on any interface that belong to no instance. */
export function objectStatus(instance: Instance, strays: StrayCounters): ObjectStatus {
  const { config, statistics } = instance;
  const { last, master } = instance.chronicle;
  return {
    kind,
    name: config.name,
    state: last.state,
    summary: {
      priority: instance.priority.value,
      interface: config.interface,
      vrid: config.virtualRouterId,
      version: config.version,
      master: last.state === 'master' ? (instance.source ?? null) : (master?.address ?? null),
      addresses: instance.possession.addresses.length,
    },
    detail: {
      family: config.family,
      base_priority: config.basePriority,
      advert_interval_ms: config.advertIntervalMs,
      transport: config.isUnicast ? 'unicast' : 'multicast',
      source: instance.source ?? null,
      held_addresses: instance.possession.addresses,
      faults: instance.faults,
      ...(instance.isResigning && { resigning: true }),
      last_transition: { reason: last.reason, detail: last.detail, at: last.at },
      statistics: { ...statistics, dropped: { ...statistics.dropped } },
      strays: { ...strays },
    },
    moments: ['at'],
  };
}

export function explain(instance: Instance): Explanation {
  const { config } = instance;
  const { last, master } = instance.chronicle;
  const parts = instance.priority.parts.map(
    (part): Contributor => ({
      of: 'priority',
      source: part.source,
      effect: part.delta > 0 && part.why !== 'configured' ? `+${part.delta}` : `${part.delta}`,
      why: part.why,
    }),
  );
  const faults = instance.faults.map(
    (why): Contributor => ({ of: 'state', source: 'fault', effect: 'cannot serve', why, since: last.at }),
  );
  const seen: Contributor[] = master
    ? [
        {
          of: 'state',
          source: master.address,
          effect: 'is master',
          why: `advertises priority ${master.priority}, ours is ${instance.priority.value}`,
          since: master.since,
        },
      ]
    : [];
  const preempt: Contributor[] = config.preempt
    ? []
    : [{ of: 'state', source: 'nopreempt', effect: 'leaves a master of lower priority alone', why: 'configured' }];
  const change: Contributor = {
    of: 'state',
    source: last.reason,
    effect: `became ${last.state}`,
    why: last.detail,
    since: last.at,
  };
  return {
    kind,
    name: config.name,
    state: last.state,
    because: last.detail,
    contributors: [change, ...faults, ...seen, ...preempt, ...parts],
  };
}
