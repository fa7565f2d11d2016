/**
 * States, events and effects of the VRRP machine. The machine itself is machine.ts, with hand-overs in resigning.ts; timers are part
 * of the state, as absolute monotonic milliseconds.
 */
import type { VrrpReason } from '@mainstay/sdk';

export interface MachineConfig {
  readonly version: 2 | 3;
  /** Own advertisement interval. */
  readonly advertIntervalMs: number;
  /** Advertisements that may be missed; 3 in the RFCs. */
  readonly downAdverts: number;
  readonly preempt: boolean;
  readonly preemptDelayMs: number;
  /** Do not answer an advertisement of lower priority (RFC 5798 behaviour; RFC 9568 and keepalived answer). */
  readonly lowerPriorityNoAdvert: boolean;
  /** Send one last advertisement before yielding to a higher priority. */
  readonly higherPrioritySendAdvert: boolean;
}

/** The router that a backup follows. */
export interface MasterSeen {
  readonly address: string;
  readonly priority: number;
}

/** `priority` is the effective one, 1..254, or 255 for the address owner. */
export type State =
  | { readonly kind: 'initialize'; readonly priority: number }
  | {
      readonly kind: 'backup';
      readonly priority: number;
      readonly masterDownAt: number;
      /** Interval learnt from the master (v3) or our own. */
      readonly masterIntervalMs: number;
      readonly master?: MasterSeen;
      /** Set by the first lower-priority advertisement under preempt_delay: until then the lower one is tolerated. */
      readonly preemptAt?: number;
      /** What a timer that runs out now would mean. */
      readonly expiry: Extract<VrrpReason, 'master-down' | 'master-lost' | 'master-resigned' | 'preempting'>;
      /** With the expiry `master-lost`: who says so, and why. */
      readonly lost?: string;
      readonly hasDrained: boolean;
      /** It handed over to this master, and leaves it alone although its own priority is higher. */
      readonly isYielding?: true;
    }
  | {
      readonly kind: 'master';
      readonly priority: number;
      readonly advertAt: number;
      /** When the last extra advertisement answered a lower priority. */
      readonly answeredAt: number;
      readonly hasDrained: boolean;
    }
  /** Has said priority 0 and answers on its addresses until its successor does: a hand-over without a gap. */
  | {
      readonly kind: 'resigning';
      readonly priority: number;
      readonly why: 'shutdown' | 'removed' | 'handover';
      /** When the addresses go, or, in a hand-over that nobody answers, when it is master again. */
      readonly until: number;
      /** The router that has taken over. */
      readonly successor?: MasterSeen & { readonly intervalMs: number };
    }
  | { readonly kind: 'fault'; readonly priority: number };

export type Event =
  | { readonly kind: 'start' }
  | { readonly kind: 'stop'; readonly reason: 'shutdown' | 'removed' }
  /** Give mastership to another router, and take it back where none wants it. */
  | { readonly kind: 'handOver' }
  | { readonly kind: 'timer' }
  /** The pacemaker heard the last advertisement again, the last time at `at`. */
  | { readonly kind: 'heard'; readonly at: number }
  /** The pacemaker has advertised on schedule, and will again at `nextAt`. */
  | { readonly kind: 'advertised'; readonly nextAt: number }
  /** This router did not act for so long that the pacemaker has resigned for it. */
  | { readonly kind: 'lapsed'; readonly afterMs: number }
  | {
      readonly kind: 'advert';
      readonly source: string;
      readonly priority: number;
      readonly intervalMs: number;
      /** Our own source address, for the comparison of equal priorities. */
      readonly ownSource: string;
    }
  | { readonly kind: 'priority'; readonly priority: number }
  /** Something faster than advertisements says that the router at this address is dead, or out of reach. */
  | { readonly kind: 'masterLost'; readonly address: string; readonly why: string }
  | { readonly kind: 'hold'; readonly until: number }
  | { readonly kind: 'fault'; readonly why: string }
  | { readonly kind: 'faultCleared' }
  | { readonly kind: 'addressLost'; readonly address: string };

/** A router that resigns is master to the world until it has let go. */
export type VisibleState = Exclude<State['kind'], 'resigning'>;

export type Effect =
  /** Priority 0 says that this router resigns. */
  | { readonly kind: 'sendAdvert'; readonly priority: number }
  | { readonly kind: 'addAddresses' }
  | { readonly kind: 'removeAddresses' }
  /** Gratuitous ARP and unsolicited neighbour advertisements again: another router claimed the addresses. */
  | { readonly kind: 'announceAgain' }
  | { readonly kind: 'lowerPriorityReceived'; readonly source: string; readonly priority: number }
  | { readonly kind: 'masterSeen'; readonly master: MasterSeen | undefined }
  | {
      readonly kind: 'transitioned';
      readonly from: VisibleState;
      readonly to: VisibleState | 'stopped';
      readonly reason: VrrpReason;
      readonly detail: string;
    };

/** An event, and when it happened where that was not just now. */
export interface Occurrence {
  readonly event: Event;
  readonly at?: number;
}

export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
}

export type Backup = Extract<State, { kind: 'backup' }>;
export type Master = Extract<State, { kind: 'master' }>;
export type Resigning = Extract<State, { kind: 'resigning' }>;
export type AdvertEvent = Extract<Event, { kind: 'advert' }>;

/** Nothing changes but what is named. */
export function stay(state: State, ...effects: readonly Effect[]): Step {
  return { state, effects };
}

export function visible({ kind }: State): VisibleState {
  return kind === 'resigning' ? 'master' : kind;
}

export function transitioned(from: State, to: VisibleState | 'stopped', reason: VrrpReason, detail: string): Effect {
  return { kind: 'transitioned', from: visible(from), to, reason, detail };
}
