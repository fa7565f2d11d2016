/** Hook points of the VRRP state machine (RFC 9568 section 6), called by the vrrp plugin. */
import type { Adjust, Guard, HookEntry, Observe } from './kinds.js';

/**
 * State of a virtual router. `initialize`, `backup` and `master` are the RFC's (RFC 9568 calls master "Active"); `fault` is
 * keepalived's: the router cannot serve. `stopped` and `deleted` end an instance's life (clean stop; removed by a reload).
 */
export type VrrpState = 'initialize' | 'backup' | 'master' | 'fault' | 'stopped' | 'deleted';

/** Why a virtual router changed state. */
export type VrrpReason =
  | 'startup'
  | 'address-owner'
  | 'master-down'
  | 'master-lost'
  | 'master-resigned'
  | 'preempted'
  | 'preempting'
  | 'fault'
  | 'fault-cleared'
  | 'address-lost'
  | 'stalled'
  | 'handover'
  | 'shutdown'
  | 'removed';

/** Identity of a virtual router, part of every VRRP payload. */
export interface VrrpIdentity {
  /** Name of the vrrp_instance. */
  readonly instance: string;
  readonly interface: string;
  /** Virtual router id, 1..255. */
  readonly virtualRouterId: number;
  readonly family: 4 | 6;
}

export interface VrrpTransitioned extends VrrpIdentity {
  readonly from: VrrpState;
  readonly to: VrrpState;
  readonly reason: VrrpReason;
  /** A sentence for the operator: what exactly happened. */
  readonly detail: string;
  /** Effective priority at the moment of the transition, 0..255. */
  readonly priority: number;
  /** Wall-clock time, milliseconds since the epoch. */
  readonly at: number;
}

export interface VrrpPriorityChanged extends VrrpIdentity {
  readonly state: VrrpState;
  readonly from: number;
  readonly to: number;
  readonly at: number;
}

export interface VrrpLowerPriorityReceived extends VrrpIdentity {
  readonly peer: string;
  readonly peerPriority: number;
  readonly priority: number;
  readonly at: number;
}

export interface VrrpAdvert extends VrrpIdentity {
  readonly direction: 'received' | 'sent';
  readonly version: 2 | 3;
  readonly priority: number;
  readonly source: string;
  readonly destination: string;
  /** Advertisement interval carried in the packet, milliseconds. */
  readonly intervalMs: number;
  readonly at: number;
}

export interface VrrpPeerChanged extends VrrpIdentity {
  /** Address of the router that sends as master. */
  readonly peer: string;
  readonly change: 'appeared' | 'changed' | 'vanished';
  readonly priority: number;
  readonly at: number;
}

export interface VrrpPriorityQuestion extends VrrpIdentity {
  /** Configured priority plus what tracking says. */
  readonly configured: number;
}

export interface VrrpMastershipQuestion extends VrrpIdentity {
  readonly reason: VrrpReason;
  readonly priority: number;
}

/** A guard's answer: hold this router out of mastership for at most `forMs` milliseconds. */
export interface Hold {
  readonly why: string;
  readonly forMs: number;
}

export interface VrrpHooks {
  'vrrp.transitioned': Observe<VrrpTransitioned>;
  'vrrp.mayBecomeMaster': Guard<VrrpMastershipQuestion, Hold>;
  'vrrp.priority': Adjust<number, VrrpPriorityQuestion>;
  'vrrp.priorityChanged': Observe<VrrpPriorityChanged>;
  'vrrp.advert': Observe<VrrpAdvert>;
  'vrrp.peerChanged': Observe<VrrpPeerChanged>;
  'vrrp.lowerPriorityReceived': Observe<VrrpLowerPriorityReceived>;
}

const observed = {
  kind: 'observe',
  owner: 'vrrp',
  key: 'vrrp_instance',
  since: '0.1.0',
  tappedFrom: 'any lane',
  needsConsent: false,
  deadlineMs: 3000,
} as const;

export const vrrpEntries: { [Name in keyof VrrpHooks]: HookEntry<VrrpHooks[Name]['kind']> } = {
  'vrrp.transitioned': {
    ...observed,
    summary: 'A virtual router changed state; the effects (addresses, adverts) are under way.',
    stability: 'stable',
    isRemembered: true,
  },
  'vrrp.mayBecomeMaster': {
    kind: 'guard',
    owner: 'vrrp',
    summary: 'A virtual router is about to become master by its own decision; an answer holds it back for a bounded time.',
    key: 'vrrp_instance',
    stability: 'beta',
    since: '0.1.0',
    tappedFrom: "the owner's lane",
    needsConsent: true,
    deadlineMs: 1,
  },
  'vrrp.priority': {
    kind: 'adjust',
    owner: 'vrrp',
    summary:
      'The effective priority is computed; taps add to or take from it. Never asked for an address owner (255); clamped to 1..254.',
    key: 'vrrp_instance',
    stability: 'stable',
    since: '0.1.0',
    tappedFrom: "the owner's lane",
    needsConsent: false,
    deadlineMs: 1,
  },
  'vrrp.priorityChanged': { ...observed, summary: 'The effective priority of a virtual router changed.', stability: 'stable' },
  'vrrp.advert': { ...observed, summary: 'An advertisement was sent, or received and accepted.', stability: 'beta' },
  'vrrp.peerChanged': {
    ...observed,
    summary: 'Another router began to advertise as master, changed its priority, or fell silent.',
    stability: 'beta',
  },
  'vrrp.lowerPriorityReceived': {
    ...observed,
    summary: 'A master heard an advertisement of lower priority: another router believes it is master.',
    stability: 'stable',
  },
};
