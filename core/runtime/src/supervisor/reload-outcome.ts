/** What came of a reload: for the log, the control socket and the command. */
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
