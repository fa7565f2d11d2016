/** A host with plugins written in a line, on a manual clock and with ports that are only names; for the tests of the host. */
import { Host, type HostOptions, type LoadedPlugin } from '@mainstay/core';
import {
  type App,
  definePlugin,
  type Manifest,
  type PluginSpec,
  type Ports,
  type SourceTree,
  type Statement,
  s,
} from '@mainstay/sdk';
import { type ManualClock, manualClock } from '../../support/manual-clock.js';

export interface Said {
  readonly level: string;
  readonly plugin: string;
  readonly message: string;
}

export interface HostBench {
  readonly host: Host;
  readonly clock: ManualClock;
  readonly logs: Said[];
}

export function hostBench(options: Partial<HostOptions> = {}): HostBench {
  const clock = manualClock();
  const logs: Said[] = [];
  const host = new Host({
    lane: 'test',
    laneKind: 'realtime',
    clock,
    log: (record) => logs.push(record),
    portsFor: (plugin) => ({ files: { of: plugin }, links: { of: plugin } }) as unknown as Ports,
    facts: { isRestart: false, keepAddressesAtExit: false, configDirectory: '/etc/mainstay' },
    consent: new Set(),
    ...options,
  });
  return { host, clock, logs };
}

export type Spec = Partial<PluginSpec> & Pick<PluginSpec, 'name'>;

export function loaded(spec: Spec, manifest: Partial<Manifest> = {}): LoadedPlugin {
  return {
    plugin: definePlugin({ setup() {}, ...spec }),
    manifest: { api: '^0.1.0', lane: 'realtime', needs: [], ...manifest },
    origin: 'distribution',
    version: '1.0.0',
  };
}

const at = (line: number, column = 1) => ({ file: 'test.conf', line, column });

/** One root statement for each line: `keyword argument`. */
export function treeOf(...lines: readonly string[]): SourceTree {
  const statements = lines.map((line, i): Statement => {
    const [keyword = '', ...args] = line.split(' ');
    const words = args.map((text) => ({ text, at: at(i + 1, line.indexOf(text) + 1), quoted: false }));
    const restAt = at(i + 1, keyword.length + 2);
    return { keyword: { text: keyword, at: at(i + 1), quoted: false }, args: words, rest: args.join(' '), restAt };
  });
  return { files: ['test.conf'], statements };
}

/** Loads, binds, expands and freezes. */
export async function ready(bench: HostBench, plugins: readonly LoadedPlugin[], tree = treeOf()): Promise<void> {
  bench.host.load(plugins);
  const diagnostics = bench.host.bind(tree, { unknownKeywords: 'error' });
  if (diagnostics.length > 0) throw new Error(diagnostics.map((d) => d.message).join('; '));
  await bench.clock.drive(bench.host.expand());
  bench.host.freeze();
}

/** A plugin that notes each step of its life in `steps`, with one keyword named after it. */
export function noting(name: string, steps: string[], spec: Partial<PluginSpec> = {}): LoadedPlugin {
  return loaded({
    name,
    setup: (app: App) => void app.config.root({ [name.replaceAll('-', '_')]: s.int(0, 100).default(0) }),
    start: () => void steps.push(`${name} start`),
    reconfigure: () => 'absorbed',
    stop: (_, why) => void steps.push(`${name} stop ${why}`),
    ...spec,
  });
}
