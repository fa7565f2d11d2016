/** One loaded plugin inside the host: what it declared, its state, and the `Run` of its present life. Used by the host only. */
import type { Manifest, Plugin, Run, StatusPoints } from '@mainstay/sdk';
import type { Standing } from '../hooks/index.js';
import type { ConfigPart, PartSnapshot } from './config-part.js';

export interface LoadedPlugin {
  readonly plugin: Plugin;
  /** `lane` is where the plugin really lives: the operator's choice is in it already. */
  readonly manifest: Manifest;
  /** Who asked for it: `distribution`, or a position in the configuration. */
  readonly origin: string;
  readonly version: string;
}

/**
 * `degraded`: it runs, but its taps are parked or a lifecycle tap failed. `failed`: it could not start, or not start again
 * after a reload.
 */
export type PluginState = 'loaded' | 'starting' | 'running' | 'degraded' | 'failed' | 'stopping' | 'stopped';

/** The present life of a plugin, from its first use to its stop. */
export interface Life {
  readonly run: Run;
  readonly controller: AbortController;
}

export class Member {
  state: PluginState = 'loaded';
  lastError: string | undefined;
  life: Life | undefined;
  /** True from the beginning of `start` until `stop` is called: `stop` runs once for each start. */
  mustStop = false;
  /** Taking back what it leaves: `failed` also where its stop may still be at work. */
  withdrawal: 'due' | 'done' | 'failed' = 'due';
  /** The part of the configuration that the plugin has last been told of. */
  told: PartSnapshot = [];
  readonly reporters: Parameters<StatusPoints['objects']>[0][] = [];
  readonly explainers: Parameters<StatusPoints['explain']>[0][] = [];

  constructor(
    readonly loaded: LoadedPlugin,
    /** Name of the plugin that brought it along. */
    readonly parent: string | undefined,
    readonly part: ConfigPart,
    readonly standing: Standing,
  ) {}

  get name(): string {
    return this.loaded.plugin.name;
  }

  readonly statusPoints: StatusPoints = {
    objects: (report) => {
      this.reporters.push(report);
    },
    explain: (explain) => {
      this.explainers.push(explain);
    },
  };
}
