/** Hook points of the health checkers, called by the checking loop on behalf of each checker plugin. */
import type { HookEntry, Observe, Shape } from './kinds.js';

/** Which checker of which real server an event is about, in the words of the configuration. */
export interface CheckerIdentity {
  /** Keyword of the checker block, such as `TCP_CHECK`. */
  readonly checker: string;
  readonly virtualServer: string;
  readonly realServer: string;
}

/**
 * What one probe found. `weight` asks for that absolute weight of the real server, `adjust` is added to its configured one. `isUnprobed`: this
 * host could not make the probe, which says nothing of the server: it stays as it is.
 */
export type Verdict =
  | { readonly ok: true; readonly detail?: string; readonly weight?: number; readonly adjust?: number }
  | { readonly ok: false; readonly reason: string; readonly isUnprobed?: true };

export interface CheckerResult extends CheckerIdentity {
  readonly verdict: Verdict;
  readonly durationMs: number;
  readonly at: number;
}

export interface CheckerChanged extends CheckerIdentity {
  readonly to: 'up' | 'down';
  readonly reason: string;
  readonly at: number;
}

export interface CheckerHooks {
  'checker.result': Observe<CheckerResult>;
  'checker.changed': Observe<CheckerChanged>;
  'checker.verdict': Shape<Verdict, CheckerIdentity>;
}

const common = {
  owner: 'checkers',
  key: 'real_server',
  since: '0.1.0',
  stability: 'experimental',
  tappedFrom: 'any lane',
  needsConsent: false,
} as const;

export const checkerEntries: { [Name in keyof CheckerHooks]: HookEntry<CheckerHooks[Name]['kind']> } = {
  'checker.result': { ...common, kind: 'observe', summary: 'One probe of a real server ended.', deadlineMs: 3000 },
  'checker.changed': { ...common, kind: 'observe', summary: 'A checker turned up or down after its retries.', deadlineMs: 3000 },
  'checker.verdict': {
    ...common,
    kind: 'shape',
    summary: 'The verdict of a probe, before it counts. Asked in the lane of the checker.',
    tappedFrom: "the owner's lane",
    deadlineMs: 1000,
  },
};
