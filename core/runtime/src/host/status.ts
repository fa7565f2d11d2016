/** What the host says of its plugins and of their objects: the material of `mainstay status`, `explain` and `plugins`. */
import { type Clock, type Explanation, type LaneKind, messageOf, type ObjectStatus } from '@mainstay/sdk';
import type { Parked, TapStatus } from '../hooks/index.js';
import { withDeadline } from './deadline.js';
import type { Member, PluginState } from './member.js';

export interface PluginStatus {
  readonly name: string;
  readonly version: string;
  /** Name of the lane that runs it. */
  readonly lane: string;
  readonly laneKind: LaneKind;
  readonly origin: string;
  /** Name of the plugin that brought it along. */
  readonly parent?: string;
  readonly state: PluginState;
  readonly lastError?: string;
  readonly parked?: Parked;
  readonly taps: readonly TapStatus[];
}

export function pluginStatus(
  member: Member,
  lane: { readonly lane: string; readonly laneKind: LaneKind },
  taps: readonly TapStatus[],
): PluginStatus {
  const { lastError, parent, standing } = member;
  const isDegraded = member.state === 'running' && (standing.parked !== undefined || lastError !== undefined);
  return {
    name: member.name,
    version: member.loaded.version,
    ...lane,
    origin: member.loaded.origin,
    ...(parent === undefined ? {} : { parent }),
    state: isDegraded ? 'degraded' : member.state,
    ...(lastError === undefined ? {} : { lastError }),
    ...(standing.parked === undefined ? {} : { parked: standing.parked }),
    taps: taps.filter((tap) => tap.plugin === member.name),
  };
}

/** Called where a plugin's report throws: the others are still shown. */
export type ReportFailed = (plugin: string, message: string) => void;

/** A promise of a plugin is awaited for so long. */
const answerMs = 2000;

/** What all plugins report, those that take their time included. Never rejects. */
export function objectsOf(members: readonly Member[], clock: Clock, failed: ReportFailed): Promise<readonly ObjectStatus[]> {
  return settled(askObjects(members, failed), clock, failed);
}

export function explanationsOf(
  members: readonly Member[],
  name: string,
  clock: Clock,
  failed: ReportFailed,
): Promise<readonly Explanation[]> {
  return settled(askExplanations(members, name, failed), clock, failed);
}

/** Only what is answered at once; the rest is passed over. */
export function objectsNow(members: readonly Member[], failed: ReportFailed): readonly ObjectStatus[] {
  return askObjects(members, failed).flatMap(({ answer }) => (answer instanceof Promise ? [] : answer));
}

export function explanationsNow(members: readonly Member[], name: string, failed: ReportFailed): readonly Explanation[] {
  return askExplanations(members, name, failed).flatMap(({ answer }) => (answer instanceof Promise ? [] : answer));
}

/** Before the start: whether a plugin has objects to report at all. */
export function hasObjects(members: readonly Member[]): boolean {
  return askObjects(members, () => {}).some(({ answer }) => answer instanceof Promise || answer.length > 0);
}

/** One answer, or the promise of it. */
interface Asked<T> {
  readonly member: Member;
  readonly what: string;
  readonly answer: readonly T[] | Promise<readonly T[]>;
}

function askObjects(members: readonly Member[], failed: ReportFailed): readonly Asked<ObjectStatus>[] {
  return members.flatMap((member) => member.reporters.flatMap((report) => attempt(report, member, 'the status', failed)));
}

function askExplanations(members: readonly Member[], name: string, failed: ReportFailed): readonly Asked<Explanation>[] {
  const listed = (answer: Explanation | undefined) => (answer === undefined ? [] : [answer]);
  const ask = (explain: Member['explainers'][number]) => {
    const answer = explain(name);
    return answer instanceof Promise ? answer.then(listed) : listed(answer);
  };
  return members.flatMap((member) =>
    member.explainers.flatMap((explain) => attempt(() => ask(explain), member, `the explanation of ${name}`, failed)),
  );
}

function attempt<T>(
  ask: () => readonly T[] | Promise<readonly T[]>,
  member: Member,
  what: string,
  failed: ReportFailed,
): readonly Asked<T>[] {
  try {
    const answer = ask();
    if (!(answer instanceof Promise)) return [{ member, what, answer: listOf(answer) }];
    answer.catch(() => {});
    return [{ member, what, answer }];
  } catch (error) {
    failed(member.name, `${what} cannot be shown: ${messageOf(error)}`);
    return [];
  }
}

/** What a plugin answers is anything: its types are not there when it runs. */
function listOf<T>(answer: readonly T[]): readonly T[] {
  if (!Array.isArray(answer)) throw new TypeError('it answers no list');
  return answer.filter((one) => typeof one === 'object' && one !== null);
}

async function settled<T>(asked: readonly Asked<T>[], clock: Clock, failed: ReportFailed): Promise<readonly T[]> {
  const answers = asked.map(async ({ member, what, answer }) => {
    if (!(answer instanceof Promise)) return answer;
    try {
      return listOf(await withDeadline(clock, { what: 'its report', ms: answerMs }, () => answer));
    } catch (error) {
      failed(member.name, `${what} cannot be shown: ${messageOf(error)}`);
      return [];
    }
  });
  return (await Promise.all(answers)).flat();
}
