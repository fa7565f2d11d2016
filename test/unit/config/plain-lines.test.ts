/** Lines of plain words are read a shorter way than others: what comes of them must be the same. */
import assert from 'node:assert/strict';
import { loadKeepalivedText } from '@mainstay/core';
import fc from 'fast-check';
import { describe, it } from 'mocha';

function read(text: string) {
  return loadKeepalivedText(text, { file: 't.conf', configId: 'main', env: {} });
}

const word = fc.stringMatching(/^[a-z0-9.:/,+_-]{1,12}$/);
const blanks = fc.constantFrom('', ' ', '  ', '\t', ' \t ');
const gap = fc.constantFrom(' ', ' ', ' ', '  ', '\t');
const statement = fc
  .tuple(blanks, word, fc.array(fc.tuple(gap, word), { maxLength: 4 }), blanks)
  .map(([before, keyword, args, after]) => `${before}${keyword}${args.map((arg) => arg.join('')).join('')}${after}`);
const line = fc.oneof(
  { weight: 5, arbitrary: statement },
  { weight: 3, arbitrary: fc.tuple(statement, blanks).map(([text, after]) => `${text} {${after}`) },
  { weight: 4, arbitrary: fc.tuple(blanks, blanks).map(([before, after]) => `${before}}${after}`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('', '  ', '{', 'a { b c }', 'include_check +match', 'random_seed 5', '"a b" c', '@main x', 'x} y'),
  },
);
const text = fc
  .tuple(fc.array(line, { maxLength: 30 }), fc.constantFrom('\n', '\r\n', '\r'), fc.boolean())
  .map(([lines, end, isEnded]) => lines.join(end) + (isEnded ? end : ''));

describe('lines of plain words', function () {
  this.timeout(60_000);

  it('say the same with a comment behind them, which has them read the long way (property)', () => {
    fc.assert(
      fc.property(text, (given) => {
        const commented = given.replace(/(?=\r\n|\n|\r|$)/g, '#');
        const { tree, diagnostics } = read(given);
        const long = read(commented.replace(/\r#\n/g, '\r\n'));
        assert.deepEqual(diagnostics, long.diagnostics);
        assert.deepEqual(tree, long.tree);
      }),
      { numRuns: 300 },
    );
  });

  it('that are long are not read the short way only because of that', () => {
    const words = Array.from({ length: 150 }, (_, i) => `w${i}`).join(' ');
    const [first] = read(`key ${words}\n`).tree.statements;
    assert.equal(first?.args.length, 150);
    assert.equal(first?.rest, words);
  });

  it('may have empty lines before the brace of their block', () => {
    const [first] = read('key a\n\n \t\n{\n one\n}\n').tree.statements;
    assert.deepEqual(
      first?.block?.map(({ keyword }) => keyword.text),
      ['one'],
    );
  });

  it('keep what stands at one place as one', () => {
    const [first] = read('key one  two\n').tree.statements;
    assert.equal(first?.rest, 'one  two');
    assert.deepEqual(first?.restAt, first?.args[0]?.at);
  });

  it('count as lines of the configuration', () => {
    const options = { file: 't.conf', configId: 'main', limits: { lines: 3 } };
    const { diagnostics, tree } = loadKeepalivedText('a\nb\n\nc\nd\n', options);
    assert.deepEqual(
      tree.statements.map(({ keyword }) => keyword.text),
      ['a', 'b', 'c'],
    );
    assert.deepEqual(
      diagnostics.map(({ code, at }) => [code, at.line]),
      [['CONFIG_TOO_LARGE', 5]],
    );
  });
});
