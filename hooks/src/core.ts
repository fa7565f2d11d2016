/** Hook points of the daemon itself, called by core. */
import type { HookEntry, Lifecycle, Observe } from './kinds.js';

export interface ConfigLoaded {
  readonly files: readonly string[];
  /** 1 at start, one more after each successful reload. */
  readonly generation: number;
}

export interface LaneCrashed {
  readonly lane: string;
  readonly pid: number;
  /** `exit CODE`, `signal NAME`, `unresponsive`, `memory limit`. */
  readonly cause: string;
  readonly restartInMs: number;
  readonly at: number;
}

export interface PluginParked {
  readonly plugin: string;
  readonly lane: string;
  readonly hook: string;
  readonly strikes: number;
  readonly lastError: string;
  readonly at: number;
}

export interface CoreHooks {
  'config.loaded': Lifecycle<ConfigLoaded>;
  'config.reloaded': Lifecycle<ConfigLoaded>;
  'lane.crashed': Observe<LaneCrashed>;
  'plugin.parked': Observe<PluginParked>;
}

const common = { owner: 'core', since: '0.1.0', stability: 'beta', tappedFrom: 'any lane', needsConsent: false } as const;

export const coreEntries: { [Name in keyof CoreHooks]: HookEntry<CoreHooks[Name]['kind']> } = {
  'config.loaded': {
    ...common,
    kind: 'lifecycle',
    key: '-',
    summary: 'The first configuration is bound; plugins are about to start.',
    deadlineMs: 5000,
  },
  'config.reloaded': {
    ...common,
    kind: 'lifecycle',
    key: '-',
    summary: 'A reload succeeded; plugins run on the new configuration.',
    deadlineMs: 5000,
  },
  'lane.crashed': { ...common, kind: 'observe', key: 'lane', summary: 'A lane process ended unexpectedly.', deadlineMs: 3000 },
  'plugin.parked': {
    ...common,
    kind: 'observe',
    key: 'plugin',
    summary: "A plugin's taps were parked after repeated failures.",
    deadlineMs: 3000,
  },
};
