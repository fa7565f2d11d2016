/** What a plugin contributes, noted; and its keywords in a lane where it does not run. */
import assert from 'node:assert/strict';
import { ConfigRegistry, declareSchema, loadKeepalivedText, recording } from '@mainstay/core';
import { type App, checkerGroup, defineChecker, definePlugin, s, up } from '@mainstay/sdk';
import { describe, it } from 'mocha';

const header = { syntax: 'NAME', json: {}, parse: (args: { take(): { text: string } | undefined }) => args.take()?.text };
const checker = defineChecker({
  keyword: 'TCP_CHECK',
  fields: { depth: s.int(1, 9).default(2) },
  defaults: { retry: 7 },
  check: () => up(),
});
const balancer = definePlugin({
  name: 'balancer',
  setup({ config }) {
    const server = s.block({ weight: s.int(0, 9).default(1).alias('w'), checkers: s.plugged(checkerGroup) });
    config.headed('service', header, s.block({ server: s.headed(header, server).repeated() }));
    config.root({ level: s.word().optional().alias('lvl'), more: s.plugged('more') });
    config.check(() => {
      throw new Error('it does not run here');
    });
  },
});
const checkers = definePlugin({ name: 'checkers', setup: ({ checkers: { define } }) => define(checker) });
const extras = definePlugin({
  name: 'extras',
  setup({ config }) {
    config.extend(['service', 'server'], {
      notify: s.word().optional(),
      deeper: s.nested(s.block({ x: s.plugged('deep') })).optional(),
    });
    config.extend('service', { quorum: s.word().optional() });
    config.plug('more', 'extra', s.block({ inner: s.plugged('inner') }));
  },
});

const silent = {
  taps: { observe() {}, adjust() {}, guard() {}, shape() {}, lifecycle() {} },
  status: { objects() {}, explain() {} },
  actions: { declare() {} },
} as const;

describe('the contribution of a plugin', () => {
  const contributionOf = (...plugins: readonly ReturnType<typeof definePlugin>[]) => {
    const registry = new ConfigRegistry();
    const defined: string[] = [];
    return plugins.map((one) => {
      const { plugin, contribution } = recording(one);
      const config = registry.pointsFor(plugin.name);
      const checkers: App['checkers'] = {
        define({ keyword }) {
          defined.push(keyword);
          return config.plug('checker', keyword, s.block({})) as never;
        },
      };
      const app: App = { ...silent, config, checkers };
      plugin.setup(app);
      const { root, sharedRoot, rootPlaces, inside, plugs, places, acts } = contribution;
      const setsOf = (sets: ReadonlyMap<string, ReadonlySet<string>> = new Map()) =>
        Object.fromEntries([...sets].map(([key, words]) => [key, [...words]]));
      return {
        root: [...root],
        also: [...(sharedRoot ?? []), ...(rootPlaces ?? [])],
        inside: setsOf(inside),
        plugs: setsOf(plugs),
        places: [...(places ?? [])],
        acts: acts(),
        defined,
      };
    });
  };

  it('leaves out keywords that it shares: who writes one may mean another plugin', () => {
    const sharing = definePlugin({
      name: 'sharing',
      setup: ({ config }) => void config.extend('global_defs', { user: s.word().optional().shared(), own: s.flag() }),
    });
    assert.deepEqual(contributionOf(sharing)[0]?.inside, { global_defs: ['own'] });
  });

  it('tells apart what may stand at the top level and says nothing about who is wanted', () => {
    const sharing = definePlugin({
      name: 'sharing',
      setup: ({ config }) =>
        void config.root({
          common: s.word().optional().shared().alias('usual'),
          own: s.flag(),
          more: s.plugged('more'),
        }),
    });
    const [found] = contributionOf(sharing);
    assert.deepEqual([found?.root, found?.also], [['own'], ['common', 'usual', 'more']]);
  });

  it('tells its keywords, its blocks for the places of others, and its places', () => {
    const [a, b, c] = contributionOf(balancer, checkers, extras);
    const defined = ['TCP_CHECK'];
    assert.deepEqual(a, {
      root: ['service', 'level', 'lvl'],
      also: ['more'],
      inside: {},
      plugs: {},
      places: [checkerGroup, 'more'],
      acts: false,
      defined,
    });
    assert.deepEqual(b, { root: [], also: [], inside: {}, plugs: { checker: ['TCP_CHECK'] }, places: [], acts: true, defined });
    assert.deepEqual(c, {
      root: [],
      also: [],
      inside: { 'service server': ['notify', 'deeper'], service: ['quorum'] },
      plugs: { more: ['extra'] },
      places: ['deep', 'inner'],
      acts: true,
      defined,
    });
  });
});

describe('keywords of a plugin that does not run', () => {
  const read = (text: string) => loadKeepalivedText(text, { file: 't', configId: 't' }).tree;
  const config = 'service a {\n server b {\n  w 3\n  TCP_CHECK {\n   retry 2\n  }\n  notify x\n }\n}';

  it('are bound, checkers with their facts', () => {
    const registry = new ConfigRegistry();
    const seen: unknown[] = [];
    const points = registry.pointsFor('owner');
    const noting = definePlugin({
      name: 'noting',
      setup(app) {
        const handle = app.config.headed(
          'service',
          header,
          s.block({ server: s.headed(header, s.block({ list: s.plugged(checkerGroup) })) }),
        );
        points.check(() => void seen.push(...handle.value.value.server.value.list));
      },
    });
    declareSchema(noting, registry.pointsFor('noting'));
    declareSchema(checkers, registry.pointsFor('checkers'));
    const said = registry.bind(read('service a {\n server b {\n  TCP_CHECK {\n   retry 2\n  }\n }\n}'), {
      unknownKeywords: 'error',
    });
    assert.deepEqual(said, []);
    const [{ keyword, value, facts }] = seen as [{ keyword: string; value: Record<string, unknown>; facts: unknown }];
    assert.deepEqual([keyword, value.retry, value.depth], ['TCP_CHECK', 2, 2]);
    assert.deepEqual(facts, { target: 'network', defaults: { retry: 7 } });
  });

  it('run none of its checks', () => {
    const registry = new ConfigRegistry();
    for (const plugin of [balancer, checkers, extras]) declareSchema(plugin, registry.pointsFor(plugin.name));
    assert.deepEqual(registry.bind(read(config), { unknownKeywords: 'error' }), []);
  });

  it('complain of nothing where the place of its blocks is unknown', () => {
    const registry = new ConfigRegistry();
    declareSchema(checkers, registry.pointsFor('checkers'));
    const said = registry.bind(read(config), { unknownKeywords: 'warning' });
    assert.deepEqual(
      said.map(({ severity, at }) => [severity, at.line]),
      [['warning', 1]],
    );
  });
});
