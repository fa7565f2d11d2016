/**
 * The order of the taps of one hook: by phase, then by the wishes before and after, then by load order. Pure and
 * deterministic; called by the bus when it freezes, once for every set of taps that meet in one call.
 */
import { MainstayError, phases } from '@mainstay/sdk';
import type { TapDeclaration } from './declaration.js';

/** A tap in its place, with the reason for the place in words. */
export interface OrderedTap {
  readonly tap: TapDeclaration;
  readonly reason: string;
}

/** Throws HOOK_ORDER_CYCLE where the wishes contradict each other or the phases. */
export function orderTaps(taps: readonly TapDeclaration[]): readonly OrderedTap[] {
  const inLoadOrder = [...taps].sort((a, b) => a.sequence - b.sequence);
  for (const tap of inLoadOrder) checkAcrossPhases(tap, inLoadOrder);
  return phases.flatMap((phase) => orderPhase(inLoadOrder.filter((tap) => tap.phase === phase)));
}

/** Taps of one phase: repeatedly takes the earliest loaded tap whose predecessors have all been taken. */
function orderPhase(taps: readonly TapDeclaration[]): readonly OrderedTap[] {
  const waiting = new Map(taps.map((tap) => [tap, predecessors(tap, taps)]));
  const ordered: OrderedTap[] = [];
  while (waiting.size > 0) {
    const next = [...waiting].find(([, before]) => before.every((tap) => !waiting.has(tap)));
    if (next === undefined) throw cycle([...waiting.keys()]);
    waiting.delete(next[0]);
    ordered.push({ tap: next[0], reason: reasonFor(next[0], taps) });
  }
  return ordered;
}

function predecessors(tap: TapDeclaration, taps: readonly TapDeclaration[]): readonly TapDeclaration[] {
  return taps.filter((other) => tap.after.includes(other.plugin) || other.before.includes(tap.plugin));
}

function reasonFor(tap: TapDeclaration, taps: readonly TapDeclaration[]): string {
  const here = new Set(taps.map((other) => other.plugin));
  const wishes = [
    ...tap.after.filter((name) => here.has(name)).map((name) => `after ${name}`),
    ...tap.before.filter((name) => here.has(name)).map((name) => `before ${name}`),
    ...taps.filter((other) => other.before.includes(tap.plugin)).map((other) => `${other.plugin} asked to run before it`),
    ...taps.filter((other) => other.after.includes(tap.plugin)).map((other) => `${other.plugin} asked to run after it`),
  ];
  return [`phase ${tap.phase}`, ...(wishes.length > 0 ? [...new Set(wishes)] : ['load order'])].join('; ');
}

function checkAcrossPhases(tap: TapDeclaration, taps: readonly TapDeclaration[]): void {
  const rank = (t: TapDeclaration) => phases.indexOf(t.phase);
  const wrong =
    taps.find((other) => tap.after.includes(other.plugin) && rank(other) > rank(tap)) ??
    taps.find((other) => tap.before.includes(other.plugin) && rank(other) < rank(tap));
  if (wrong === undefined) return;
  const wish = tap.after.includes(wrong.plugin) ? 'after' : 'before';
  const message =
    `plugin ${tap.plugin} taps ${tap.hook} in the phase ${tap.phase} and asks to run ${wish} ${wrong.plugin}, ` +
    `which taps it in the phase ${wrong.phase}`;
  throw new MainstayError('HOOK_ORDER_CYCLE', message, 'choose the phase and the wish so that they agree');
}

function cycle(left: readonly TapDeclaration[]): MainstayError {
  const names = cyclePath(left).map((tap) => tap.plugin);
  const chain = [...names, names[0]].join(' before ');
  const message = `the taps of ${left[0]?.hook} cannot be ordered: ${chain}`;
  return new MainstayError('HOOK_ORDER_CYCLE', message, 'remove one of these before/after wishes');
}

/** One cycle among taps of which each has a predecessor: walk backwards until a tap repeats. */
function cyclePath(taps: readonly TapDeclaration[]): readonly TapDeclaration[] {
  const path: TapDeclaration[] = [];
  let tap = taps[0];
  while (tap !== undefined && !path.includes(tap)) {
    path.push(tap);
    tap = predecessors(tap, taps)[0];
  }
  return path.slice(tap === undefined ? 0 : path.indexOf(tap)).reverse();
}
