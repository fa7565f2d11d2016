/**
 * Brings the running lanes to a new, checked configuration: lanes come, go, reload in place, or start anew where their plugins
 * changed. Called by supervisor.ts after the validation.
 */
import { type Diagnostic, formatDiagnostic } from '@mainstay/sdk';
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
  add(plan: LanePlan): LaneHandle;
  limitsOf(plan: LanePlan): LaneLimits;
  remove(lane: LaneHandle): Promise<void>;
}

type Say = (level: 'info' | 'warn' | 'error', message: string) => void;

const reloadMs = 20_000;
const stopMs = 6000;

/** Realtime lanes last: what reports on them is on the new configuration by then. */
export async function reloadLanes(set: LaneSet, to: Prepared, generation: number, say: Say): Promise<ReloadOutcome> {
  const known = new Map(set.lanes.map((lane) => [lane.name, lane]));
  const wanted = new Map(to.plans.map((plan) => [plan.lane, plan]));
  const restartedLanes: string[] = [];
  const restartedPlugins: string[] = [];
  const problems: string[] = [];
  const gone = set.lanes.filter((lane) => !wanted.has(lane.name));
  for (const lane of gone) {
    say('info', `${lane.name} lane ends: the new configuration does not use it`);
    await set.remove(lane);
  }
  for (const plan of to.plans) if (!known.has(plan.lane)) set.add(plan).launch();
  const stay = to.plans.flatMap((plan) => {
    const lane = known.get(plan.lane);
    return lane === undefined ? [] : [{ lane, plan }];
  });
  const isLast = (lane: LaneHandle) => (lane.isRealtime ? 1 : 0);
  for (const { lane, plan } of stay.sort((a, b) => isLast(a.lane) - isLast(b.lane))) {
    lane.limits = set.limitsOf(plan);
    const result = await reloadLane(lane, plan, to, generation, say);
    if (result === 'restarted') restartedLanes.push(lane.name);
    else if (typeof result === 'string') problems.push(result);
    else restartedPlugins.push(...result);
  }
  if (problems.length > 0) return { ok: false, reason: problems.join('; '), diagnostics: [] };
  return { ok: true, generation, restartedLanes, restartedPlugins, diagnostics: [] };
}

/** Answers `restarted`, the plugins restarted inside the lane, or what went wrong. */
async function reloadLane(
  lane: LaneHandle,
  plan: LanePlan,
  to: Prepared,
  generation: number,
  say: Say,
): Promise<'restarted' | readonly string[] | string> {
  const isSame = isSamePlan(lane.plan, plan);
  const mustRestart = !isSame || (plan.hasChildren && !lane.isRealtime) || lane.phase !== 'started';
  if (mustRestart) {
    if (lane.isRealtime) {
      const why = isSame ? 'it was not running' : 'its list of plugins changed';
      say('warn', `${lane.name} lane is restarted because ${why}: masters on this host yield for a moment`);
    }
    lane.plan = plan;
    lane.forgive();
    await lane.stop('restart', stopMs);
    lane.launch();
    return 'restarted';
  }
  lane.plan = plan;
  const answer = await lane.reload({ tree: to.tree, generation }, reloadMs);
  if (answer === undefined)
    return `${lane.name} lane did not answer to the reload; it will be on the new configuration when it restarts`;
  if (answer.ok) {
    if (answer.failed.length > 0) return `${answer.failed.join(', ')} could not start again in the ${lane.name} lane`;
    return answer.restarted;
  }
  for (const diagnostic of answer.diagnostics) say('error', formatDiagnostic(diagnostic));
  return `${lane.name} lane refused the new configuration and goes on with the old one`;
}
