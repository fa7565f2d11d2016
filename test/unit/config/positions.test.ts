/** Every word stands where it was written, or where the name was used that it came from. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is keepalived's syntax, too.
import assert from 'node:assert/strict';
import type { Statement, Word } from '@mainstay/sdk';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { outline, readText } from './outline.js';

function wordsOf(statements: readonly Statement[]): readonly Word[] {
  return statements.flatMap(({ keyword, args, block = [] }) => [keyword, ...args, ...wordsOf(block)]);
}

const places = (text: string) =>
  wordsOf(readText(text).tree.statements).map(({ text: word, at }) => `${word} ${at.line}:${at.column}`);

describe('positions', function () {
  this.timeout(60_000);

  it('of words behind conditions, escapes, tabs and quotes', () => {
    assert.deepEqual(places('\t@main  a\tx\\#y "q r"  z\n  b{ c }'), [
      'a 1:9',
      'x#y 1:11',
      'q r 1:16',
      'z 1:23',
      'b 2:3',
      'c 2:6',
    ]);
  });

  it('of substituted words are the places of use, of those behind them their own', () => {
    assert.deepEqual(places('$X=b c\na x${X}y ${X} d\n'), ['a 2:1', 'xb 2:3', 'cy 2:4', 'b 2:10', 'c 2:10', 'd 2:15']);
  });

  it('of several lines and of loops are the places of use', () => {
    assert.deepEqual(places('$I=a { \\\n b \\\n}\n  ~SEQ(N,1) $I'), ['a 4:13', 'b 4:13']);
    assert.deepEqual(places('~SEQ(N,2) a x$N z'), ['a 1:11', 'x1 1:13', 'z 1:17', 'a 1:11', 'x2 1:13', 'z 1:17']);
  });

  it('of the rest of a statement', () => {
    const [statement] = readText('$X=long\n notify  "a ${X} b" c').tree.statements;
    assert.equal(statement?.rest, '"a long b" c');
    assert.deepEqual(statement?.restAt, { file: 'test.conf', line: 2, column: 10 });
    assert.deepEqual(statement?.restJumps, [
      [4, 13],
      [5, 13],
      [6, 13],
      [7, 17],
    ]);
  });

  const word = fc.oneof(
    fc.stringMatching(/^[a-z0-9_./:-]{1,12}$/),
    fc.stringMatching(/^[a-z #!{}'-]{0,12}$/).map((text) => `"${text}"`),
  );
  const keyword = fc.stringMatching(/^k[a-z_]{0,8}$/);
  const indent = fc.constantFrom('', '  ', '\t');
  const { block } = fc.letrec<{ line: string; block: string }>((tie) => ({
    line: fc
      .tuple(
        indent,
        keyword,
        fc.array(word, { maxLength: 4 }),
        fc.constantFrom('', ' # c', ' ! "'),
        fc.option(tie('block'), { maxDepth: 4 }),
      )
      .map(
        ([before, head, args, comment, inner]) =>
          `${before}${[head, ...args].join(' ')}${inner === null ? comment.replace('"', '') : ` {\n${inner}\n}`}`,
      ),
    block: fc.array(tie('line'), { maxLength: 4 }).map((all) => all.join('\n')),
  }));

  it('point at the very text of the word (property)', () => {
    fc.assert(
      fc.property(block, (text) => {
        const { tree, diagnostics } = readText(text);
        assert.deepEqual(diagnostics, []);
        const lines = text.split('\n');
        for (const { text: written, at, quoted } of wordsOf(tree.statements)) {
          assert.ok(lines[at.line - 1]?.startsWith(quoted ? `"${written}"` : written, at.column - 1), `${written} in ${text}`);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('what was read, written again, reads the same (property)', () => {
    const written = (statements: readonly Statement[]): string =>
      statements
        .map(({ keyword: head, args, block: inner }) => {
          const words = [head, ...args].map(({ text, quoted }) => (quoted ? `"${text}"` : text)).join(' ');
          return inner === undefined ? words : `${words}\n{\n${written(inner)}\n}`;
        })
        .join('\n');
    fc.assert(
      fc.property(block, (text) => {
        const { statements } = readText(text).tree;
        assert.equal(outline(readText(written(statements)).tree.statements), outline(statements));
      }),
      { numRuns: 300 },
    );
  });
});
