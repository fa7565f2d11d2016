/**
 * Lanes whose processes are replaced by a reload: one by itself because its plugins are others, or several because a plugin moves from one to
 * the other. What the plugins have in the kernel stays there meanwhile, and what is gone from the configuration goes. Used by reload.ts.
 */
import { type LanePlan, leavesOf, pluginsOf } from '../lanes/plan.js';
import { backMs, follow } from './following.js';
import type { Footing } from './footing.js';
import type { LaneHandle } from './lane-handle.js';
import { type Knowing, letGo, mayLeave, tellOrphans, whoKnowsBoth } from './letting-go.js';
import { attempt, type Reload, settleMs } from './one-reload.js';
import { turnOf, turns } from './start-order.js';
import { stopMs } from './stopping.js';
import { atMost } from './until.js';

/** `lanes`: those that are there of them. `plans`: those that will be; their handles are there. */
export async function replaceLanes(reload: Reload, lanes: readonly LaneHandle[], plans: readonly LanePlan[]): Promise<void> {
  const { set, say, footing, restartedLanes, underWay } = reload;
  if (set.isStopping) return;
  const knowing = whoKnowsBoth(
    lanes.map(({ running }) => running),
    plans,
  );
  const heirs = plans.flatMap((plan) => set.lanes.find(({ name }) => name === plan.lane) ?? []);
  const footings = new Map(heirs.map((heir) => [heir, footingOf(heir, lanes, footing, knowing)]));
  const end = (lane: LaneHandle) => {
    if (lane.isRealtime && lane.phase === 'started') say('warn', yielding(lane));
    lane.forgive();
    return lane.stop('restart', stopMs);
  };
  await Promise.all(
    lanes.map(async (lane) => {
      const knowsIt = (heir: LaneHandle) => isHeir(heir, lane) && footings.get(heir) === lane.footing;
      if (lane.phase !== 'started' || !heirs.some(knowsIt)) await partWith(reload, lane, knowing);
      if (!lane.isRealtime) await end(lane);
    }),
  );
  // Last, so that virtual routers are away for no longer than they must.
  await Promise.all(lanes.filter(({ isRealtime }) => isRealtime).map(end));
  for (const [heir, one] of footings) {
    for (const lane of lanes) if (lane !== heir && isHeir(heir, lane)) heir.inherit(lane);
    heir.footing = one;
  }
  for (const lane of lanes) if (!heirs.includes(lane)) set.retire(lane, heirs);
  if (set.isStopping) return;
  restartedLanes.push(...heirs.map(({ name }) => name));
  // All of them, also where one cannot be.
  await Promise.all(heirs.map(async (heir) => heir.launch()));
  const bridges = heirs
    .filter((heir) => heir.footing !== footing)
    .map((heir) => attempt(reload, heir.name, () => comeUp(reload, heir)));
  underWay.push(...bridges);
  const [first] = heirs;
  if (first !== undefined) await atMost(first.clock, settleMs, Promise.all(bridges));
}

/**
 * What the next process begins with: the configuration that the present ones are on, where something of that has to go and only the next one
 * knows what; it is given the new one then. Realtime lanes do not: what virtual routers have they take back themselves when they stop. Nor do
 * those whose plugins bring others along, which they do for one configuration only.
 */
function footingOf(heir: LaneHandle, lanes: readonly LaneHandle[], to: Footing, knowing: Knowing): Footing {
  if (heir.isRealtime || heir.plan.hasChildren || knowing !== 'next') return to;
  // One that does not run may have died of what it had.
  const isFormer = (lane: LaneHandle) => lane.phase === 'started' && isHeir(heir, lane) && mayLeave(lane, to.tree);
  return lanes.find(isFormer)?.footing ?? to;
}

function isHeir(heir: LaneHandle, { running }: LaneHandle): boolean {
  const own = pluginsOf(heir.plan);
  return running.plugins.some(({ name }) => own.has(name));
}

async function partWith({ footing, say }: Reload, lane: LaneHandle, knowing: Knowing): Promise<void> {
  if (lane.phase !== 'started') tellOrphans(lane, lane.footing.tree, footing.tree, 'it did not run', say);
  else if (isAskedToLetGo(lane)) await letGo(lane, footing, knowing, say);
}

/** Others than those that only hear of it, and leave nothing, and the realtime lane, whose plugins take back what is theirs when they stop. */
function isAskedToLetGo({ isRealtime, running }: LaneHandle): boolean {
  return !isRealtime && (turnOf(running) !== turns.at(-1) || leavesOf(running) !== undefined);
}

async function comeUp({ footing, restartedPlugins, say }: Reload, lane: LaneHandle): Promise<string | undefined> {
  const isUp = await lane.back(backMs);
  // It could not begin with what it had: that was said, and it is on the new one.
  if (lane.footing === footing) return undefined;
  return isUp ? follow(lane, footing, say, restartedPlugins) : late(lane);
}

function late({ name }: LaneHandle): string {
  return (
    `${name} lane was started anew with the configuration that it had, and is not up after ${backMs / 1000} s ` +
    '(when it is, it is given the new one)'
  );
}

function yielding({ name }: LaneHandle): string {
  return `${name} lane is restarted because its list of plugins changed: masters on this host yield for a moment`;
}
