/** keepalived's own sample configurations, from its Debian package, get through the grammar without a word. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { loadKeepalivedText } from '@mainstay/core';
import type { Statement } from '@mainstay/sdk';
import { describe, it } from 'mocha';

const folder = '/usr/share/doc/keepalived/samples';
const names = readdirSync(folder).filter((name) => name.startsWith('keepalived.conf.'));

function read(name: string): string {
  const bytes = readFileSync(join(folder, name));
  return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
}

function count(statements: readonly Statement[]): number {
  return statements.reduce((sum, { block = [] }) => sum + 1 + count(block), 0);
}

/** Lines that hold a statement, counted without the grammar. */
function statementLines(text: string): number {
  const lines = text.split('\n').map((line) =>
    line
      .replace(/[#!].*/, '')
      .replace(/[{}]/g, '')
      .trim(),
  );
  return lines.filter((line) => line !== '' && !line.startsWith('@low')).length;
}

describe("keepalived's samples", () => {
  it('are all there', () => assert.equal(names.length, 25));

  for (const name of names) {
    it(`${name} reads, statement by statement`, () => {
      const text = read(name);
      const { tree, diagnostics } = loadKeepalivedText(text, { file: name, configId: 'high' });
      assert.deepEqual(diagnostics, []);
      assert.equal(count(tree.statements), statementLines(text));
    });
  }
});
