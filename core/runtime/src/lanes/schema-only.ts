/**
 * Wraps plugins for the configuration's sake: `declareSchema` declares a plugin's keywords in a lane where the plugin itself
 * does not run; `recording` notes what a plugin contributes. Called by prepare.ts and by the lane program.
 */
import {
  type ActionPoints,
  type App,
  type CheckerPoints,
  type ConfigPoints,
  checkerBlock,
  checkerFacts,
  checkerGroup,
  definePlugin,
  type Fields,
  type HookName,
  type Plugin,
  type StatusPoints,
  type Taps,
} from '@mainstay/sdk';
import type { Contribution } from './plan.js';

const noTaps: Taps = { observe() {}, adjust() {}, guard() {}, shape() {}, lifecycle() {} };
const noStatus: StatusPoints = { objects() {}, explain() {} };
const noActions: ActionPoints = { declare() {} };

/** Declares the plugin's keywords on `config`, and nothing else of it. Its checks are the business of the lane where it runs. */
export function declareSchema(plugin: Plugin, config: ConfigPoints): void {
  const checkers: CheckerPoints = {
    define: (checker) => config.plug(checkerGroup, checker.keyword, checkerBlock(checker), checkerFacts(checker)),
  };
  plugin.setup({ taps: noTaps, status: noStatus, actions: noActions, checkers, config: withoutChecks(config) });
}

function withoutChecks(config: ConfigPoints): ConfigPoints {
  return {
    named: (keyword, block) => config.named(keyword, block),
    block: (keyword, block) => config.block(keyword, block),
    headed: (keyword, header, block) => config.headed(keyword, header, block),
    plug: (group, keyword, block, facts) => config.plug(group, keyword, block, facts),
    root: (fields) => config.root(fields),
    extend: (keyword, fields) => config.extend(keyword, fields),
    check() {},
  };
}

/** The same plugin; what it contributes is known once its `setup` has run. */
export function recording(plugin: Plugin): { readonly plugin: Plugin; readonly contribution: Contribution } {
  const root = new Set<string>();
  const inside = new Map<string, Set<string>>();
  const hasChildren = plugin.children !== undefined;
  let acts = hasChildren || plugin.start !== undefined;
  const observes = new Set<HookName>();
  const onTap = () => {
    acts = true;
  };
  const setup = (app: App) =>
    plugin.setup({
      taps: notingTaps(app.taps, onTap, observes),
      status: app.status,
      actions: notingActions(app.actions, onTap),
      checkers: notingCheckers(app.checkers, onTap),
      config: noting(app.config, root, inside),
    });
  return { plugin: definePlugin({ ...plugin, setup }), contribution: { root, inside, hasChildren, observes, acts: () => acts } };
}

function notingTaps(taps: Taps, onTap: () => void, observes: Set<HookName>): Taps {
  const noted = <A extends unknown[]>(tap: (...args: A) => void) => {
    return (...args: A) => {
      onTap();
      tap(...args);
    };
  };
  return {
    observe: noted((...args: Parameters<Taps['observe']>) => {
      observes.add(args[0]);
      taps.observe(...args);
    }) as Taps['observe'],
    adjust: noted(taps.adjust) as Taps['adjust'],
    guard: noted(taps.guard) as Taps['guard'],
    shape: noted(taps.shape) as Taps['shape'],
    lifecycle: noted(taps.lifecycle) as Taps['lifecycle'],
  };
}

function notingActions(actions: ActionPoints, onAction: () => void): ActionPoints {
  return {
    declare(action) {
      onAction();
      actions.declare(action);
    },
  };
}

function notingCheckers(checkers: CheckerPoints, onChecker: () => void): CheckerPoints {
  return {
    define(checker) {
      onChecker();
      checkers.define(checker);
    },
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
    headed(keyword, header, block) {
      root.add(keyword);
      return config.headed(keyword, header, block);
    },
    plug: (group, keyword, block, facts) => config.plug(group, keyword, block, facts),
    root(fields) {
      for (const keyword of keywordsOf(fields)) root.add(keyword);
      return config.root(fields);
    },
    extend(keyword, fields) {
      const path = [keyword].flat().join(' ');
      const known = inside.get(path) ?? new Set<string>();
      for (const field of keywordsOf(fields)) known.add(field);
      inside.set(path, known);
      return config.extend(keyword, fields);
    },
    check: (check) => config.check(check),
  };
}
