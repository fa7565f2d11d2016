/** The tables of docs/conformance-*.md name tests: each must be there, and each case of a conformance folder must be named. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { read, root } from '../support/repository.js';

interface Named {
  readonly file: string;
  readonly title: string;
}

/** `file`: beginning of a title; several in a cell are parted by semicolons in front of the next file. */
function namedIn(text: string): Named[] {
  const rows = text
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| item') && !line.startsWith('| what'));
  return rows.flatMap((row) => {
    const cell = row.split('|').at(-2)?.trim() ?? '';
    return cell.split(/; (?=`)/).flatMap((part) => {
      const [, file = '', title = ''] = /^`([a-z0-9/-]+)`: (.+)$/.exec(part) ?? [];
      return file === '' ? [] : [{ file, title }];
    });
  });
}

/** A title in the source may have a variable in it, which the table leaves out by ending before it. */
function isThere({ file, title }: Named): boolean {
  if (file.startsWith('conformance/')) return existsSync(join(root, 'test', file, title, 'case.json'));
  const path = `test/${file}.test.ts`;
  return existsSync(join(root, path)) && read(path).replaceAll("\\'", "'").includes(title);
}

describe('docs/conformance-bfd.md', () => {
  const named = namedIn(read('docs/conformance-bfd.md'));

  it('names tests that are there', () => {
    assert.ok(named.length > 80, `only ${named.length} are named`);
    const missing = named.filter((one) => !isThere(one)).map(({ file, title }) => `${file}: ${title}`);
    assert.deepEqual(missing, []);
  });

  it('names every case of test/conformance/bfd', () => {
    const folder = 'conformance/bfd';
    const cases = readdirSync(join(root, 'test', folder), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const known = new Set(named.filter(({ file }) => file === folder).map(({ title }) => title));
    const unnamed = cases.map(({ name }) => name).filter((name) => !known.has(name));
    assert.deepEqual(unnamed, []);
  });
});
