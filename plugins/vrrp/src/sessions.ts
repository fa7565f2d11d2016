/**
 * BFD sessions as virtual routers see them: what is known of each, and what that means for one that tracks them (keepalived's track_bfd).
 * Fed by index.ts with what the bfd plugin has decided; read by faults.ts, priority.ts and manager.ts.
 */
import type { BfdDecided } from '@mainstay/sdk';
import { type PriorityPart, weightThatApplies } from './tracking.js';

/** A session whose state is tracked; weight 0: a router does not serve while it is down. */
export interface TrackedSession {
  readonly name: string;
  readonly weight: number;
  readonly isReversed: boolean;
}

/** What a bfd_instance says about its clients. */
export interface SessionTerms {
  readonly servesVrrp: boolean;
  /** Kept down by the operator: it never comes up. */
  readonly isShut: boolean;
  /** For those who track it and do not say. */
  readonly weight?: { readonly value: number; readonly isReversed: boolean };
}

/** Of a session of which nothing was heard: undefined. */
export type SessionOf = (name: string) => Pick<BfdDecided, 'isUp' | 'why'> | undefined;

export class Sessions {
  private readonly states = new Map<string, BfdDecided>();

  /** Answers what that changes: `lost` is a session that was known to be up, and of whose neighbour nothing is heard. */
  hear(decided: BfdDecided): 'lost' | 'changed' | 'same' {
    const before = this.states.get(decided.session);
    this.states.set(decided.session, decided);
    if (before?.isUp === decided.isUp) return 'same';
    return before?.isUp === true && decided.isSilent ? 'lost' : 'changed';
  }

  /** What is not configured any more is not known any more: a session of the same name may be another one. */
  keepOnly(names: ReadonlySet<string>): void {
    for (const name of this.states.keys()) if (!names.has(name)) this.states.delete(name);
  }

  readonly of: SessionOf = (name) => this.states.get(name);
}

/** keepalived: a session must be up before an instance may serve that tracks it without a weight. */
export function sessionFaults(tracked: readonly TrackedSession[], sessionOf: SessionOf): readonly string[] {
  return tracked.flatMap(({ name, weight, isReversed }) => {
    if (weight !== 0) return [];
    const session = sessionOf(name);
    if ((session?.isUp ?? false) !== isReversed) return [];
    return [`BFD session ${name} ${stateOf(session)}`];
  });
}

export function sessionWeights(tracked: readonly TrackedSession[], sessionOf: SessionOf): readonly PriorityPart[] {
  return tracked.flatMap(({ name, weight, isReversed }) => {
    const session = sessionOf(name);
    const delta = weightThatApplies(weight, isReversed, session?.isUp ?? false);
    return delta === 0 ? [] : [{ source: `track_bfd ${name}`, delta, why: `${name} ${stateOf(session)}` }];
  });
}

function stateOf(session: ReturnType<SessionOf>): string {
  if (session === undefined) return 'has not come up yet';
  return session.isUp ? 'is up' : `is down: ${session.why}`;
}
