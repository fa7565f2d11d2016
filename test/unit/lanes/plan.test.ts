/** Which lanes start for which plugins and configuration. */
import assert from 'node:assert/strict';
import { type Candidate, isSamePlan, loadKeepalivedText, planLanes } from '@mainstay/core';
import type { LaneKind, Statement } from '@mainstay/sdk';
import { describe, it } from 'mocha';

const at = { file: 't', line: 1, column: 1 };
const word = (text: string) => ({ text, at, quoted: false });

function statement(keyword: string, ...block: readonly string[]): Statement {
  const inner = block.map((text) => ({ keyword: word(text), args: [], rest: '', restAt: at }));
  return { keyword: word(keyword), args: [], rest: '', restAt: at, ...(block.length > 0 && { block: inner }) };
}

interface Made {
  readonly lane?: LaneKind;
  readonly isolated?: boolean;
  readonly root?: readonly string[];
  readonly inside?: Readonly<Record<string, readonly string[]>>;
  readonly plugs?: Readonly<Record<string, readonly string[]>>;
  readonly places?: readonly string[];
  readonly hasChildren?: boolean;
  readonly isNamed?: boolean;
  readonly acts?: boolean;
}

function setsOf(lists: Readonly<Record<string, readonly string[]>>): ReadonlyMap<string, ReadonlySet<string>> {
  return new Map(Object.entries(lists).map(([key, words]) => [key, new Set(words)]));
}

function candidate(name: string, made: Made = {}): Candidate {
  const {
    lane = 'extension',
    isolated = false,
    root = [],
    inside = {},
    plugs = {},
    places = [],
    hasChildren = false,
    isNamed = false,
    acts = true,
  } = made;
  return {
    plugin: {
      name,
      entry: `/${name}.js`,
      version: '1.0.0',
      origin: 'test',
      manifest: { api: '^0.1.0', lane, isolated, needs: [] },
    },
    contribution: {
      root: new Set(root),
      inside: setsOf(inside),
      plugs: setsOf(plugs),
      places: new Set(places),
      hasChildren,
      acts: () => acts,
    },
    isNamed,
  };
}

const owner = candidate('owner', { lane: 'realtime', root: ['thing'] });
const teller = candidate('teller', { inside: { thing: ['tell'] } });
const lanesOf = (candidates: readonly Candidate[], statements: readonly Statement[]) =>
  planLanes(candidates, statements).map(({ lane, plugins }) => [lane, ...plugins.map((p) => p.name)]);

describe('the plan of lanes', () => {
  it('gives a lane every block that means something to its plugins, those that they share and those of others in their places', () => {
    const sharing = candidate('sharing', { root: ['own'] });
    const contribution = { ...sharing.contribution, sharedRoot: new Set(['common']), rootPlaces: new Set(['more']) };
    const extra = candidate('extra', { lane: 'health', plugs: { more: ['extra'] }, isNamed: true });
    const [lane] = planLanes([{ ...sharing, contribution }, extra], [statement('own')]);
    for (const keyword of ['own', 'common', 'extra', 'global_defs']) assert.ok(lane?.roots?.has(keyword), keyword);
  });

  it('starts only what the configuration uses', () => {
    assert.deepEqual(lanesOf([owner, teller], []), []);
    assert.deepEqual(lanesOf([owner, teller], [statement('thing', 'size')]), [['realtime', 'owner']]);
    assert.deepEqual(lanesOf([owner, teller], [statement('thing', 'tell')]), [
      ['realtime', 'owner'],
      ['extension', 'teller'],
    ]);
  });

  it('starts what the operator names, what has no keywords, and what looks for more', () => {
    const plugins = [
      candidate('named', { isNamed: true, root: ['x'] }),
      candidate('silent'),
      candidate('finder', { hasChildren: true, root: ['y'] }),
    ];
    assert.deepEqual(lanesOf(plugins, []), [['extension', 'named', 'silent', 'finder']]);
  });

  it('starts nothing for a plugin that only declares keywords', () => {
    assert.deepEqual(lanesOf([candidate('words', { root: ['thing'], acts: false })], [statement('thing')]), []);
  });

  it('gives an isolated plugin a process of its own', () => {
    const alone = candidate('alone', { isolated: true });
    assert.deepEqual(lanesOf([alone, candidate('other')], []), [
      ['extension:alone', 'alone'],
      ['extension', 'other'],
    ]);
  });

  it('puts the realtime lane first', () => {
    assert.deepEqual(lanesOf([candidate('early'), owner], [statement('thing')])[0], ['realtime', 'owner']);
  });

  it('takes along the keywords of the plugins that a lane extends, and no others', () => {
    const other = candidate('other', { root: ['unrelated'], lane: 'realtime' });
    const plan = planLanes([owner, other, teller], [statement('thing', 'tell')]).find(({ lane }) => lane === 'extension');
    assert.deepEqual(
      plan?.schemaOf.map((p) => p.name),
      ['owner'],
    );
  });

  it('knows the same plan again, and another version as another', () => {
    const [a] = planLanes([owner], [statement('thing')]);
    const [b] = planLanes([owner], [statement('thing', 'tell')]);
    const newer = { ...owner, plugin: { ...owner.plugin, version: '1.0.1' } };
    const [c] = planLanes([newer], [statement('thing')]);
    assert.ok(a && b && c);
    assert.equal(isSamePlan(a, b), true);
    assert.equal(isSamePlan(a, c), false);
  });

  describe('with blocks within blocks', () => {
    const balancer = candidate('balancer', { lane: 'balance', root: ['service'], places: ['checker'] });
    const tcp = candidate('tcp', { lane: 'health', plugs: { checker: ['TCP_CHECK'] } });
    const http = candidate('http', { lane: 'health', plugs: { checker: ['HTTP_CHECK'] }, inside: { thing: ['page'] } });
    const scripts = candidate('scripts', { inside: { 'service server': ['notify'], service: ['quorum'] } });
    const all = [balancer, tcp, http, scripts, owner];
    const read = (text: string) => loadKeepalivedText(text, { file: 't', configId: 't' }).tree.statements;
    const plansOf = (text: string) =>
      planLanes(all, read(text)).map(({ lane, plugins, schemaOf }) => [lane, namesOf(plugins), namesOf(schemaOf)]);

    it('uses a plugin whose block is written in any block, and no other', () => {
      assert.deepEqual(plansOf('service a {\n server b {\n  TCP_CHECK {\n  }\n }\n}'), [
        ['balance', 'balancer', 'tcp http owner'],
        ['health', 'tcp', ''],
      ]);
      assert.deepEqual(plansOf('TCP_CHECK {\n}\nnotify x'), []);
    });

    it('uses a plugin that extends a block within a block where its keyword is written there', () => {
      const used = ['extension', 'scripts', 'balancer'];
      const notUsed = [['balance', 'balancer', 'tcp http owner']];
      assert.deepEqual(plansOf('service a {\n server b {\n  notify x\n }\n}').at(-1), used);
      assert.deepEqual(plansOf('service a {\n quorum 1\n}').at(-1), used);
      assert.deepEqual(plansOf('service a {\n notify x\n server b {\n  quorum 1\n  deeper {\n   notify x\n  }\n }\n}'), notUsed);
    });

    it('gives a lane the blocks for its places whether they are used or not, and what their plugins extend', () => {
      const [a] = planLanes(all, read('service a {\n}'));
      const [b] = planLanes(all, read('service a {\n server b {\n  HTTP_CHECK {\n  }\n }\n}'));
      assert.ok(a && b);
      assert.deepEqual(namesOf(a.schemaOf), 'tcp http owner');
      assert.equal(isSamePlan(a, b), true);
    });

    it('finds them in data, where names are around the content', () => {
      const of = (service: string, form: 'map') => {
        const inner = (keyword: string, block?: readonly Statement[]): Statement => {
          return { ...statement(keyword), ...(block && { block, form }) };
        };
        const server = inner('server', [inner('10.0.0.1 80', [inner('notify'), inner('list', [inner('TCP_CHECK', [])])])]);
        return planLanes(all, [inner(service, [inner('10.0.0.2 80', [server])])]).map(({ lane }) => lane);
      };
      assert.deepEqual(of('service', 'map'), ['balance', 'health', 'extension']);
    });
  });
});

function namesOf(plugins: readonly { readonly name: string }[]): string {
  return plugins.map(({ name }) => name).join(' ');
}
