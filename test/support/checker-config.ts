/** Binds the blocks of a checker plugin as a balancer and `mainstay check` do, with a place for them and nothing else around. */
import { ConfigRegistry } from '@mainstay/core';
import {
  type App,
  type Checker,
  checkerBlock,
  checkerFacts,
  checkerGroup,
  formatDiagnostic,
  type Plugged,
  type Plugin,
  s,
} from '@mainstay/sdk';
import { readText } from '../unit/config/outline.js';

export interface BoundChecks {
  /** `LINE:COLUMN: severity: ...` */
  readonly said: readonly string[];
  /** The blocks of all servers, in order. */
  readonly checks: readonly Plugged[];
  readonly checkers: readonly Checker[];
  /** What the plugin reports of itself. */
  objects(): unknown;
  /** Calls its taps on `config.reloaded`. */
  reloaded(): Promise<void>;
  /** Calls its taps on an observe hook. */
  observed(name: string, payload: unknown): void;
}

/** `text` has blocks `server NAME { ... }` at its top level, where a configuration has virtual servers with real servers. */
export function bindChecks(plugin: Plugin, text: string, beside: readonly Plugin[] = []): BoundChecks {
  const registry = new ConfigRegistry();
  const servers = registry.pointsFor('balancer').named('server', s.block({ checks: s.plugged(checkerGroup) }));
  const config = registry.pointsFor(plugin.name);
  const checkers: Checker[] = [];
  let report: () => unknown = () => [];
  const taps: (() => unknown)[] = [];
  const hears = new Map<string, (payload: unknown) => unknown>();
  const app: Pick<App, 'config' | 'checkers' | 'status'> & { readonly taps: Pick<App['taps'], 'observe' | 'lifecycle'> } = {
    config,
    taps: {
      observe: (name: string, tap: unknown) => void hears.set(name, tap as (payload: unknown) => unknown),
      lifecycle(name, tap) {
        if (name === 'config.reloaded') taps.push(tap as () => unknown);
      },
    },
    status: {
      objects(given) {
        report = given;
      },
      explain() {},
    },
    checkers: {
      define(checker) {
        checkers.push(checker as unknown as Checker);
        return config.plug(checkerGroup, checker.keyword, checkerBlock(checker), checkerFacts(checker)) as never;
      },
    },
  };
  plugin.setup(app as unknown as App);
  for (const other of beside) other.setup({ ...app, config: registry.pointsFor(other.name) } as unknown as App);
  const { tree, diagnostics } = readText(text);
  const said = [...diagnostics, ...registry.bind(tree, { unknownKeywords: 'error' })];
  return {
    said: said.map((one) => formatDiagnostic(one).replace(/^[^:]*:/, '')),
    checks: said.some(({ severity }) => severity === 'error') ? [] : servers.entries.flatMap(({ value }) => value.checks),
    checkers,
    objects: () => report(),
    observed: (name, payload) => void hears.get(name)?.(payload),
    async reloaded() {
      for (const tap of taps) await tap();
    },
  };
}
