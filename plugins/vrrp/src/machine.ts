/**
 * The VRRP state machine of one virtual router: RFC 3768 section 6.4, RFC 9568 section 6.4, and keepalived's FAULT state and
 * options. Pure: `step` answers the next state and the effects to perform; it knows no clock, socket or log. instance.ts
 * feeds it events and performs the effects; the simulator and the property tests drive the same function.
 *
 * Time is absolute monotonic milliseconds. Timers are part of the state: `deadlineOf` says when to call again.
 */
import { compareAddresses, type VrrpReason } from '@mainstay/sdk';
import { handOverExpired, resign, stopDetails, successorHeard } from './resigning.js';
import {
  type AdvertEvent,
  type Backup,
  type Effect,
  type Event,
  type MachineConfig,
  type Master,
  type MasterSeen,
  type State,
  type Step,
  stay,
  transitioned,
  type VisibleState,
} from './states.js';
import { hintSkewTime, masterDownInterval, skewTime } from './timers.js';

export type { Effect, Event, MachineConfig, MasterSeen, State, Step } from './states.js';

const ownerPriority = 255;
/** How long a router that slept past its deadline reads its sockets before it believes that others are silent. */
const drainMs = 1;

export function initialState(priority: number): State {
  return { kind: 'initialize', priority };
}

/** When `step` wants a timer event; undefined in states without a timer. */
export function deadlineOf(state: State): number | undefined {
  if (state.kind === 'backup') return state.masterDownAt;
  if (state.kind === 'resigning') return state.until;
  return state.kind === 'master' ? state.advertAt : undefined;
}

/** The RFC's transition for one event at time `now`. An event that means nothing in a state changes nothing. */
export function step(state: State, event: Event, config: MachineConfig, now: number): Step {
  switch (event.kind) {
    case 'start':
      return state.kind === 'initialize' ? startUp(state, config, now, 'startup', 'starting') : stay(state);
    case 'stop':
      if (state.kind === 'master') return resign(state, event.reason, config, now);
      // A hand-over under way ends as a stop does.
      if (state.kind === 'resigning') return stay({ ...state, why: event.reason });
      return leave(state, initialState(state.priority), 'stopped', event.reason, stopDetails[event.reason]);
    case 'handOver':
      return state.kind === 'master' && state.priority !== ownerPriority ? resign(state, 'handover', config, now) : stay(state);
    case 'fault':
      return state.kind === 'fault'
        ? stay(state)
        : leave(state, { kind: 'fault', priority: state.priority }, 'fault', 'fault', event.why);
    case 'faultCleared':
      return state.kind === 'fault' ? startUp(state, config, now, 'fault-cleared', 'every fault is cleared') : stay(state);
    case 'addressLost':
      return loseAddress(state, event.address, config, now);
    case 'priority':
      return changePriority(state, event.priority, config);
    case 'hold':
      return state.kind === 'backup' ? stay({ ...state, masterDownAt: event.until }) : stay(state);
    case 'masterLost':
      return state.kind === 'backup' ? loseMaster(state, event, now) : stay(state);
    case 'timer':
      return timerExpired(state, config, now);
    case 'heard':
      return state.kind === 'backup' ? heardAgain(state, event.at, config) : stay(state);
    case 'advertised':
      return state.kind === 'master' ? stay({ ...state, advertAt: event.nextAt }) : stay(state);
    case 'lapsed':
      return lapse(state, event.afterMs, config, now);
    case 'advert':
      return advertReceived(state, event, config, now);
    default:
      return event satisfies never;
  }
}

/** RFC 9568 section 6.4.1: the owner becomes master at once, everybody else listens first. */
function startUp(state: State, config: MachineConfig, now: number, reason: VrrpReason, detail: string): Step {
  if (state.priority === ownerPriority)
    return becomeMaster(state, config, now, 'address-owner', `${detail}, priority 255: this router owns the addresses`);
  return becomeBackup(state, config, now, reason, detail);
}

function backup(priority: number, config: MachineConfig, now: number, masterIntervalMs: number, master?: MasterSeen): Backup {
  const masterDownAt = now + masterDownInterval(config.version, priority, masterIntervalMs, config.downAdverts);
  return {
    kind: 'backup',
    priority,
    masterDownAt,
    masterIntervalMs,
    expiry: 'master-down',
    hasDrained: false,
    ...(master && { master }),
  };
}

function becomeBackup(
  state: State,
  config: MachineConfig,
  now: number,
  reason: VrrpReason,
  detail: string,
  heard?: MasterSeen & { readonly intervalMs: number },
): Step {
  const master = heard && { address: heard.address, priority: heard.priority };
  const next = backup(state.priority, config, now, heard ? learntInterval(heard, config) : config.advertIntervalMs, master);
  return {
    state: next,
    effects: [
      ...(holdsAddresses(state) ? [{ kind: 'removeAddresses' } as const] : []),
      transitioned(state, 'backup', reason, detail),
      ...(master ? [{ kind: 'masterSeen', master } as const] : []),
    ],
  };
}

/** RFC 9568 section 6.4.2 (100)-(140): advertise first, so that the old master lets go; then the addresses and their announcement. */
function becomeMaster(state: State, config: MachineConfig, now: number, reason: VrrpReason, detail: string): Step {
  return {
    state: {
      kind: 'master',
      priority: state.priority,
      advertAt: now + config.advertIntervalMs,
      answeredAt: Number.NEGATIVE_INFINITY,
      hasDrained: false,
    },
    effects: [
      { kind: 'sendAdvert', priority: state.priority },
      { kind: 'addAddresses' },
      transitioned(state, 'master', reason, detail),
      { kind: 'masterSeen', master: undefined },
    ],
  };
}

/** Every leave of mastership by own will says priority 0 before the addresses go (RFC 9568 section 6.4.3). */
function leave(state: State, next: State, to: VisibleState | 'stopped', reason: VrrpReason, detail: string): Step {
  return {
    state: next,
    effects: [
      ...(state.kind === 'master' ? [{ kind: 'sendAdvert', priority: 0 } as const] : []),
      ...(holdsAddresses(state) ? [{ kind: 'removeAddresses' } as const] : []),
      transitioned(state, to, reason, detail),
    ],
  };
}

function holdsAddresses(state: State): boolean {
  return state.kind === 'master' || state.kind === 'resigning';
}

/** The pacemaker has said priority 0 already: no word of this router may contradict whoever took over meanwhile. */
function lapse(state: State, afterMs: number, config: MachineConfig, now: number): Step {
  if (state.kind !== 'master') return stay(state);
  const detail = `this process did not act for ${Math.round(afterMs)} ms, so the pacemaker resigned for it`;
  return becomeBackup(state, config, now, 'stalled', detail);
}

/** As if the same advertisement had been received at that time. */
function heardAgain(state: Backup, at: number, config: MachineConfig): Step {
  const masterDownAt = at + masterDownInterval(config.version, state.priority, state.masterIntervalMs, config.downAdverts);
  if (state.expiry !== 'master-down' || masterDownAt <= state.masterDownAt) return stay(state);
  return stay({ ...state, masterDownAt, hasDrained: false });
}

/** keepalived: an address that somebody else removed means that this host is not to serve now; the others get their chance. */
function loseAddress(state: State, address: string, config: MachineConfig, now: number): Step {
  if (state.kind !== 'master') return stay(state);
  const next = backup(state.priority, config, now, config.advertIntervalMs);
  return leave(state, next, 'backup', 'address-lost', `${address} was removed from this host by somebody else`);
}

/** Only of the router that it follows, and only where it has not been promised more: a resignation, or a deadline that is nearer. */
function loseMaster(state: Backup, { address, why }: Extract<Event, { kind: 'masterLost' }>, now: number): Step {
  const isFollowed = state.master?.address === address && (state.expiry === 'master-down' || state.expiry === 'preempting');
  const masterDownAt = now + hintSkewTime(state.priority);
  if (!isFollowed || masterDownAt >= state.masterDownAt) return stay(state);
  return stay({ ...state, masterDownAt, expiry: 'master-lost', lost: why, hasDrained: false });
}

/** A backup's skew follows its priority at once; a master's next advertisement carries the new one. */
function changePriority(state: State, priority: number, config: MachineConfig): Step {
  // The skew of a lost master is another, and as good as over.
  if (state.kind !== 'backup' || state.expiry === 'master-lost') return stay({ ...state, priority });
  const change = (p: number) => skewTime(config.version, p, state.masterIntervalMs);
  return stay({ ...state, priority, masterDownAt: state.masterDownAt + change(priority) - change(state.priority) });
}

function timerExpired(state: State, config: MachineConfig, now: number): Step {
  if (state.kind === 'backup') return now < state.masterDownAt ? stay(state) : masterDownExpired(state, config, now);
  if (state.kind === 'master') return now < state.advertAt ? stay(state) : advertTimerExpired(state, config, now);
  if (state.kind !== 'resigning' || now < state.until) return stay(state);
  const followed =
    state.successor && becomeBackup(state, config, now, 'handover', `${state.successor.address} took over`, state.successor);
  return handOverExpired(state, followed, config, now);
}

/**
 * A process that was stopped wakes up with its timers overdue and the others' advertisements unread. It reads them first:
 * silence counts only when it was awake to hear it.
 */
function masterDownExpired(state: Backup, config: MachineConfig, now: number): Step {
  const isOverdue = now - state.masterDownAt > state.masterIntervalMs / 2;
  if (isOverdue && !state.hasDrained) return stay({ ...state, masterDownAt: now + drainMs, hasDrained: true });
  const seen = state.master ? `${state.master.address} (priority ${state.master.priority})` : 'any master';
  const detail = {
    'master-down': `nothing heard from ${seen} for ${Math.round(masterDownInterval(config.version, state.priority, state.masterIntervalMs, config.downAdverts))} ms`,
    'master-lost': `${seen} is lost: ${state.lost}`,
    'master-resigned': `${seen} resigned with priority 0`,
    preempting: `${seen} has a lower priority than ${state.priority}`,
  }[state.expiry];
  return becomeMaster(state, config, now, state.expiry, detail);
}

/** The master slept so long that another one may have taken over. */
function isBehind(state: Master, config: MachineConfig, now: number): boolean {
  return now - state.advertAt > config.downAdverts * config.advertIntervalMs;
}

/** The schedule is absolute: each deadline follows from the previous one, so that lateness does not add up. */
function advertTimerExpired(state: Master, config: MachineConfig, now: number): Step {
  const lateBy = now - state.advertAt;
  if (isBehind(state, config, now) && !state.hasDrained) return stay({ ...state, advertAt: now + drainMs, hasDrained: true });
  const next = lateBy < config.advertIntervalMs ? state.advertAt + config.advertIntervalMs : now + config.advertIntervalMs;
  return stay({ ...state, advertAt: next, hasDrained: false }, { kind: 'sendAdvert', priority: state.priority });
}

function advertReceived(state: State, advert: AdvertEvent, config: MachineConfig, now: number): Step {
  if (state.kind === 'backup') return backupHears(state, advert, config, now);
  if (state.kind === 'master') return masterHears(state, advert, config, now);
  return state.kind === 'resigning' ? successorHeard(state, advert, config, now) : stay(state);
}

/** v3 learns the master's interval (RFC 9568 section 6.4.2); in v2 a different one never gets here. */
function learntInterval({ intervalMs }: { readonly intervalMs: number }, config: MachineConfig): number {
  return config.version === 3 ? intervalMs : config.advertIntervalMs;
}

/** RFC 9568 section 6.4.2. */
function backupHears({ lost: _, ...state }: Backup, advert: AdvertEvent, config: MachineConfig, now: number): Step {
  if (advert.priority === 0) {
    const masterDownAt = now + skewTime(config.version, state.priority, state.masterIntervalMs);
    return stay({ ...state, masterDownAt, expiry: 'master-resigned', hasDrained: false });
  }
  const isLower = advert.priority < state.priority;
  const preempts = config.preempt && state.isYielding !== true;
  const preemptAt =
    isLower && preempts && config.preemptDelayMs > 0 ? (state.preemptAt ?? now + config.preemptDelayMs) : undefined;
  const isPreempting = isLower && preempts && (preemptAt === undefined || now >= preemptAt);
  const seen = { address: advert.source, priority: advert.priority };
  const isNews = state.master?.address !== seen.address || state.master.priority !== seen.priority;
  const effects: readonly Effect[] = isNews ? [{ kind: 'masterSeen', master: seen }] : [];
  if (isPreempting)
    return stay({ ...state, master: seen, expiry: 'preempting', ...(preemptAt !== undefined && { preemptAt }) }, ...effects);
  const { isYielding } = state;
  const next = backup(state.priority, config, now, learntInterval(advert, config), seen);
  return stay({ ...next, ...(preemptAt !== undefined && { preemptAt }), ...(isYielding && { isYielding }) }, ...effects);
}

/** RFC 9568 section 6.4.3. While it reads what came during a sleep, a master may yield but claims nothing. */
function masterHears(state: Master, advert: AdvertEvent, config: MachineConfig, now: number): Step {
  if (state.priority === ownerPriority) return stay(state);
  const isCatchingUp = state.hasDrained || isBehind(state, config, now);
  if (advert.priority === 0) {
    if (isCatchingUp) return stay(state);
    return stay({ ...state, advertAt: now + config.advertIntervalMs }, { kind: 'sendAdvert', priority: state.priority });
  }
  const isHigher = advert.priority > state.priority;
  const isEqualWithHigherAddress = advert.priority === state.priority && compareAddresses(advert.source, advert.ownSource) > 0;
  if (isHigher || isEqualWithHigherAddress) {
    const last: readonly Effect[] = config.higherPrioritySendAdvert ? [{ kind: 'sendAdvert', priority: state.priority }] : [];
    const than = isHigher ? 'a higher priority' : 'the same priority and a higher address';
    const yielded = becomeBackup(state, config, now, 'preempted', `${advert.source} advertises ${than} (${advert.priority})`, {
      address: advert.source,
      priority: advert.priority,
      intervalMs: advert.intervalMs,
    });
    return { ...yielded, effects: [...last, ...yielded.effects] };
  }
  return isCatchingUp ? stay(state) : answerLower(state, advert, config, now);
}

/** RFC 9568 asserts itself at once, which also refreshes bridges; at most once an interval, so that a flood is not amplified. */
function answerLower(state: Master, advert: AdvertEvent, config: MachineConfig, now: number): Step {
  const heard: Effect = { kind: 'lowerPriorityReceived', source: advert.source, priority: advert.priority };
  if (now - state.answeredAt < config.advertIntervalMs) return stay(state);
  const answer: readonly Effect[] = config.lowerPriorityNoAdvert ? [] : [{ kind: 'sendAdvert', priority: state.priority }];
  return stay({ ...state, answeredAt: now }, ...answer, { kind: 'announceAgain' }, heard);
}
