/** How one check stands, and what a verdict makes of it: pure. Used by the checking loop. */
import type { CheckState, Verdict } from '@mainstay/sdk';

export interface Standing {
  readonly isUp: boolean;
  /** A verdict has counted since the check began. */
  readonly isSettled: boolean;
  /** A verdict has counted at some time, perhaps in an earlier life or of another content; false: it is only believed. */
  readonly isKnown: boolean;
  /** Failed attempts in a row that do not count yet. */
  readonly failures: number;
  /** Of one that is down: successes in a row that do not count yet. */
  readonly successes: number;
  readonly weight?: number;
  readonly adjust?: number;
  readonly reason: string;
  /** Why this host could not make a probe since then. */
  readonly unprobed?: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

/** How often in a row a verdict must come to count. */
export interface Patience {
  /** Failures that do not count; one more does. */
  readonly retry: number;
  /** Successes that count. */
  readonly rise: number;
}

export interface Judgement {
  readonly standing: Standing;
  readonly turn?: 'up' | 'down';
  /** Something that its owner has not been told. */
  readonly isNews: boolean;
  /** The failure does not count yet: the next attempt follows after `delay_before_retry`. */
  readonly isRetrying: boolean;
}

const notYet = 'it has not been checked yet';
const none = { failures: 0, successes: 0 } as const;

/** Before the first verdict: what is believed, or what was known in an earlier life. */
export function standingAtStart(initial: 'up' | 'down', known: CheckState | undefined, isSettled: boolean, at: number): Standing {
  if (known === undefined)
    return { isUp: initial === 'up', isSettled: false, isKnown: false, ...none, reason: notYet, since: at };
  const { isUp, weight, adjust, reason, since } = known;
  return { isUp, isSettled, isKnown: true, ...none, reason, since, ...wishOf({ weight, adjust }) };
}

/** Those of many checks that begin together are one object each: most are not probed for a while. */
export class Beginnings {
  readonly #last: Partial<Record<'up' | 'down', Standing>> = {};

  of(initial: 'up' | 'down', at: number): Standing {
    const last = this.#last[initial];
    if (last?.since === at) return last;
    const next = standingAtStart(initial, undefined, false, at);
    this.#last[initial] = next;
    return next;
  }
}

/** It starts anew with other content: the state stays until the first verdict, which counts at once. */
export function renewed(standing: Standing): Standing {
  return { ...standing, isSettled: false, ...none };
}

/** It is asked the same as before, at another pace: what was found out counts, failed attempts too, and at most one is left to come. */
export function repaced(standing: Standing, { retry, rise = 1 }: { readonly retry: number; readonly rise?: number }): Standing {
  const { failures, successes } = standing;
  return { ...standing, failures: Math.min(failures, retry), successes: Math.min(successes, rise - 1) };
}

/** Probes pause for a while: what follows is in no row with what came before. */
export function interrupted(standing: Standing): Standing {
  return { ...standing, ...none };
}

/**
 * Before a check is down it fails `retry` more times; its very first verdict counts without that, because nothing better is known of
 * the server than a belief. Before it is up it succeeds `rise` times, also where it is only believed to be down. A probe that this host could
 * not make changes nothing of that.
 */
export function judge(before: Standing, verdict: Verdict, { retry, rise }: Patience, at: number): Judgement {
  if (!verdict.ok && verdict.isUnprobed === true)
    return { standing: { ...before, unprobed: verdict.reason }, isNews: false, isRetrying: false };
  const standing = before.unprobed === undefined ? before : probed(before);
  if (verdict.ok) return succeeded(standing, verdict, rise, at);
  const { reason } = verdict;
  if (!standing.isUp) {
    const next = { ...standing, isSettled: true, isKnown: true, ...none, reason };
    return { standing: next, isNews: !standing.isSettled, isRetrying: false };
  }
  const failures = standing.failures + 1;
  if (standing.isSettled && failures <= retry) return { standing: { ...standing, failures }, isNews: false, isRetrying: true };
  const next: Standing = { isUp: false, isSettled: true, isKnown: true, ...none, reason, since: at };
  return { standing: next, turn: 'down', isNews: true, isRetrying: false };
}

function probed({ unprobed: _, ...standing }: Standing): Standing {
  return standing;
}

function succeeded(standing: Standing, verdict: Extract<Verdict, { ok: true }>, rise: number, at: number): Judgement {
  const { detail = 'it works', weight, adjust } = verdict;
  const successes = standing.successes + 1;
  if (!standing.isUp && successes < rise) {
    const reason = `it has succeeded ${successes} of ${rise} times: ${detail}`;
    return { standing: { ...standing, successes, reason }, isNews: false, isRetrying: false };
  }
  const isSame = standing.isUp && standing.weight === weight && standing.adjust === adjust;
  const since = standing.isUp ? standing.since : at;
  const next: Standing = { isUp: true, isSettled: true, isKnown: true, ...none, reason: detail, since, ...wishOf(verdict) };
  return {
    standing: next,
    ...(!standing.isUp && { turn: 'up' }),
    isNews: !isSame || !standing.isSettled,
    isRetrying: false,
  };
}

function wishOf({ weight, adjust }: { readonly weight?: number | undefined; readonly adjust?: number | undefined }) {
  return { ...(weight !== undefined && { weight }), ...(adjust !== undefined && { adjust }) };
}

export function stateOf(id: string, { isUp, reason, since, weight, adjust }: Standing): CheckState {
  return { id, isUp, reason, since, ...wishOf({ weight, adjust }) };
}
