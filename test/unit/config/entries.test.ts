/** Blocks of lines without keywords, names for blocks that may be called the same, and extensions of blocks that need not be there. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigRegistry, loadConfig } from '@mainstay/core';
import { type Args, formatDiagnostic, type SourceTree, s, uniqueNames } from '@mainstay/sdk';
import { describe, it } from 'mocha';
import { readText } from './outline.js';

const pair = {
  syntax: 'WORD [N]',
  json: { type: 'string' },
  parse(args: Args) {
    const word = args.take()?.text ?? args.fail('a word is missing');
    const n = args.take();
    if (n !== undefined && !/^[0-9]+$/.test(n.text)) args.fail(`"${n.text}" is not a number`, { at: n.at });
    return n === undefined ? word : `${word}=${n.text}`;
  },
};

function made() {
  const registry = new ConfigRegistry();
  const pools = registry.pointsFor('one').named('pool', s.entries(pair).doc('Words.'));
  const bind = (tree: SourceTree) => registry.bind(tree, { unknownKeywords: 'error' }).map(formatDiagnostic);
  return { registry, pools, bind };
}

describe('blocks of lines without keywords', () => {
  it('hold every line, in order', () => {
    const { pools, bind } = made();
    assert.deepEqual(bind(readText('pool A {\n x 1\n y\n x 1\n}\npool B {\n}\npool C { z 3 }').tree), []);
    assert.deepEqual(
      pools.entries.map(({ name, value }) => [name, value['']]),
      [
        ['A', ['x=1', 'y', 'x=1']],
        ['B', []],
        ['C', ['z=3']],
      ],
    );
  });

  it('tell of each line that is wrong, at its place, and keep what they had', () => {
    const { pools, bind } = made();
    bind(readText('pool A {\n x 1\n}').tree);
    assert.deepEqual(bind(readText('pool A {\n x a\n y 1\n z 1 2\n}').tree), [
      'test.conf:2:4: error: "a" is not a number [CONFIG_BAD_VALUE]',
      'test.conf:4:6: error: there is one word too many after z (expected: z WORD [N]) [CONFIG_EXTRA_WORD]',
    ]);
    assert.deepEqual(pools.entries[0]?.value[''], ['x=1']);
  });

  it('are lists in data', async () => {
    const { pools, bind } = made();
    const folder = mkdtempSync(join(tmpdir(), 'mainstay-entries-'));
    try {
      writeFileSync(join(folder, 'a.yaml'), 'pool:\n  A:\n    - x 1\n    - y\n');
      const { tree } = await loadConfig({ file: join(folder, 'a.yaml'), configId: 'x' });
      assert.deepEqual(bind(tree), []);
    } finally {
      rmSync(folder, { recursive: true });
    }
    assert.deepEqual(pools.entries[0]?.value[''], ['x=1', 'y']);
  });

  it('are lists in the JSON Schema', () => {
    const { properties } = made().registry.jsonSchema() as { properties: Record<string, { additionalProperties: unknown }> };
    assert.deepEqual(properties.pool?.additionalProperties, {
      anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }],
    });
  });
});

describe('names of blocks', () => {
  it('are made unique in order', () => {
    assert.deepEqual(uniqueNames(['a', 'b', 'a', 'a', 'b']), ['a', 'b', 'a#2', 'a#3', 'b#2']);
    assert.deepEqual(uniqueNames([]), []);
  });
});

describe('extensions of blocks that need not be there', () => {
  const more = { extra: s.word().optional() };

  it('have no entries without the block, and are no error', () => {
    const registry = new ConfigRegistry();
    const handle = registry.pointsFor('two').extend(['x', 'y'], more, { isOptional: true });
    assert.deepEqual(registry.bind(readText('').tree, { unknownKeywords: 'error' }), []);
    assert.deepEqual(handle.entries, []);
  });

  it('are as others where the block is there', () => {
    const { registry, bind } = made();
    registry.pointsFor('one').named('x', s.block({}));
    const handle = registry.pointsFor('two').extend('x', more, { isOptional: true });
    assert.deepEqual(bind(readText('x A {\n extra e\n}').tree), []);
    assert.deepEqual(
      handle.entries.map(({ name, value }) => [name, value.extra]),
      [['A', 'e']],
    );
  });

  it('do not excuse others that must have the block', () => {
    const registry = new ConfigRegistry();
    registry.pointsFor('two').extend('x', more, { isOptional: true });
    registry.pointsFor('three').extend('x', { other: s.flag() });
    assert.throws(() => registry.bind(readText('').tree, { unknownKeywords: 'error' }), /plugin three adds keywords to x/);
  });
});
