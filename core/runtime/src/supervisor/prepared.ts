/** What comes out of reading and checking the configuration: everything the supervisor needs to start or reload. Plain data. */
import type { Diagnostic, Manifest, SourceTree } from '@mainstay/sdk';
import type { LanePlan } from '../lanes/plan.js';

/** A plugin to load: found on disk by reference, or a module that comes with the command. */
export interface PluginRequest {
  /** Package name, or path of a package's folder. */
  readonly reference: string;
  /** Instead of looking for `reference`: the module and its manifest. */
  readonly module?: { readonly entry: string; readonly version: string; readonly manifest: Manifest };
  readonly origin: string;
}

/** A part that may be switched off on the command line (-P, -C, -B): its blocks are then passed over. */
export interface DisabledPart {
  readonly part: string;
  readonly keywords: readonly string[];
  readonly plugins: readonly string[];
}

export interface PrepareRequest {
  /** Absent: searched for at the usual places. */
  readonly file?: string;
  readonly configId: string;
  readonly plugins: readonly PluginRequest[];
  /** Root keywords of plugins that are not built yet, each with a text. */
  readonly reserved: readonly (readonly [keyword: string, why: string])[];
  readonly disabledParts: readonly DisabledPart[];
  readonly unknownKeywords: 'error' | 'warning';
  /** Where plugins of the distribution are looked for, beside the configuration's own folder. */
  readonly daemonDirectory?: string;
  /** Ask the plugins about the host too (scripts, files): for `mainstay check`. */
  readonly verify: boolean;
}

/** What the configuration says about the daemon itself. */
export interface DaemonSettings {
  readonly instance?: string;
  readonly childWaitMs: number;
  readonly laneMemoryMiB: number;
  readonly laneHeartbeatSeconds: number;
  readonly consent: readonly string[];
}

/** What would run: known once the text is read and the plugins are loaded, before the values are checked. */
export interface Outlook {
  readonly tree: SourceTree;
  readonly plans: readonly LanePlan[];
  readonly settings: DaemonSettings;
}

/** What there is to say about the configuration. */
export interface Findings {
  /** In the order of the files. Any error among them: do not start. */
  readonly diagnostics: readonly Diagnostic[];
  /** Remarks that are not about a mistake, such as blocks passed over. */
  readonly remarks: readonly string[];
}

/** With errors among the diagnostics there are no plans. */
export interface Prepared extends Outlook, Findings {}

/** Hears what will run unless the rest of the preparation, which waits for it, finds a mistake: the very outlook that it then answers. */
export type OnOutlook = (outlook: Outlook) => void | Promise<void>;

/** Reads and checks the configuration. Rejects with a MainstayError where it cannot be read at all. */
export type Prepare = () => Promise<Prepared>;

export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((d) => d.severity === 'error');
}
