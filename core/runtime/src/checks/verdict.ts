/** What a checker answered, as a verdict: whatever it is, one comes out of it. Called by the prober. */
import { failure, type Verdict } from '@mainstay/sdk';
import { printable } from '../config/printable.js';

export const timedOut: Verdict = Object.freeze({ ok: false, reason: 'timeout' });

/** Reasons and details go to logs, to status and over channels: bounded, and nothing that moves the cursor. */
export function verdictOf(answer: unknown, keyword: string): Verdict {
  try {
    return readVerdict(answer, keyword);
  } catch (error) {
    return failureOf(error, keyword);
  }
}

function readVerdict(answer: unknown, keyword: string): Verdict {
  const { ok, reason, isUnprobed, detail, weight, adjust } = (answer ?? {}) as Readonly<Record<string, unknown>>;
  if (ok === false && (reason === undefined || typeof reason === 'string')) {
    const why = reason ? printable(reason) : `the checker ${keyword} gives no reason`;
    return { ok, reason: why, ...(isUnprobed === true && { isUnprobed }) };
  }
  const isSane = (detail === undefined || typeof detail === 'string') && isNumber(weight, 0) && isNumber(adjust);
  if (ok !== true || !isSane) return garbage(answer, keyword);
  return {
    ok,
    ...(detail !== undefined && { detail: printable(detail) }),
    ...(weight !== undefined && { weight: weight as number }),
    ...(adjust !== undefined && { adjust: adjust as number }),
  };
}

/** It threw, or rejected. */
export function failureOf(error: unknown, keyword: string): Verdict {
  try {
    const verdict = failure(error);
    if (verdict.reason !== '') return { ...verdict, reason: printable(verdict.reason) };
  } catch {
    // Even the text of what was thrown is the checker's code.
  }
  return { ok: false, reason: `the checker ${keyword} failed without a message` };
}

function isNumber(value: unknown, least = Number.NEGATIVE_INFINITY): boolean {
  return value === undefined || (typeof value === 'number' && Number.isFinite(value) && value >= least);
}

function garbage(answer: unknown, keyword: string): Verdict {
  let text: string;
  try {
    text = printable(JSON.stringify(answer) ?? String(answer));
  } catch {
    text = 'something';
  }
  return { ok: false, reason: `the checker ${keyword} answered ${text} where up() or down(reason) is expected` };
}
