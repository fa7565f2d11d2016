/** A configuration that was packed for its way to another process is the same at the other end. */
import assert from 'node:assert/strict';
import { loadKeepalivedText, packTree, unpackTree } from '@mainstay/core';
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

  it('are not packed again on their way through', () => {
    const packed = packTree({ files: [], statements: [] });
    assert.equal(packTree(unpackTree(packed)), packed);
  });
});
