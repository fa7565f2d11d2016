/**
 * Brings the running lanes to a new, checked configuration: lanes come, go, reload in place, or start anew where their plugins
 * changed. Called by supervisor.ts after the validation.
 */
import { partOfTree } from '../config/packed/packed-tree.js';
import { isSamePlan, type LanePlan } from '../lanes/plan.js';
import { follow } from './following.js';
import type { Footing } from './footing.js';
import type { LaneHandle } from './lane-handle.js';
import { reloadMs } from './letting-go.js';
import { type Move, movesOf } from './moves.js';
import { attempt, type LaneSet, type Reload, type Say, settleMs } from './one-reload.js';
import type { Prepared } from './prepared.js';
import type { ReloadOutcome } from './reload-outcome.js';
import { removedNames } from './removed.js';
import { replaceLanes } from './replacing.js';
import { turnOf, turns } from './start-order.js';
import { atMost } from './until.js';

/** How long the last events of what is gone may take to reach those who know it. */
const drainMs = 3000;

/** A lane that both configurations have. */
interface Staying {
  readonly lane: LaneHandle;
  readonly plan: LanePlan;
}

/**
 * Whoever tells others what it does acts on the new configuration when these are there: new lanes run, others have reloaded, and a
 * lane that must be replaced, or that goes, lives on until it has heard the last about the objects that are gone. Only it still
 * knows their scripts. What else happens meanwhile waits for its successor. Lanes between which a plugin moves that acts change together.
 */
export async function reloadLanes(
  set: LaneSet,
  from: Prepared,
  to: Prepared,
  footing: Footing,
  say: Say,
): Promise<ReloadOutcome> {
  const removed = removedNames(from.tree, to.tree);
  const lists = { restartedLanes: [], restartedPlugins: [], problems: [], underWay: [] };
  const reload: Reload = { set, footing, say, removed, ...lists };
  const before = set.lanes;
  const moves = movesOf(
    before.map(({ running }) => running),
    to.plans,
  );
  const isMoving = (lane: string) => moves.some(({ lanes }) => lanes.has(lane));
  const known = new Map(before.map((lane) => [lane.name, lane]));
  const wanted = new Set(to.plans.map(({ lane }) => lane));
  const gone = before.filter(({ name }) => !wanted.has(name) && !isMoving(name));
  const stay = to.plans.flatMap((plan): readonly Staying[] => {
    const lane = known.get(plan.lane);
    return lane === undefined ? [] : [{ lane, plan }];
  });
  const added = to.plans.filter((plan) => !known.has(plan.lane)).map((plan) => addLane(set, plan));
  for (const lane of gone) if (goesOn(lane, to.plans)) lane.hold(removed);
  for (const turn of turns.toReversed()) {
    const young = added.filter(({ name, plan }) => turnOf(plan) === turn && !isMoving(name));
    const old = stay.filter(({ plan }) => turnOf(plan) === turn && !isMoving(plan.lane));
    await Promise.all(young.map((lane) => attempt(reload, lane.name, async () => launch(reload, lane))));
    // Of one turn nobody hears of the others: they need not wait for each other.
    await Promise.all([
      ...old.map((staying) => attempt(reload, staying.lane.name, () => renew(reload, staying))),
      ...moves.filter((move) => move.turn === turn).map((move) => relocate(reload, move, before, to.plans)),
    ]);
    const here = set.lanes.filter((lane) => turnOf(lane.plan) === turn);
    if (turn > 0) await Promise.all(here.map((lane) => lane.settled(settleMs)));
  }
  await Promise.all(reload.underWay);
  for (const turn of turns) {
    // Lanes of the last turn have heard everything by then.
    const held = turn === turns.at(-1) ? set.lanes.filter((lane) => lane.isHeld && !gone.includes(lane)) : [];
    const ending = gone.filter((lane) => turnOf(lane.plan) === turn);
    const replacing = held.map((lane) => attempt(reload, lane.name, () => replace(reload, lane)));
    await Promise.all([...replacing, ...ending.map((lane) => attempt(reload, lane.name, () => end(reload, lane)))]);
  }
  // Those that were replaced last may still be on their way.
  await Promise.all(reload.underWay);
  const { problems, restartedPlugins } = reload;
  const { generation } = footing;
  const restartedLanes = to.plans.map(({ lane }) => lane).filter((lane) => reload.restartedLanes.includes(lane));
  if (problems.length > 0) return { ok: false, reason: problems.join('; '), inPart: generation, diagnostics: [] };
  return { ok: true, generation, restartedLanes, restartedPlugins, diagnostics: [] };
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

/** One of its plugins is in another lane from now on. */
function goesOn({ running }: LaneHandle, plans: readonly LanePlan[]): boolean {
  const names = plans.flatMap(({ plugins }) => plugins.map(({ name }) => name));
  return running.plugins.some(({ name }) => names.includes(name));
}

/** Its next process is to be this one. */
function prepareFor(set: LaneSet, { lane, plan }: Staying): void {
  lane.limits = set.limitsOf(plan);
  lane.plan = plan;
}

async function renew(reload: Reload, staying: Staying): Promise<void> {
  const { footing, removed, restartedPlugins, say, set, underWay } = reload;
  const { lane, plan } = staying;
  const isSame = isSamePlan(lane.running, plan);
  const isRunning = lane.phase === 'started';
  const mustRestart = !isSame || (plan.hasChildren && !lane.isRealtime) || !isRunning;
  prepareFor(set, staying);
  if (!mustRestart) {
    const following = attempt(reload, lane.name, () => follow(lane, footing, say, restartedPlugins));
    underWay.push(following);
    return atMost(lane.clock, reloadMs, following);
  }
  set.expectInterest(lane, plan.observes ?? []);
  if (isRunning && turnOf(plan) === turns.at(-1)) return lane.hold(removed);
  return replaceLanes(reload, [lane], [plan]);
}

/** Their plugins end where they were before they begin where they will be. */
async function relocate(reload: Reload, move: Move, before: readonly LaneHandle[], wanted: readonly LanePlan[]): Promise<void> {
  const { say, set } = reload;
  const plans = wanted.filter(({ lane }) => move.lanes.has(lane));
  const lanes = before.filter(({ name }) => move.lanes.has(name));
  const names = plans.map(({ lane }) => lane);
  await attempt(reload, names.join(', '), async () => {
    for (const lane of lanes) {
      const plan = plans.find((one) => one.lane === lane.name);
      if (plan === undefined) say('info', `${lane.name} lane ends: its plugins go on in ${names.join(', ')}`);
      else {
        prepareFor(set, { lane, plan });
        set.expectInterest(lane, plan.observes ?? []);
      }
    }
    await replaceLanes(reload, lanes, plans);
  });
}

/** A lane whose process was only waiting for the last events that it knows about. */
async function replace(reload: Reload, lane: LaneHandle): Promise<void> {
  await drain(reload, lane);
  if (lane.isHeld && !reload.set.isStopping) await replaceLanes(reload, [lane], [lane.plan]);
}

async function end(reload: Reload, lane: LaneHandle): Promise<void> {
  const { say, set } = reload;
  say('info', `${lane.name} lane ends: the new configuration does not use it`);
  // In the way of a reload its objects learn that they were removed, and not that the daemon stops.
  if (turnOf(lane.plan) !== turns.at(-1) && lane.phase === 'started') await takeAway(reload, lane);
  else await drain(reload, lane);
  await set.remove(lane);
}

async function takeAway({ footing: { tree, generation }, say }: Reload, lane: LaneHandle): Promise<void> {
  const answer = await lane.reload({ tree: partOfTree(tree, lane.plan.roots), generation }, reloadMs);
  if (answer?.ok !== true) say('warn', `${lane.name} lane did not take its objects away as a reload does: it ends as at a stop`);
}

async function drain({ say }: Reload, lane: LaneHandle): Promise<void> {
  if (!(await lane.drained(drainMs))) say('warn', `${lane.name} lane does not take its last events; they are lost`);
}
