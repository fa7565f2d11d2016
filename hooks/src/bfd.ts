/** Hook points of Bidirectional Forwarding Detection (RFC 5880), called by the bfd plugin. */
import type { Adjust, HookEntry, Observe } from './kinds.js';

/** Session states of RFC 5880 section 6.2. */
export type BfdState = 'adminDown' | 'down' | 'init' | 'up';

export interface BfdChanged {
  /** Name of the bfd_instance. */
  readonly session: string;
  readonly peer: string;
  readonly from: BfdState;
  readonly to: BfdState;
  /** Diagnostic code of RFC 5880 section 4.1. */
  readonly diagnostic: number;
  readonly at: number;
}

/** What the clients of a session go by from now on: the state after `bfd.clientDecision`. */
export interface BfdDecided {
  /** Name of the bfd_instance. */
  readonly session: string;
  /** Address of the neighbour. */
  readonly peer: string;
  /** The path works. */
  readonly isUp: boolean;
  /**
   * The session has been Up since the bfd plugin began to keep it. False with `isUp` false: it did not come up again after a restart, which
   * is news only to those who knew it Up before.
   */
  readonly hasBeenUp: boolean;
  /** Nothing was heard of the neighbour for the detection time: it, or the way to it, is dead. False where it said itself that it is down. */
  readonly isSilent: boolean;
  readonly why: string;
  /** Wall-clock time, milliseconds since the epoch. */
  readonly at: number;
}

/** What a client of a session (VRRP tracking, a checker) should make of a change (RFC 5882 section 4). */
export interface BfdDecision {
  readonly act: boolean;
  readonly why: string;
}

export interface BfdHooks {
  'bfd.changed': Observe<BfdChanged>;
  'bfd.decided': Observe<BfdDecided>;
  'bfd.clientDecision': Adjust<BfdDecision, BfdChanged>;
}

const common = { owner: 'bfd', key: 'bfd_instance', since: '0.1.0', stability: 'experimental', needsConsent: false } as const;

export const bfdEntries: { [Name in keyof BfdHooks]: HookEntry<BfdHooks[Name]['kind']> } = {
  'bfd.changed': { ...common, kind: 'observe', summary: 'A session changed state.', tappedFrom: 'any lane', deadlineMs: 3000 },
  'bfd.decided': {
    ...common,
    kind: 'observe',
    summary: 'Those who track a session have another state to go by.',
    tappedFrom: 'any lane',
    isRemembered: true,
    deadlineMs: 3000,
  },
  'bfd.clientDecision': {
    ...common,
    kind: 'adjust',
    summary: "Whether a session's change is a failure for those who track it.",
    tappedFrom: "the owner's lane",
    deadlineMs: 1,
  },
};
