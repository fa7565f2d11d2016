/** What a plugin reads of its configuration, at every depth: nobody writes to it, written in the file or not (core/runtime/src/config/bind). */
import assert from 'node:assert/strict';
import { ConfigRegistry, loadKeepalivedText } from '@mainstay/core';
import { type Args, s } from '@mainstay/sdk';
import { describe, it } from 'mocha';

const given = { levels: [1, { two: [3] }], bytes: Uint8Array.of(1), of: new Map([['a', []]]) };
const pair = {
  syntax: 'A B',
  json: {},
  parse: (args: Args) => ({ words: [args.take()?.text, args.take()?.text], more: { list: [] } }),
};

function bound(text: string) {
  const all = new ConfigRegistry();
  const points = all.pointsFor('frozen');
  const inner = s.block({ size: s.int(0, 9).default(1), tags: s.word().repeated(), pair: s.custom(pair).optional() });
  const handles = {
    things: points.named(
      'thing',
      s.block({
        pair: s.custom(pair).default({ words: ['x'], more: { list: [] } }),
        given: s.custom(pair).default(given as never),
        tags: s.word().repeated(),
        lines: s.lines(pair),
        inner: s.nested(inner).optional(),
        part: s.headed(pair, inner).repeated(),
        checks: s.plugged('check'),
      }),
    ),
    places: points.headed('place', pair, s.block({ tags: s.word().repeated() })),
    single: points.block(
      'single',
      s.block({ tags: s.word().repeated(), pair: s.custom(pair).default({ words: [], more: { list: [] } }) }),
    ),
    root: points.root({ words: s.word().repeated() }),
    more: all.pointsFor('more').extend('thing', { extra: s.word().repeated() }),
    check: points.plug('check', 'CHECK', inner, { fact: [1] }),
  };
  const { tree } = loadKeepalivedText(text, { file: 't.conf', configId: 'x' });
  assert.deepEqual(all.bind(tree, { unknownKeywords: 'error' }), []);
  return handles;
}

function assertFrozen(value: unknown, path: string): void {
  if (typeof value !== 'object' || value === null) return;
  if (value instanceof Map || value instanceof Uint8Array) return;
  assert.ok(Object.isFrozen(value), path);
  for (const [key, one] of Object.entries(value)) assertFrozen(one, `${path}.${key}`);
}

describe('what is bound', () => {
  const texts = {
    'with everything written': `words a
thing A {
  pair a b
  tags one
  tags two
  lines {
    a b
    c d
  }
  inner {
    tags x
    pair a b
  }
  part a b {
    tags y
  }
  CHECK {
    size 3
  }
  extra z
}
place a b {
  tags t
}
single {
  tags u
  pair a b
}
`,
    'with empty blocks': 'thing A {\n}\nplace a b {\n}\nsingle {\n}\n',
    'with nothing written': '',
  };
  for (const [name, text] of Object.entries(texts)) {
    it(`is frozen ${name}`, () => {
      for (const [handle, { entries, value }] of Object.entries(bound(text))) {
        assertFrozen(entries, handle);
        assertFrozen(value, handle);
      }
    });
  }

  it('says so where somebody writes: a default is everybody’s', () => {
    const { things } = bound('thing A {\n}\n');
    const value = things.entries[0]?.value as unknown as { pair: { words: string[] }; tags: string[] };
    assert.throws(() => value.pair.words.push('y'), TypeError);
    assert.throws(() => value.tags.push('y'), TypeError);
    assert.throws(() => Object.assign(value, { tags: [] }), TypeError);
  });
});
