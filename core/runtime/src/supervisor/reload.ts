/**
 * Brings the running lanes to a new, checked configuration: lanes come, go, reload in place, or start anew where their plugins
 * changed. Called by supervisor.ts after the validation.
 */
import { type Diagnostic, formatDiagnostic, type HookName } from '@mainstay/sdk';
import { isSamePlan, type LanePlan } from '../lanes/plan.js';
import type { LaneHandle, LaneLimits } from './lane-handle.js';
import type { Prepared } from './prepared.js';

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
const stopMs = 6000;
/** How long a new lane is waited for before the realtime lane acts on the new configuration. */
const settleMs = 5000;
/** How long the last events of what is gone may take to reach those who know it. */
const drainMs = 3000;

/** One reload under way. */
interface Reload {
  readonly set: LaneSet;
  readonly to: Prepared;
  readonly generation: number;
  readonly say: Say;
  /** Names of objects that the new configuration no longer has. */
  readonly removed: ReadonlySet<string>;
  readonly restartedLanes: string[];
  readonly restartedPlugins: string[];
  readonly problems: string[];
}

/**
 * The realtime lane acts on the new configuration when those who report on it are there: new lanes run, others have reloaded, and
 * a lane that must be replaced, or that goes, lives on until it has heard the last about the objects that are gone. Only it still
 * knows their scripts. What else happens meanwhile waits for its successor.
 */
export async function reloadLanes(
  set: LaneSet,
  from: Prepared,
  to: Prepared,
  generation: number,
  say: Say,
): Promise<ReloadOutcome> {
  const removed = removedNames(from, to);
  const reload: Reload = { set, to, generation, say, removed, restartedLanes: [], restartedPlugins: [], problems: [] };
  const known = new Map(set.lanes.map((lane) => [lane.name, lane]));
  const wanted = new Map(to.plans.map((plan) => [plan.lane, plan]));
  const gone = set.lanes.filter((lane) => !wanted.has(lane.name));
  const stay = to.plans.flatMap((plan) => {
    const lane = known.get(plan.lane);
    return lane === undefined ? [] : [{ lane, plan }];
  });
  const added = to.plans.filter((plan) => !known.has(plan.lane)).map((plan) => set.add(plan));
  const others = added.filter((lane) => !lane.isRealtime);
  for (const lane of others) launch(reload, lane);
  for (const { lane, plan } of stay) if (!lane.isRealtime) await renew(reload, lane, plan);
  await Promise.all(set.lanes.filter((lane) => !lane.isRealtime).map((lane) => lane.settled(settleMs)));
  for (const lane of added) if (lane.isRealtime) launch(reload, lane);
  for (const { lane, plan } of stay) if (lane.isRealtime) await renew(reload, lane, plan);
  for (const lane of gone) if (lane.isRealtime) await end(reload, lane);
  for (const lane of set.lanes) if (lane.isHeld) await replace(reload, lane);
  for (const lane of gone) if (!lane.isRealtime) await end(reload, lane);
  const { problems, restartedLanes, restartedPlugins } = reload;
  if (problems.length > 0) return { ok: false, reason: problems.join('; '), diagnostics: [] };
  return { ok: true, generation, restartedLanes, restartedPlugins, diagnostics: [] };
}

/** Names of blocks that are written in the one and not in the other: the first word behind the keyword, or all of them. */
function removedNames(from: Prepared, to: Prepared): ReadonlySet<string> {
  const namesOf = ({ tree }: Prepared) =>
    new Set(
      tree.statements.flatMap(({ args }) => [
        ...args.slice(0, 1).map(({ text }) => text),
        args.map(({ text }) => text).join(' '),
      ]),
    );
  const left = namesOf(to);
  return new Set([...namesOf(from)].filter((name) => !left.has(name)));
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
  const isSame = isSamePlan(lane.plan, plan);
  const isRunning = lane.phase === 'started';
  const mustRestart = !isSame || (plan.hasChildren && !lane.isRealtime) || !isRunning;
  lane.limits = set.limitsOf(plan);
  lane.plan = plan;
  if (!mustRestart) return reloadInPlace(reload, lane);
  if (lane.isRealtime && isRunning) {
    say('warn', `${lane.name} lane is restarted because its list of plugins changed: masters on this host yield for a moment`);
  }
  if (lane.isRealtime || !isRunning) return restart(reload, lane);
  set.expectInterest(lane, plan.observes ?? []);
  lane.hold(removed);
}

/** A lane whose process was only waiting for the last events that it knows about. */
async function replace(reload: Reload, lane: LaneHandle): Promise<void> {
  await drain(reload, lane);
  if (lane.isHeld && !reload.set.isStopping) await restart(reload, lane);
}

async function end(reload: Reload, lane: LaneHandle): Promise<void> {
  const { say, set, to, generation } = reload;
  say('info', `${lane.name} lane ends: the new configuration does not use it`);
  // In the way of a reload its objects learn that they were removed, and not that the daemon stops.
  if (lane.isRealtime && lane.phase === 'started') await lane.reload({ tree: to.tree, generation }, reloadMs);
  else await drain(reload, lane);
  await set.remove(lane);
}

async function drain({ say }: Reload, lane: LaneHandle): Promise<void> {
  if (!(await lane.drained(drainMs))) say('warn', `${lane.name} lane does not take its last events; they are lost`);
}

async function reloadInPlace(reload: Reload, lane: LaneHandle): Promise<void> {
  const { generation, problems, restartedPlugins, say, to } = reload;
  const answer = await lane.reload({ tree: to.tree, generation }, reloadMs);
  if (answer === undefined) {
    problems.push(`${lane.name} lane did not answer to the reload; it will be on the new configuration when it restarts`);
  } else if (!answer.ok) {
    for (const diagnostic of answer.diagnostics) say('error', formatDiagnostic(diagnostic));
    problems.push(`${lane.name} lane refused the new configuration and goes on with the old one`);
  } else if (answer.failed.length > 0) {
    problems.push(`${answer.failed.join(', ')} could not start again in the ${lane.name} lane`);
  } else restartedPlugins.push(...answer.restarted);
}
