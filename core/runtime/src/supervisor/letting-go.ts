/**
 * How what a new configuration does not have leaves the kernel where the lane that put it there is replaced in the same reload: a process
 * must know both configurations to find out what is gone. Where none does, what may stay is named. Used by replacing.ts and reloads.ts.
 */
import type { SourceTree } from '@mainstay/sdk';
import { isSameTree, packTree, partOfTree } from '../config/packed/packed-tree.js';
import type { LanePlan } from '../lanes/plan.js';
import type { Footing } from './footing.js';
import type { LaneHandle } from './lane-handle.js';
import type { Say } from './one-reload.js';
import { alteredBlocks, withoutRemoved } from './removed.js';
import { byHand, tellLeftovers } from './stopping.js';

/** How long a lane may take for a reload, in milliseconds. */
export const reloadMs = 20_000;
/** Of the objects that may be left behind, so many are named. */
const mostNamed = 10;

/** Bytes of a packed configuration, of which a statement has a dozen, that are compared block by block in a few tenths of a second. */
const mostCompared = 200_000;

/** Who knows the words of both configurations: the processes that are there, those that come after them, or nobody. */
export type Knowing = 'present' | 'next' | 'nobody';

/**
 * Words of plugins that a program does not have are passed over in a lane: it would take a server whose checker it does not know for one
 * without a check. So only a program with all plugins of the other one is trusted with both configurations. Later versions know the words of
 * earlier ones.
 */
export function whoKnowsBoth(present: readonly LanePlan[], next: readonly LanePlan[]): Knowing {
  const has = (plans: readonly LanePlan[], keysOf: (plan: LanePlan) => readonly string[]) => new Set(plans.flatMap(keysOf));
  const later = has(next, namesOf);
  if (present.flatMap(namesOf).every((name) => later.has(name))) return 'next';
  const here = has(present, programsOf);
  return next.flatMap(programsOf).every((program) => here.has(program)) ? 'present' : 'nobody';
}

function namesOf({ plugins, schemaOf }: LanePlan): readonly string[] {
  return [...plugins, ...schemaOf].map(({ name }) => name);
}

function programsOf({ plugins, schemaOf }: LanePlan): readonly string[] {
  return [...plugins, ...schemaOf].map(({ name, entry, version }) => `${name} ${version} ${entry}`);
}

/**
 * Something of the lane's part of the configuration is gone or another, and may have left something in the kernel. Where it is large, and not
 * written as before in every place, nobody looks what that is: a process that begins with what there was finds out sooner.
 */
export function mayLeave(lane: LaneHandle, to: SourceTree): boolean {
  if (!lane.hasEverBegun || lane.leftovers === undefined) return false;
  const { roots } = lane.running;
  const [before, after] = [partOfTree(lane.footing.tree, roots), partOfTree(to, roots)];
  if (isSameTree(before, after)) return false;
  return packTree(before).bytes.length > mostCompared || alteredBlocks(before, after).length > 0;
}

/**
 * A lane that runs, and whose process is about to be replaced by one that begins with the new configuration: what is gone is taken away by
 * this one. It is told of nothing new unless it knows all words of it.
 */
export async function letGo(lane: LaneHandle, to: Footing, knowing: Knowing, say: Say): Promise<void> {
  const { roots } = lane.running;
  const from = partOfTree(lane.footing.tree, roots);
  const isTold = knowing === 'present' && mayLeave(lane, to.tree);
  const tree = isTold ? partOfTree(to.tree, roots) : withoutRemoved(from, to.tree);
  const answer = tree === from ? undefined : await lane.reload({ tree, generation: to.generation }, reloadMs);
  const hasAnswered = answer?.ok === true;
  if (tree !== from && !hasAnswered)
    say('warn', `${lane.name} lane did not let go of what the new configuration does not have: it may stay in the kernel`);
  if (isTold && hasAnswered) return;
  tellOrphans(
    lane,
    hasAnswered ? tree : from,
    to.tree,
    'its process was replaced, which knew only a part of the new configuration,',
    say,
  );
}

/**
 * A lane that has acted, and whose next process will have the configuration `to` alone: that one never hears of what is gone from it. `why`
 * and `what` stand before the names of what that is.
 */
export function tellOrphans(
  lane: LaneHandle,
  from: SourceTree,
  to: SourceTree,
  why: string,
  say: Say,
  what = 'when a reload removed or changed',
): void {
  if (!lane.hasEverBegun || lane.leftovers === undefined) return;
  const altered = alteredOf(lane, from, to);
  if (altered.length === 0) return;
  const others = altered.length > mostNamed ? ` and ${altered.length - mostNamed} more` : '';
  const names = `${altered.slice(0, mostNamed).join(', ')}${others}`;
  tellLeftovers(lane, `${why} ${what} ${names}`, say, byHand);
}

function alteredOf({ running: { roots } }: LaneHandle, from: SourceTree, to: SourceTree): readonly string[] {
  return from === to ? [] : alteredBlocks(partOfTree(from, roots), partOfTree(to, roots));
}
