/** In what two entries of the kernel's table differ, in words, by the keywords of keepalived.conf(5). Pure; used by foreign-changes.ts. */
import type { IpvsDestination, IpvsService } from '@mainstay/sdk';
import { forwardingText, granularityOf } from './table.js';

type Facts = Readonly<Record<string, string | number>>;

/** `its weight is 9, we left it at 1`, for each. `actual` as the kernel tells it: a destination that is this host itself is `local`. */
export function destinationDifferences(left: IpvsDestination, actual: IpvsDestination): readonly string[] {
  const of = ({ weight, upperThreshold, lowerThreshold }: IpvsDestination): Facts => ({
    weight,
    uthreshold: upperThreshold,
    lthreshold: lowerThreshold,
  });
  const method = (one: IpvsDestination): Facts => (actual.method === 'local' ? {} : { lvs_method: forwardingText(one) });
  return differences({ ...of(left), ...method(left) }, { ...of(actual), ...method(actual) });
}

export function serviceDifferences(left: IpvsService, actual: IpvsService): readonly string[] {
  return differences(factsOf(left), factsOf(actual));
}

function factsOf(service: IpvsService): Facts {
  const { scheduler, persistence = 0, persistenceEngine, isOnePacket, schedulerFlags = [] } = service;
  return {
    lvs_sched: scheduler,
    persistence_timeout: persistence,
    persistence_granularity: granularityOf(service),
    persistence_engine: persistenceEngine ?? 'none',
    ops: isOnePacket === true ? 'on' : 'off',
    'scheduler flags': [...schedulerFlags].sort().join(' ') || 'none',
  };
}

function differences(left: Facts, actual: Facts): readonly string[] {
  return Object.keys(actual)
    .filter((name) => actual[name] !== left[name])
    .map((name) => {
      const [is, it] = name.endsWith('flags') ? ['are', 'them'] : ['is', 'it'];
      return `its ${name} ${is} ${actual[name]}, we left ${it} at ${left[name]}`;
    });
}
