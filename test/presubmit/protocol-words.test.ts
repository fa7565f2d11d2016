/** Core knows no protocol: its sources do not even contain the words. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { filesBelow, read } from '../support/repository.js';

const words = /vrrp|ipvs|smtp|http|(?<![a-z])bfd(?![a-z])/i;

/** Lines that may contain a word, with the reason. */
const excused: readonly (readonly [path: RegExp, line: RegExp, reason: string])[] = [
  [/./, /https?:\/\/[^'"` ]*/, 'an address of a document'],
  [/^core\/runtime\/src\/control\//, /http/i, 'the control socket speaks HTTP/1.1, by node:http; no checker is meant'],
  [/^core\/runtime\/src\/ports\/ipvs\//, /ipvs/, 'the port to the table that this kernel keeps is named after it'],
  [
    /^core\/runtime\/(src\/lanes\/open-ports\.ts|src\/supervisor\/privileges\.ts|package\.json)$/,
    /ipvs/,
    'the port, by its name',
  ],
  [/^core\/runtime\/src\/supervisor\/daemon\.ts$/, /'node:http'/, 'the daemon holds the server of the control socket'],
];

function isExcused(path: string, line: string): boolean {
  return excused.some(([where, what]) => where.test(path) && words.exec(line.replace(new RegExp(what, 'gi'), '')) === null);
}

describe('words of protocols', () => {
  for (const folder of ['core/runtime', 'core/pacemaker']) {
    it(`do not occur in ${folder}`, () => {
      const files = filesBelow(folder).filter((path) => /\.(ts|c|h|gyp|js|json|md)$/.test(path));
      assert.ok(files.length > 0);
      const found = files.flatMap((path) =>
        read(path)
          .split('\n')
          .map((line, i) => ({ path, line, at: `${path}:${i + 1}: ${line.trim()}` }))
          .filter(({ line }) => words.test(line) && !isExcused(path, line))
          .map(({ at }) => at),
      );
      assert.deepEqual(found, []);
    });
  }
});
