/** Names of blocks that whoever extends them knows: the same for everybody, and not moved when a reload adds or removes another block. */
import assert from 'node:assert/strict';
import { ConfigRegistry } from '@mainstay/core';
import { s } from '@mainstay/sdk';
import { describe, it } from 'mocha';
import { readText } from './outline.js';

const words = { syntax: 'WORD', json: {}, parse: (args: { take(): { text: string } | undefined }) => args.take()?.text };

function made() {
  const registry = new ConfigRegistry();
  const more = registry.pointsFor('more');
  const extended = more.extend('pool', { size: s.int(0, 9).default(0).tellsApart(), note: s.word().optional() });
  const inner = more.extend(['pool', 'member'], { note: s.word().optional() });
  const fields = {
    kind: s.oneOf('a', 'b').alias('sort').optional().tellsApart(),
    member: s.headed(words, s.block({ own: s.word().optional().tellsApart() })).repeated(),
    where: s.word().optional().tellsApart(),
  };
  const owned = registry.pointsFor('owner').headed('pool', words, s.block(fields));
  const names = (text: string) => {
    assert.deepEqual(registry.bind(readText(text).tree, { unknownKeywords: 'error' }), []);
    return { owned: owned.entries.map(({ block }) => block), inner: inner.entries.map(({ block }) => block) };
  };
  return { extended, names, owned };
}

const block = (body: string) => `pool p {\n ${body}\n member m {\n }\n}\n`;

describe('names of blocks', () => {
  it('have the words of the keywords that tell them apart, in the order of the schema', () => {
    const { extended, names, owned } = made();
    assert.deepEqual(names(block('kind a') + block('where x\n sort b') + block('')), {
      owned: ['p a', 'p b x', 'p'],
      inner: ['p a m', 'p b x m', 'p m'],
    });
    assert.deepEqual(
      extended.entries.map(({ block }) => block),
      owned.entries.map(({ block }) => block),
    );
    assert.deepEqual([...new Set(owned.entries.map(({ name }) => name))], ['p']);
  });

  it('stay when another block comes or goes', () => {
    const { names } = made();
    const both = names(block('kind a') + block('kind b'));
    assert.deepEqual(names(block('kind b')).owned, both.owned.slice(1));
    assert.deepEqual(names(block('kind b') + block('kind a')).owned, both.owned.toReversed());
  });

  it('have those of blocks around them, and no words of keywords that others add', () => {
    const { names } = made();
    const text = 'pool p {\n size 3\n member m {\n  own w\n }\n kind a\n}\n';
    assert.deepEqual(names(text), { owned: ['p a'], inner: ['p a m w'] });
  });
});
