/** A configuration that was packed for its way to another process is the same at the other end. */
import assert from 'node:assert/strict';
import { isSameTree, loadKeepalivedText, packTree, partOfTree, unpackTree, wordsOf } from '@mainstay/core';
import type { SourcePosition, SourceTree, Statement } from '@mainstay/sdk';
import fc from 'fast-check';
import { describe, it } from 'mocha';

const plain = { noNullPrototype: true };
const place: fc.Arbitrary<SourcePosition> = fc.record(
  { file: fc.constantFrom('a.conf', 'b.conf', ''), line: fc.nat(), column: fc.nat(100) },
  plain,
);
const word = fc.record({ text: fc.string(), at: place, quoted: fc.boolean() }, plain);
const { tree } = fc.letrec<{ statement: Statement; tree: SourceTree }>((tie) => ({
  statement: fc.record(
    {
      keyword: word,
      args: fc.array(word, { maxLength: 3 }),
      rest: fc.string(),
      restAt: place,
      restJumps: fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 2 }),
      block: fc.array(tie('statement'), { maxLength: 1 }),
      form: fc.constantFrom('list', 'map', 'off'),
    },
    { requiredKeys: ['keyword', 'args', 'rest', 'restAt'], ...plain },
  ) as fc.Arbitrary<Statement>,
  tree: fc.record(
    { files: fc.array(fc.string(), { maxLength: 2 }), statements: fc.array(tie('statement'), { maxLength: 4 }) },
    plain,
  ) as fc.Arbitrary<SourceTree>,
}));

function site() {
  const server = (i: number) => `  real_server 10.0.0.${i} 80 {\n    weight 3\n  }\n`;
  const servers = Array.from({ length: 100 }, (_, i) => server(i)).join('');
  const text = `global_defs {\n  router_id r\n}\nvirtual_server 192.0.2.1 80 {\n${servers}}\n`;
  return loadKeepalivedText(text, { file: 't.conf', configId: 'x' });
}

function travelled(given: SourceTree): SourceTree {
  return unpackTree(structuredClone(packTree(given)));
}

describe('packed configurations', function () {
  this.timeout(60_000);

  it('are the same when they are unpacked', () => {
    fc.assert(
      fc.property(tree, (given) => {
        assert.deepEqual(travelled(given), given);
      }),
      { numRuns: 50 },
    );
  });

  it('keep words, places and blocks of a file', () => {
    const text =
      'global_defs {\n  router_id "a b"\n}\nvirtual_server 192.0.2.1 80 {\n  real_server 10.0.0.1 80 { weight 3 }\n}\n';
    const { tree: read } = loadKeepalivedText(text, { file: 't.conf', configId: 'x' });
    assert.deepEqual(travelled(read), read);
  });

  it('hold once what stands at one place', () => {
    const { tree: read } = loadKeepalivedText('router_id one\n', { file: 't.conf', configId: 'x' });
    const [statement] = travelled(read).statements;
    assert.equal(statement?.restAt, statement?.args[0]?.at);
  });

  it('are little: forty bytes for a statement at most', () => {
    const { tree: read } = site();
    const { bytes } = packTree(read);
    assert.ok(bytes.length < 100 * 3 * 40, `${bytes.length} bytes`);
  });

  it('make objects of a block when somebody looks at it, anew each time', () => {
    const [, server] = site().tree.statements;
    assert.deepEqual(server?.block, server?.block);
    assert.notEqual(server?.block, server?.block);
    assert.equal(server?.block?.[1]?.block?.[0]?.keyword.at.line, 9);
  });

  it('know which words are nowhere in them', () => {
    const mayContain = wordsOf(site().tree);
    assert.deepEqual([mayContain('weight'), mayContain('notify_up')], [true, false]);
    assert.equal(wordsOf({ files: [], statements: [] })('anything'), true);
  });

  it('are cut to the blocks that somebody has a use for (property)', () => {
    fc.assert(
      fc.property(tree, fc.uniqueArray(fc.string(), { maxLength: 3 }), fc.boolean(), (given, more, isPacked) => {
        const keywords = new Set([...more, ...given.statements.slice(0, 2).map(({ keyword }) => keyword.text)]);
        const part = partOfTree(isPacked ? travelled(given) : given, keywords);
        const expected = { ...given, statements: given.statements.filter(({ keyword }) => keywords.has(keyword.text)) };
        assert.deepEqual(part, expected);
        assert.deepEqual(travelled(part), expected);
      }),
      { numRuns: 50 },
    );
  });

  it('are cut without the texts of the rest where little is left, and with one copy where much is', () => {
    const { tree: read } = site();
    const little = packTree(partOfTree(read, new Set(['global_defs'])));
    assert.deepEqual(new Set(little.texts), new Set(['global_defs', '', 't.conf', 'router_id', 'r']));
    assert.equal(packTree(partOfTree(read, new Set(['virtual_server']))).texts, packTree(read).texts);
    assert.equal(partOfTree(read, new Set(['virtual_server', 'global_defs'])), read);
    assert.equal(partOfTree(read, undefined), read);
  });

  it('are not packed again on their way through', () => {
    const packed = packTree({ files: [], statements: [] });
    assert.equal(packTree(unpackTree(packed)), packed);
  });

  it('are compared by what is written, and where', () => {
    fc.assert(fc.property(tree, (one) => isSameTree(one, travelled(one)) && isSameTree(travelled(one), { ...one })));
    const { tree: read } = site();
    const [first, ...more] = read.statements;
    assert.ok(first !== undefined);
    for (const other of [
      { ...first, keyword: { ...first.keyword, text: 'another' } },
      { ...first, restAt: { ...first.restAt, line: 77 } },
      { ...first, rest: 'r' },
    ])
      assert.equal(isSameTree(read, { ...read, statements: [other, ...more] }), false);
    assert.equal(isSameTree(read, { ...read, statements: more }), false);
  });
});
