/** When a real server was probed last, and when it will be next, over all of its checks. Pure; used by report.ts and explain.ts. */
import type { CheckReport } from '@mainstay/sdk';

/** Milliseconds since the epoch. */
export interface ProbeTimes {
  /** When the last probe began; undefined: there was none yet. */
  readonly last: number | undefined;
  /** Undefined: none is planned; each is under way, suspended, or nobody makes it. */
  readonly next: number | undefined;
}

export function probeTimes(reports: readonly (CheckReport | undefined)[]): ProbeTimes {
  let last: number | undefined;
  let next: number | undefined;
  for (const report of reports) {
    const { lastProbeAt = last, nextProbeAt = next } = report ?? {};
    if (lastProbeAt !== undefined) last = Math.max(lastProbeAt, last ?? lastProbeAt);
    if (nextProbeAt !== undefined) next = Math.min(nextProbeAt, next ?? nextProbeAt);
  }
  return { last, next };
}
