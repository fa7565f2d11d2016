/**
 * Plugins that a reload moves from one lane to another, because of `isolated` or `lane` of their block: pure. What they have in the kernel
 * is taken over by their next process, so the present one must have ended before, and leave it where it is. Used by reload.ts.
 */
import { type LanePlan, pluginsOf } from '../lanes/plan.js';
import { type Turn, turnOf, turns } from './start-order.js';

/** Lanes that end together before any of them begins anew. */
export interface Move {
  /** Names of the lanes that plugins leave or come to. */
  readonly lanes: ReadonlySet<string>;
  /** Of a reload: the last one of all these lanes, so that those are there who hear of them. */
  readonly turn: Turn;
}

/** `present`: what runs, by lane. Lanes that have a plugin that moves in common, also by way of others, are one move. */
export function movesOf(present: readonly LanePlan[], wanted: readonly LanePlan[]): readonly Move[] {
  let moves: readonly Move[] = [];
  for (const from of present) {
    for (const plugin of from.plugins.filter(({ manifest }) => actsIn(from, manifest.leaves))) {
      const to = wanted.find((plan) => plan.lane !== from.lane && pluginsOf(plan).has(plugin.name));
      if (to !== undefined) moves = joined(moves, from, to);
    }
  }
  return moves;
}

/**
 * Two processes of it must not be at work at once. Those that only hear of others, and leave nothing, live on beside their successors until
 * they have heard the last.
 */
function actsIn(lane: LanePlan, leaves: string | undefined): boolean {
  return leaves !== undefined || turnOf(lane) !== turns.at(-1);
}

function joined(moves: readonly Move[], from: LanePlan, to: LanePlan): readonly Move[] {
  const touches = ({ lanes }: Move) => lanes.has(from.lane) || lanes.has(to.lane);
  const touched = moves.filter(touches);
  const lanes = new Set([from.lane, to.lane, ...touched.flatMap((move) => [...move.lanes])]);
  const last = Math.min(turnOf(from), turnOf(to), ...touched.map(({ turn }) => turn));
  const turn = turns.find((one) => one === last) ?? 0;
  return [...moves.filter((move) => !touches(move)), { lanes, turn }];
}
