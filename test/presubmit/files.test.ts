/** What holds for every file: a head that says what it is, a bounded length, one way of naming, nothing of a private machine. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { filesBelow, read } from '../support/repository.js';

const all = filesBelow('').filter((path) => path !== 'package-lock.json');
const code = all.filter((path) => /\.(ts|mts|js|mjs|c|h|sh|py)$/.test(path) && !path.startsWith('test/fixtures/'));
const text = all.filter((path) => !/\.(png|pcap|svg|ico|node)$/.test(path));
const lineLimit = 400;

function lines(path: string): string[] {
  return read(path).split('\n');
}

/** The first line that is neither empty, nor an interpreter line, nor a directive. */
function head(path: string): string {
  return lines(path).find((line) => line.trim() !== '' && !line.startsWith('#!')) ?? '';
}

describe('files', () => {
  it('open with a comment that says what they are', () => {
    const silent = code.filter((path) => !/^\s*(\/\*|\/\/|# |""")/.test(head(path)));
    assert.deepEqual(silent, []);
  });

  it(`have at most ${lineLimit} lines`, () => {
    const long = code.map((path) => ({ path, lines: lines(path).length - 1 })).filter((file) => file.lines > lineLimit);
    assert.deepEqual(long, []);
  });

  it('are short by the median: 90 lines of source', () => {
    const sizes = code
      .filter((path) => path.includes('/src/'))
      .map((path) => lines(path).length)
      .sort((a, b) => a - b);
    const median = sizes[Math.floor(sizes.length / 2)] ?? 0;
    assert.ok(median <= 90, `the median source file has ${median} lines`);
  });

  it('have names in kebab-case (C: also in snake_case)', () => {
    const kebab = /^[a-z0-9]+(-[a-z0-9]+)*(\.test|\.d|\.config)?\.[a-z]+$/;
    const snake = /^[a-z0-9]+(_[a-z0-9]+)*\.[ch]$/;
    const odd = code.filter((path) => !kebab.test(path.split('/').at(-1) ?? '') && !snake.test(path.split('/').at(-1) ?? ''));
    assert.deepEqual(odd, []);
  });

  it('carry no path, tool or address of the machine they were written on', () => {
    // Spelt in parts, so that this file does not find itself.
    const marks = [
      '/work' + '/(?:main|shared)',
      '\\.lib' + 'rary/',
      '/home/' + '[a-z]+/',
      '/root/' + '\\.',
      '\\.py' + 'env',
      'BEGIN [A-Z ]*PRIVATE' + ' KEY',
    ];
    const pattern = new RegExp(marks.join('|'));
    const found = text.flatMap((path) =>
      lines(path).flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1}: ${line.trim().slice(0, 120)}`] : [])),
    );
    assert.deepEqual(found, []);
  });

  it('name no package registry or mirror', () => {
    const found = [...text, 'package-lock.json'].filter(
      (path) => /"resolved": "https?:|registry\s*=\s*["']?https?:/.test(read(path)) && !path.startsWith('test/presubmit/'),
    );
    assert.deepEqual(found, []);
  });
});
