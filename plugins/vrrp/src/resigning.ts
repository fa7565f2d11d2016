/**
 * The hand-over without a gap: a master that leaves by its own will says priority 0, and goes on answering on its addresses until it
 * hears its successor. RFC 9568 section 6.4.3 lets the addresses go at once, which costs clients the skew time. Part of machine.ts.
 */
import {
  type AdvertEvent,
  type Effect,
  type MachineConfig,
  type Master,
  type Resigning,
  type Step,
  stay,
  transitioned,
} from './states.js';
import { skewTime } from './timers.js';

export const stopDetails = { shutdown: 'stopping', removed: 'no longer in the configuration' } as const;

/** The priority whose skew time is the longest: whoever follows has spoken by then. */
const lowestPriority = 1;
/** Whoever stops the daemon waits, and kills it in the end. */
const longestMs = 4000;
/** From the successor's first advertisement until it has the addresses and has announced them, with a margin. */
const settleMs = 10;

export function resign(state: Master, why: Resigning['why'], config: MachineConfig, now: number): Step {
  const { version, advertIntervalMs } = config;
  const patience = Math.min(longestMs, skewTime(version, lowestPriority, advertIntervalMs) + advertIntervalMs);
  const next: Resigning = { kind: 'resigning', priority: state.priority, why, until: now + patience };
  return stay(next, { kind: 'sendAdvert', priority: 0 });
}

/** The first router that advertises is the successor; a higher one may come after it, which changes nothing here. */
export function successorHeard(state: Resigning, advert: AdvertEvent, config: MachineConfig, now: number): Step {
  if (advert.priority === 0 || state.successor !== undefined) return stay(state);
  const { source: address, priority, intervalMs } = advert;
  const until = Math.min(state.until, now + Math.min(settleMs, config.advertIntervalMs));
  return stay({ ...state, until, successor: { address, priority, intervalMs } });
}

/** The addresses go. `followed`: the step to backup behind the successor, where there is one. */
export function handOverExpired(state: Resigning, followed: Step | undefined, config: MachineConfig, now: number): Step {
  if (state.why !== 'handover') {
    const gone: Effect = { kind: 'removeAddresses' };
    return {
      state: { kind: 'initialize', priority: state.priority },
      effects: [gone, transitioned(state, 'stopped', state.why, stopDetails[state.why])],
    };
  }
  if (followed === undefined) return masterAgain(state, config, now);
  const { state: next, effects } = followed;
  return { state: next.kind === 'backup' ? { ...next, isYielding: true } : next, effects };
}

/** Nobody wants it: the addresses never went, and the routers that may be on their way to master hear at once. */
function masterAgain({ priority }: Resigning, config: MachineConfig, now: number): Step {
  const advertAt = now + config.advertIntervalMs;
  const next: Master = { kind: 'master', priority, advertAt, answeredAt: Number.NEGATIVE_INFINITY, hasDrained: false };
  return stay(next, { kind: 'sendAdvert', priority });
}
