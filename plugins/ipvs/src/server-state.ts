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
  // Few checks have a say, and there may be a hundred thousand of them.
  if (!checks.some(({ state: { isUp, weight, adjust } }) => isUp && (weight !== undefined || adjust !== undefined))) return own;
  const added = checks.flatMap(({ checker, state }): WeightPart[] => {
    const parts: WeightPart[] = [];
    if (!state.isUp) return parts;
    if (state.adjust !== undefined && state.adjust !== 0)
      parts.push({ source: checker, delta: state.adjust, why: 'the check adds it' });
    if (state.weight !== undefined && state.weight !== configured)
      parts.push({ source: checker, delta: state.weight - configured, why: `the check asks for a weight of ${state.weight}` });
    return parts;
  });
  return [...own, ...added];
}

let lastConfigured: readonly WeightPart[] = [];

/** One object for all servers in a row that are configured alike. */
function configuredPart(delta: number): readonly WeightPart[] {
  if (lastConfigured[0]?.delta !== delta) lastConfigured = [{ source: 'configuration', delta, why: 'configured' }];
  return lastConfigured;
}

export function sumOf(parts: readonly WeightPart[]): number {
  return parts.reduce((sum, { delta }) => sum + delta, 0);
}

/** Every check must agree; a server without checks works. */
export function isUp(checks: readonly CheckView[]): boolean {
  return checks.every((check) => check.isUp);
}
