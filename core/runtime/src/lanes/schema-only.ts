/**
 * Wraps plugins for the configuration's sake: `declareSchema` declares a plugin's keywords in a lane where the plugin itself
 * does not run; `recording` notes what a plugin contributes. Called by prepare.ts and by the lane program.
 */
import {
  type ActionPoints,
  type App,
  type Block,
  type CheckerPoints,
  type ConfigPoints,
  checkerBlock,
  checkerFacts,
  checkerGroup,
  definePlugin,
  type Field,
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
    define: (checker) => config.plug(checkerGroup, checker.keyword, checkerBlock(checker), checkerFacts(checker)) as never,
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
    extend: (keyword, fields, options) => config.extend(keyword, fields, options),
    check() {},
  };
}

/** The same plugin; what it contributes is known once its `setup` has run. */
export function recording(plugin: Plugin): { readonly plugin: Plugin; readonly contribution: Contribution } {
  const hasChildren = plugin.children !== undefined;
  let acts = hasChildren || plugin.start !== undefined;
  const observes = new Set<HookName>();
  const onAct = () => {
    acts = true;
  };
  const keywords = new Keywords();
  const setup = (app: App) =>
    plugin.setup({
      taps: notingTaps(app.taps, onAct, observes),
      status: app.status,
      actions: notingActions(app.actions, onAct),
      checkers: notingCheckers(app.checkers, keywords, onAct),
      config: noting(app.config, keywords, onAct),
    });
  const { root, sharedRoot, rootPlaces, inside, plugs, places } = keywords;
  const contribution = { root, sharedRoot, rootPlaces, inside, plugs, places, hasChildren, observes, acts: () => acts };
  return { plugin: definePlugin({ ...plugin, setup }), contribution };
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

/** It is core's host that plugs the block in, so that it passes by the points of the plugin. */
function notingCheckers(checkers: CheckerPoints, keywords: Keywords, onDefine: () => void): CheckerPoints {
  return {
    define(checker) {
      onDefine();
      const handle = checkers.define(checker);
      keywords.plug(checkerGroup, checker.keyword, checkerBlock(checker));
      return handle;
    },
  };
}

class Keywords {
  readonly root = new Set<string>();
  readonly sharedRoot = new Set<string>();
  readonly rootPlaces = new Set<string>();
  readonly inside = new Map<string, Set<string>>();
  readonly plugs = new Map<string, Set<string>>();
  readonly places = new Set<string>();

  block(keyword: string, { fields }: Block<Fields>): void {
    this.root.add(keyword);
    this.lookFor(fields);
  }

  fields(fields: Fields, into: Set<string>): void {
    for (const [keyword, { shape, facts }] of Object.entries(fields)) {
      if (shape.kind !== 'plugged' && facts.isShared !== true)
        for (const spelling of [keyword, ...(facts.aliases ?? [])]) into.add(spelling);
    }
    this.lookFor(fields);
  }

  rootFields(fields: Fields): void {
    this.fields(fields, this.root);
    for (const [keyword, { shape, facts }] of Object.entries(fields)) {
      if (shape.kind === 'plugged') this.rootPlaces.add(shape.group);
      else if (facts.isShared === true) for (const spelling of [keyword, ...(facts.aliases ?? [])]) this.sharedRoot.add(spelling);
    }
  }

  extend(path: string | readonly string[], fields: Fields): void {
    this.fields(fields, setIn(this.inside, [path].flat().join(' ')));
  }

  plug(group: string, keyword: string, { fields }: Block<Fields>): void {
    setIn(this.plugs, group).add(keyword);
    this.lookFor(fields);
  }

  /** Places for the blocks of others, however deep. */
  private lookFor(fields: Fields): void {
    for (const { shape } of Object.values(fields) as Field<unknown>[]) {
      if (shape.kind === 'plugged') this.places.add(shape.group);
      if (shape.kind === 'block' || shape.kind === 'headed') this.lookFor(shape.block.fields);
    }
  }
}

function setIn(map: Map<string, Set<string>>, key: string): Set<string> {
  const set = map.get(key) ?? new Set<string>();
  map.set(key, set);
  return set;
}

/** Noted when core has taken it: by then it is known to be what it should be. */
function noting(config: ConfigPoints, keywords: Keywords, onPlug: () => void): ConfigPoints {
  return {
    named(keyword, block) {
      const handle = config.named(keyword, block);
      keywords.block(keyword, block as unknown as Block<Fields>);
      return handle;
    },
    block(keyword, block) {
      const handle = config.block(keyword, block);
      keywords.block(keyword, block as unknown as Block<Fields>);
      return handle;
    },
    headed(keyword, header, block) {
      const handle = config.headed(keyword, header, block);
      keywords.block(keyword, block as unknown as Block<Fields>);
      return handle;
    },
    plug(group, keyword, block, facts) {
      const handle = config.plug(group, keyword, block, facts);
      keywords.plug(group, keyword, block as unknown as Block<Fields>);
      onPlug();
      return handle;
    },
    root(fields) {
      const handle = config.root(fields);
      keywords.rootFields(fields);
      return handle;
    },
    extend(path, fields, options) {
      const handle = config.extend(path, fields, options);
      keywords.extend(path, fields);
      return handle;
    },
    check: (check) => config.check(check),
  };
}
