/**
 * Wraps plugins for the configuration's sake: `schemaOnly` declares a plugin's keywords in a lane where the plugin itself does
 * not run; `recording` notes what a plugin contributes. Called by prepare.ts and by the lane program.
 */
import { type App, type ConfigPoints, definePlugin, type Fields, type Plugin, type StatusPoints, type Taps } from '@mainstay/sdk';
import type { Contribution } from './plan.js';

const noTaps: Taps = { observe() {}, adjust() {}, guard() {}, shape() {}, lifecycle() {} };
const noStatus: StatusPoints = { objects() {}, explain() {} };

/** The plugin's keywords, and nothing else of it. */
export function schemaOnly(plugin: Plugin): Plugin {
  return definePlugin({
    name: plugin.name,
    setup: (app) => plugin.setup({ taps: noTaps, status: noStatus, config: withoutChecks(app.config) }),
  });
}

/** Checks across keywords are the business of the lane where the plugin runs, and of `prepare`. */
function withoutChecks(config: ConfigPoints): ConfigPoints {
  return {
    named: (keyword, block) => config.named(keyword, block),
    block: (keyword, block) => config.block(keyword, block),
    root: (fields) => config.root(fields),
    extend: (keyword, fields) => config.extend(keyword, fields),
    check() {},
  };
}

/** The same plugin; what it contributes is known once its `setup` has run. */
export function recording(plugin: Plugin): { readonly plugin: Plugin; readonly contribution: Contribution } {
  const root = new Set<string>();
  const inside = new Map<string, Set<string>>();
  const setup = (app: App) => plugin.setup({ taps: app.taps, status: app.status, config: noting(app.config, root, inside) });
  return {
    plugin: definePlugin({ ...plugin, setup }),
    contribution: { root, inside, hasChildren: plugin.children !== undefined },
  };
}

function keywordsOf(fields: Fields): readonly string[] {
  return Object.entries(fields).flatMap(([keyword, field]) => [keyword, ...(field.facts.aliases ?? [])]);
}

function noting(config: ConfigPoints, root: Set<string>, inside: Map<string, Set<string>>): ConfigPoints {
  return {
    named(keyword, block) {
      root.add(keyword);
      return config.named(keyword, block);
    },
    block(keyword, block) {
      root.add(keyword);
      return config.block(keyword, block);
    },
    root(fields) {
      for (const keyword of keywordsOf(fields)) root.add(keyword);
      return config.root(fields);
    },
    extend(keyword, fields) {
      const known = inside.get(keyword) ?? new Set<string>();
      for (const field of keywordsOf(fields)) known.add(field);
      inside.set(keyword, known);
      return config.extend(keyword, fields);
    },
    check: (check) => config.check(check),
  };
}
