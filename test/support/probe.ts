/** One probe of a checker on the real ports of Linux, in real time. */
import { openPorts } from '@mainstay/core';
import type { Checker, CheckTarget, Fields, PortName, Verdict } from '@mainstay/sdk';
import { runChecker } from '@mainstay/testing';

export interface Probed {
  readonly verdict: Verdict;
  readonly durationMs: number;
}

/** `config`: keywords of its block. */
export async function probe<F extends Fields>(
  checker: Checker<F>,
  target: Partial<CheckTarget>,
  config = '',
  deadlineMs = 2000,
): Promise<Probed> {
  const ports = await openPorts(new Set<PortName>(checker.needs ?? []), () => {});
  const text = `${checker.keyword} {\n${config}\n}`;
  return runChecker(checker, { config: text, target: { address: '127.0.0.1', ...target }, ports, time: 'real', deadlineMs });
}

/** `up: DETAIL` or `down: REASON`. */
export function inShort({ verdict }: Probed): string {
  return verdict.ok ? `up: ${verdict.detail ?? ''}` : `down: ${verdict.reason}`;
}
