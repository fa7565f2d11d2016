/**
 * Which URLs a probe asks for, when a checker has several. Pure; used by check.ts. A server that works is asked for one URL in each
 * probe, in turn. At the start all of them are asked for at once. After a failure the failed one comes first, and the server is down
 * until each has succeeded once.
 */

export interface Round {
  /** Whose turn it is while the server works. */
  readonly next: number;
  /** The last probe failed at this one. */
  readonly failed?: number;
  /** Still to succeed before the server is up again. */
  readonly pending: readonly number[];
  /** All that are pending are asked for in one probe: nobody knows anything of the server yet. */
  readonly isStart: boolean;
}

export function firstRound(count: number): Round {
  return { next: 0, pending: rotation(0, count), isStart: true };
}

export interface Turn {
  /** In this order, until one fails. */
  readonly urls: readonly number[];
  readonly round: Round;
}

/** `attempt` of the probe: 1 after a failure says that the failure has counted, and the server is down. */
export function turnOf(round: Round, { attempt, count, isFast }: { attempt: number; count: number; isFast: boolean }): Turn {
  const { failed, pending, isStart } = round;
  if (failed !== undefined && attempt === 1) {
    const all = rotation(failed, count);
    return { urls: isFast ? all : [failed], round: { next: failed, pending: all, isStart: false } };
  }
  if (pending.length > 0) return { urls: isStart || isFast ? pending : pending.slice(0, 1), round };
  return { urls: [failed ?? round.next], round };
}

export function succeeded({ pending, isStart }: Round, url: number, count: number): Round {
  const left = pending.filter((one) => one !== url);
  return { next: (url + 1) % count, pending: left, isStart: isStart && left.length > 0 };
}

/** Whatever has succeeded meanwhile is to be shown again. */
export function failed({ pending, isStart }: Round, url: number, count: number): Round {
  return { next: url, failed: url, pending: pending.length > 0 ? rotation(url, count) : [], isStart };
}

function rotation(first: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => (first + i) % count);
}
