/** What the host says of its plugins and of their objects: the material of `mainstay status`, `explain` and `plugins`. */
import { type Explanation, type LaneKind, messageOf, type ObjectStatus } from '@mainstay/sdk';
import type { Parked, TapStatus } from '../hooks/index.js';
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

export function objectsOf(members: readonly Member[], failed: ReportFailed): readonly ObjectStatus[] {
  return members.flatMap((member) =>
    member.reporters.flatMap((report) => attempt(() => atOnce(report()), member, 'the status', failed) ?? []),
  );
}

export function explanationsOf(members: readonly Member[], name: string, failed: ReportFailed): readonly Explanation[] {
  return members.flatMap((member) =>
    member.explainers.flatMap(
      (explain) => attempt(() => atOnce(explain(name)), member, `the explanation of ${name}`, failed) ?? [],
    ),
  );
}

function attempt<T>(ask: () => T, member: Member, what: string, failed: ReportFailed): T | undefined {
  try {
    return ask();
  } catch (error) {
    failed(member.name, `${what} cannot be shown: ${messageOf(error)}`);
    return undefined;
  }
}

function atOnce<T>(answer: T | Promise<T>): T {
  if (answer instanceof Promise) throw new Error('answers that come later are not awaited yet');
  return answer;
}
