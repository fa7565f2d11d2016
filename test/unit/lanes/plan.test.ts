/** Which lanes start for which plugins and configuration. */
import assert from 'node:assert/strict';
import { type Candidate, isSamePlan, planLanes } from '@mainstay/core';
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
  readonly hasChildren?: boolean;
  readonly isNamed?: boolean;
  readonly acts?: boolean;
}

function candidate(name: string, made: Made = {}): Candidate {
  const {
    lane = 'extension',
    isolated = false,
    root = [],
    inside = {},
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
      inside: new Map(Object.entries(inside).map(([block, keywords]) => [block, new Set(keywords)])),
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
});
