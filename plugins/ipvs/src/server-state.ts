/** Whether a real server works and what it weighs, from what its checks say. Pure; used by pool.ts. */
import type { CheckState } from '@mainstay/sdk';

/** What of a check counts. */
export type CheckView = Pick<CheckState, 'isUp' | 'weight' | 'adjust'>;

export const largestWeight = 2 ** 31 - 1;

export function clampWeight(weight: number): number {
  return Number.isFinite(weight) ? Math.min(largestWeight, Math.max(0, Math.round(weight))) : 0;
}

/** One thing that makes a weight what it is. */
export interface WeightPart {
  readonly source: string;
  readonly delta: number;
  readonly why: string;
}

/**
 * What the checks add. A check that asks for an absolute weight adds what lies between the configured weight and that, so that two
 * such checks add up, as in keepalived.
 */
export function weightParts(
  configured: number,
  checks: readonly { readonly id: string; readonly checker: string; readonly state: CheckView }[],
): readonly WeightPart[] {
  const own = configuredPart(configured);
  let parts: WeightPart[] | undefined;
  for (const { checker, state } of checks) {
    const { isUp, weight, adjust } = state;
    if (!isUp) continue;
    if (adjust !== undefined && adjust !== 0) {
      parts ??= [...own];
      parts.push({ source: checker, delta: adjust, why: 'the check adds it' });
    }
    if (weight !== undefined && weight !== configured) {
      parts ??= [...own];
      parts.push({ source: checker, delta: weight - configured, why: `the check asks for a weight of ${weight}` });
    }
  }
  return parts ?? own;
}

let lastConfigured: readonly WeightPart[] = [];

/** One object for all servers in a row that are configured alike. */
function configuredPart(delta: number): readonly WeightPart[] {
  if (lastConfigured[0]?.delta !== delta) lastConfigured = [{ source: 'configuration', delta, why: 'configured' }];
  return lastConfigured;
}

export function sumOf(parts: readonly WeightPart[]): number {
  let sum = 0;
  for (const { delta } of parts) sum += delta;
  return sum;
}
