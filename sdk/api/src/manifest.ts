/** The `mainstay` block of a plugin's package.json: read before any of its code runs. */
import type { PortName } from './ports/index.js';

/** Kinds of process a plugin may live in. */
export const laneKinds = ['realtime', 'balance', 'health', 'extension'] as const;
export type LaneKind = (typeof laneKinds)[number];

export interface Manifest {
  /** Semver range of @mainstay/sdk, such as `^0.1.0`. */
  readonly api: string;
  /** Where it runs; the operator may override it. */
  readonly lane: LaneKind;
  /** True: a process of its own, shared with no other plugin. */
  readonly isolated?: boolean;
  /** Ports it is handed. */
  readonly needs: readonly PortName[];
  /** Commands that it brings to the command line, each with the path of its module in the package. */
  readonly commands?: Readonly<Record<string, string>>;
  /**
   * What goes on without the plugin, and outlives its process, until `stop` or `withdraw` takes it back; and how that is done by hand. For
   * the log of a daemon that ends without: a text that follows "the balance lane may have left in the kernel: ".
   */
  readonly leaves?: string;
}

/** Version of this SDK, against which `api` is checked. */
export const sdkVersion = '0.1.0';
