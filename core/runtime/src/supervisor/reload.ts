/**
 * Brings the running lanes to a new, checked configuration: lanes come, go, reload in place, or start anew where their plugins
 * changed. Called by supervisor.ts after the validation.
 */
import { type Diagnostic, formatDiagnostic, type HookName, messageOf } from '@mainstay/sdk';
import { partOfTree } from '../config/packed/packed-tree.js';
import { isSamePlan, type LanePlan } from '../lanes/plan.js';
import type { LaneHandle, LaneLimits } from './lane-handle.js';
import type { Prepared } from './prepared.js';
import { alteredBlocks, type NameSet, removedNames, withoutRemoved } from './removed.js';
import { turnOf, turns } from './start-order.js';
import { byHand, stopMs, tellLeftovers } from './stopping.js';

export type ReloadOutcome =
  | {
      readonly ok: true;
      readonly generation: number;
      /** Lanes whose process was replaced. */
      readonly restartedLanes: readonly string[];
      /** Plugins that were stopped and started inside a lane. */
      readonly restartedPlugins: readonly string[];
      readonly diagnostics: readonly Diagnostic[];
    }
  | { readonly ok: false; readonly reason: string; readonly diagnostics: readonly Diagnostic[] };

/** The part of the supervisor that a reload works on. */
export interface LaneSet {
  readonly lanes: readonly LaneHandle[];
  /** The daemon ends: no process may be started any more. */
  readonly isStopping: boolean;
  add(plan: LanePlan): LaneHandle;
  limitsOf(plan: LanePlan): LaneLimits;
  /** What the next process of the lane will observe. */
  expectInterest(lane: LaneHandle, hooks: readonly HookName[]): void;
  remove(lane: LaneHandle): Promise<void>;
}

type Say = (level: 'info' | 'warn' | 'error', message: string) => void;

const reloadMs = 20_000;
/** How long a new lane is waited for before those act on the new configuration that tell it what they do. */
const settleMs = 5000;
/** How long the last events of what is gone may take to reach those who know it. */
const drainMs = 3000;
/** Of the objects that may be left behind, so many are named. */
const mostNamed = 10;

/** One reload under way. */
interface Reload {
  readonly set: LaneSet;
  readonly from: Prepared;
  readonly to: Prepared;
  readonly generation: number;
  readonly say: Say;
  /** Names of objects that the new configuration no longer has. */
  readonly removed: NameSet;
  readonly restartedLanes: string[];
  readonly restartedPlugins: string[];
  readonly problems: string[];
}

/**
 * Whoever tells others what it does acts on the new configuration when these are there: new lanes run, others have reloaded, and a
 * lane that must be replaced, or that goes, lives on until it has heard the last about the objects that are gone. Only it still
 * knows their scripts. What else happens meanwhile waits for its successor.
 */
export async function reloadLanes(
  set: LaneSet,
  from: Prepared,
  to: Prepared,
  generation: number,
  say: Say,
): Promise<ReloadOutcome> {
  const removed = removedNames(from.tree, to.tree);
  const lists = { restartedLanes: [], restartedPlugins: [], problems: [] };
  const reload: Reload = { set, from, to, generation, say, removed, ...lists };
  const known = new Map(set.lanes.map((lane) => [lane.name, lane]));
  const wanted = new Map(to.plans.map((plan) => [plan.lane, plan]));
  const gone = set.lanes.filter((lane) => !wanted.has(lane.name));
  const stay = to.plans.flatMap((plan) => {
    const lane = known.get(plan.lane);
    return lane === undefined ? [] : [{ lane, plan }];
  });
  const added = to.plans.filter((plan) => !known.has(plan.lane)).map((plan) => addLane(set, plan));
  for (const turn of turns.toReversed()) {
    const young = added.filter(({ plan }) => turnOf(plan) === turn);
    const old = stay.filter(({ plan }) => turnOf(plan) === turn);
    await Promise.all(young.map((lane) => attempt(reload, lane, async () => launch(reload, lane))));
    // Of one turn nobody hears of the others: they need not wait for each other.
    await Promise.all(old.map(({ lane, plan }) => attempt(reload, lane, () => renew(reload, lane, plan))));
    const here = set.lanes.filter((lane) => turnOf(lane.plan) === turn);
    if (turn > 0) await Promise.all(here.map((lane) => lane.settled(settleMs)));
  }
  for (const turn of turns) {
    // Lanes of the last turn have heard everything by then.
    const held = turn === turns.at(-1) ? set.lanes.filter(({ isHeld }) => isHeld) : [];
    const ending = gone.filter((lane) => turnOf(lane.plan) === turn);
    const replacing = held.map((lane) => attempt(reload, lane, () => replace(reload, lane)));
    await Promise.all([...replacing, ...ending.map((lane) => attempt(reload, lane, () => end(reload, lane)))]);
  }
  const { problems, restartedPlugins } = reload;
  const restartedLanes = to.plans.map(({ lane }) => lane).filter((lane) => reload.restartedLanes.includes(lane));
  if (problems.length > 0) return { ok: false, reason: problems.join('; '), diagnostics: [] };
  return { ok: true, generation, restartedLanes, restartedPlugins, diagnostics: [] };
}

/** Never rejects: what goes wrong with one lane is told, and keeps no other from its part of the reload. */
async function attempt({ problems }: Reload, lane: LaneHandle, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    problems.push(`${lane.name} lane did not follow (${messageOf(error)}); it may be out of service until the next reload`);
  }
}

/** What happens from now on is kept for it, as far as it is known what it will want to hear. */
function addLane(set: LaneSet, plan: LanePlan): LaneHandle {
  const lane = set.add(plan);
  set.expectInterest(lane, plan.observes ?? []);
  return lane;
}

function launch({ set }: Reload, lane: LaneHandle): void {
  if (!set.isStopping) lane.launch();
}

async function restart(reload: Reload, lane: LaneHandle): Promise<void> {
  lane.forgive();
  await lane.stop('restart', stopMs);
  launch(reload, lane);
  reload.restartedLanes.push(lane.name);
}

/** A lane that both configurations have. */
async function renew(reload: Reload, lane: LaneHandle, plan: LanePlan): Promise<void> {
  const { say, set, removed } = reload;
  const isSame = isSamePlan(lane.running, plan);
  const isRunning = lane.phase === 'started';
  const mustRestart = !isSame || (plan.hasChildren && !lane.isRealtime) || !isRunning;
  lane.limits = set.limitsOf(plan);
  lane.plan = plan;
  if (!mustRestart) return reloadInPlace(reload, lane);
  if (lane.isRealtime && isRunning) {
    say('warn', `${lane.name} lane is restarted because its list of plugins changed: masters on this host yield for a moment`);
  }
  set.expectInterest(lane, plan.observes ?? []);
  if (isRunning && turnOf(plan) === turns.at(-1)) return lane.hold(removed);
  if (!isRunning) tellOrphans(reload, lane);
  if (isRunning && !lane.isRealtime) await letGo(reload, lane);
  return restart(reload, lane);
}

/**
 * A lane that others hear of, and whose process is about to be replaced: only this one knows what to do about the objects that are
 * gone. What is new is left to its successor, whose plugins know all of it.
 */
async function letGo({ say, from, to, generation }: Reload, lane: LaneHandle): Promise<void> {
  const tree = withoutRemoved(from.tree, to.tree);
  if (tree === from.tree) return;
  const answer = await lane.reload({ tree, generation }, reloadMs);
  if (answer?.ok === true) return;
  say('warn', `${lane.name} lane did not let go of what the new configuration does not have: it may stay in the kernel`);
}

/** A lane that has acted and is down: its next process, which has the new configuration alone, never hears of what is gone from it. */
function tellOrphans({ from, to, say }: Reload, lane: LaneHandle): void {
  if (!lane.hasEverBegun || lane.leftovers === undefined) return;
  const { roots } = lane.running;
  const altered = alteredBlocks(partOfTree(from.tree, roots), partOfTree(to.tree, roots));
  if (altered.length === 0) return;
  const others = altered.length > mostNamed ? ` and ${altered.length - mostNamed} more` : '';
  const names = `${altered.slice(0, mostNamed).join(', ')}${others}`;
  tellLeftovers(lane, `it did not run when a reload removed or changed ${names}`, say, byHand);
}

/** A lane whose process was only waiting for the last events that it knows about. */
async function replace(reload: Reload, lane: LaneHandle): Promise<void> {
  await drain(reload, lane);
  if (lane.isHeld && !reload.set.isStopping) await restart(reload, lane);
}

async function end(reload: Reload, lane: LaneHandle): Promise<void> {
  const { say, set } = reload;
  say('info', `${lane.name} lane ends: the new configuration does not use it`);
  // In the way of a reload its objects learn that they were removed, and not that the daemon stops.
  if (turnOf(lane.plan) !== turns.at(-1) && lane.phase === 'started') await takeAway(reload, lane);
  else await drain(reload, lane);
  await set.remove(lane);
}

async function takeAway({ say, to, generation }: Reload, lane: LaneHandle): Promise<void> {
  const answer = await lane.reload({ tree: partOfTree(to.tree, lane.plan.roots), generation }, reloadMs);
  if (answer?.ok !== true) say('warn', `${lane.name} lane did not take its objects away as a reload does: it ends as at a stop`);
}

async function drain({ say }: Reload, lane: LaneHandle): Promise<void> {
  if (!(await lane.drained(drainMs))) say('warn', `${lane.name} lane does not take its last events; they are lost`);
}

async function reloadInPlace(reload: Reload, lane: LaneHandle): Promise<void> {
  const { generation, problems, restartedPlugins, say, to } = reload;
  const answer = await lane.reload({ tree: partOfTree(to.tree, lane.plan.roots), generation }, reloadMs);
  if (answer === undefined) {
    problems.push(`${lane.name} lane did not answer to the reload; it will be on the new configuration when it restarts`);
  } else if (!answer.ok) {
    for (const diagnostic of answer.diagnostics) say('error', formatDiagnostic(diagnostic));
    problems.push(`${lane.name} lane refused the new configuration and goes on with the old one`);
  } else if (answer.failed.length > 0) {
    problems.push(`${answer.failed.join(', ')} could not start again in the ${lane.name} lane`);
  } else restartedPlugins.push(...answer.restarted);
}
