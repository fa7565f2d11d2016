/** What came of a reload, and its words: for the log, the control socket and the command. */
import type { Diagnostic } from '@mainstay/sdk';

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
  | {
      readonly ok: false;
      readonly reason: string;
      /** The number of the new configuration, where it is in force but for what `reason` says. Absent: everything is as it was. */
      readonly inPart?: number;
      readonly diagnostics: readonly Diagnostic[];
    };

export function reloadSentence(outcome: ReloadOutcome): string {
  if (outcome.ok) {
    const restarted = [...outcome.restartedLanes.map((lane) => `lane ${lane}`), ...outcome.restartedPlugins];
    const detail = restarted.length === 0 ? '' : `; restarted: ${restarted.join(', ')}`;
    return `configuration number ${outcome.generation} is in force${detail}`;
  }
  const { inPart, reason } = outcome;
  if (inPart === undefined) return `not reloaded, the running configuration stays in force: ${reason}`;
  return `reloaded in part, configuration number ${inPart} is in force but for this: ${reason}`;
}
