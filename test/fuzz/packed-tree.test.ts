/**
 * Packed configurations with bytes changed, cut, repeated and made up, to their last block: each is read, or refused with the one error for
 * that, and makes no more objects than its bytes could tell. MAINSTAY_FUZZ_SEED repeats a run.
 */
import assert from 'node:assert/strict';
import { loadKeepalivedText, type PackedTree, PackedTreeError, packTree, unpackTree } from '@mainstay/core';
import type { Statement } from '@mainstay/sdk';
import { describe, it } from 'mocha';
import { Prng } from '../support/prng.js';

const trees = 100_000;
const seed = Number(process.env.MAINSTAY_FUZZ_SEED ?? 20260101);

const text = `global_defs {
  router_id "a b"
}
virtual_server 192.0.2.1 80 {
  real_server 10.0.0.1 80 { weight 3
    TCP_CHECK { connect_timeout 1 }
  }
  real_server 10.0.0.2 80 { notify_up "/bin/x  y"  z }
}
include_check a  b   c
`;
const whole = packTree(loadKeepalivedText(text, { file: 't.conf', configId: 'x' }).tree);

/** Statements and words in it. */
function count(statements: readonly Statement[]): number {
  let found = 0;
  for (const { args, restJumps = [], block } of statements) {
    found += 1 + args.length + restJumps.length;
    if (block !== undefined) found += count(block);
  }
  return found;
}

function mutant(random: Prng): PackedTree {
  const kind = random.below(10);
  if (kind === 0) return { ...whole, bytes: random.bytes(random.below(200)) };
  if (kind === 1) return { ...whole, bytes: whole.bytes.slice(0, random.below(whole.bytes.length)) };
  if (kind === 2) return { ...whole, texts: whole.texts.slice(0, random.below(whole.texts.length)) };
  const bytes = kind === 3 ? Uint8Array.from([...whole.bytes, ...random.bytes(1 + random.below(20))]) : whole.bytes.slice();
  for (let changes = 1 + random.below(3); changes > 0; changes--) {
    const at = random.below(bytes.length);
    const width = random.below(4) === 0 ? 4 : 1;
    for (let i = at; i < Math.min(at + width, bytes.length); i++) bytes[i] = random.below(3) === 0 ? 255 : random.below(256);
  }
  return { ...whole, bytes };
}

/** What it is read as; undefined: it is refused. */
function read(packed: PackedTree): number | undefined {
  try {
    return count(unpackTree(packed).statements);
  } catch (error) {
    if (!(error instanceof PackedTreeError)) throw error;
    assert.match(error.message, /^the packed configuration is damaged, or of another version: at byte \d+ /);
    return undefined;
  }
}

describe('reader of packed configurations', function () {
  this.timeout(480_000);

  it(`[5] survives ${trees.toLocaleString('en')} fuzzed trees`, () => {
    const random = new Prng(seed);
    const size = count(unpackTree(whole).statements);
    let accepted = 0;
    for (let i = 0; i < trees; i++) {
      const packed = mutant(random);
      const found = read(packed);
      if (found === undefined) continue;
      accepted++;
      assert.ok(found <= packed.bytes.length, `tree ${i} of seed ${seed}: ${found}`);
    }
    assert.equal(read(whole), size);
    assert.ok(accepted > trees / 100 && accepted < trees, `${accepted}`);
  });

  it('refuses counts that nothing stands behind, at once', () => {
    for (const bytes of [
      [],
      [1],
      [255, 255, 255, 255],
      [1, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 15],
      [1, 0, 0, 0, ...Array.from({ length: 100 }, () => 255)],
      [...whole.bytes, 0],
    ]) {
      assert.equal(read({ ...whole, bytes: Uint8Array.from(bytes) }), undefined);
    }
  });

  it('refuses blocks without end', () => {
    let bytes = [0, 0, 0, 0];
    for (let depth = 0; depth < 2000; depth++) {
      const head = [1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
      const { length } = bytes;
      bytes = [...head, length & 255, length >> 8, 0, 0, ...bytes];
    }
    assert.equal(read({ ...whole, bytes: Uint8Array.from(bytes) }), undefined);
  });
});
