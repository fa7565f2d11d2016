/** Core's own keywords of the configuration: the daemon, its lanes, and the plugins that the operator adds. Used by prepare.ts. */
import { type ConfigHandle, type ConfigPoints, type Infer, laneKinds, s } from '@mainstay/sdk';
import type { DaemonSettings } from './prepared.js';

const pluginBlock = s
  .block({
    package: s.word('a package').optional().doc('Package name or folder of the plugin; default: the name of the block.'),
    lane: s
      .oneOf(...laneKinds)
      .optional()
      .doc('Kind of process it lives in, instead of what its manifest says.'),
    isolated: s.bool().optional().doc('A process of its own, shared with no other plugin.'),
    allow_guards: s.flag().doc('It may hold back what guards protect, such as mastership.'),
  })
  .doc('A plugin to load, or other settings for one of the distribution.');

const lanesBlock = s
  .block({
    memory_limit: s
      .int(64, 1_048_576)
      .default(512)
      .doc('MiB of resident memory above which a lane other than realtime is killed.'),
    unresponsive_after: s.int(2, 3600).default(30).doc('Seconds without a sign of life after which a lane is killed.'),
  })
  .doc('Limits of the processes that plugins live in.');

const rootKeywords = {
  child_wait_time: s.seconds(0, 3600).default(5000).doc('Seconds that lanes get to end at a stop before they are killed.'),
  use_pid_dir: s.flag().doc('Accepted: PID files are always in the run directory.'),
  net_namespace: s.notBuilt('net_namespace (run everything in a network namespace; start the daemon with `ip netns exec`)'),
};

export interface DaemonKeywords {
  readonly plugins: ConfigHandle<Infer<typeof pluginBlock>>;
  settings(): DaemonSettings;
}

export function declareDaemonKeywords(config: ConfigPoints): DaemonKeywords {
  const plugins = config.named('plugin', pluginBlock);
  const lanes = config.block('lanes', lanesBlock);
  const root = config.root(rootKeywords);
  return {
    plugins,
    settings: () => ({
      childWaitMs: root.value.child_wait_time,
      laneMemoryMiB: lanes.value.memory_limit,
      laneHeartbeatSeconds: lanes.value.unresponsive_after,
      consent: plugins.entries.filter(({ value }) => value.allow_guards).map(({ name }) => name),
    }),
  };
}
