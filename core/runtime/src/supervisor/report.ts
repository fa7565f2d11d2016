/** What the daemon says of itself and its lanes: the material of the control socket and of dumps. Asked of supervisor.ts. */
import type { Explanation } from '@mainstay/sdk';
import type { LaneReport } from '../lanes/messages.js';
import type { LaneHandle, LanePhase } from './lane-handle.js';

export interface LaneStatus {
  readonly lane: string;
  readonly kind: string;
  readonly phase: LanePhase;
  readonly pid?: number;
  readonly restarts: number;
  readonly plugins: readonly string[];
  readonly eventsWaiting: number;
  readonly eventsDropped: number;
  /** False when the lane did not answer in time: what it says below is missing. */
  readonly answered: boolean;
  /** What its process tells of itself, by topic; `warning` in a topic is for the operator. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

export interface DaemonReport extends Omit<LaneReport, 'facts'> {
  readonly generation: number;
  readonly files: readonly string[];
  readonly startedAt: number;
  readonly logRecordsDropped: number;
  readonly lanes: readonly LaneStatus[];
}

/** A plugin has two seconds for its part. */
const answerMs = 2500;

export async function reportOf(
  lanes: readonly LaneHandle[],
  head: Pick<DaemonReport, 'generation' | 'files' | 'startedAt' | 'logRecordsDropped'>,
): Promise<DaemonReport> {
  const answers = await Promise.all(lanes.map((lane) => lane.report(answerMs)));
  return {
    ...head,
    lanes: lanes.map((lane, i) => statusOf(lane, answers[i], head.generation)),
    objects: answers.flatMap((answer) => answer?.objects ?? []),
    plugins: answers.flatMap((answer) => answer?.plugins ?? []),
    taps: answers.flatMap((answer) => answer?.taps ?? []),
  };
}

export async function explanationsOf(lanes: readonly LaneHandle[], name: string): Promise<readonly Explanation[]> {
  const answers = await Promise.all(lanes.map((lane) => lane.explain(name, answerMs)));
  return answers.flatMap((answer) => answer ?? []);
}

function statusOf(lane: LaneHandle, answer: LaneReport | undefined, generation: number): LaneStatus {
  const facts = { ...answer?.facts, ...behind(lane, generation) };
  return {
    lane: lane.name,
    kind: lane.plan.laneKind,
    phase: lane.phase,
    ...(lane.pid !== undefined && { pid: lane.pid }),
    restarts: lane.restarts,
    plugins: lane.plan.plugins.map((p) => p.name),
    eventsWaiting: lane.queue.waiting + lane.queue.underWay,
    eventsDropped: lane.queue.dropped,
    answered: answer !== undefined,
    ...((answer?.facts !== undefined || Object.keys(facts).length > 0) && { facts }),
  };
}

/** It did not take over the configuration in force, or has not yet. */
function behind({ footing, phase }: LaneHandle, generation: number): LaneStatus['facts'] {
  if (footing.generation === generation || phase === 'idle') return undefined;
  const warning = `is on configuration number ${footing.generation}, not on number ${generation} (the log says why; a reload tries again)`;
  return { configuration: { number: footing.generation, warning } };
}
