/** keepalived's script lexer, as keepalived 2.2.7 was seen to split and as its man page says. */
import assert from 'node:assert/strict';
import { splitCommand } from '@mainstay/sdk';
import fc from 'fast-check';
import { describe, it } from 'mocha';

const cases: readonly (readonly [text: string, words: readonly string[] | undefined])[] = [
  ['/path/script', ['/path/script']],
  ['/path/script  one\ttwo ', ['/path/script', 'one', 'two']],
  [`/log.sh m 'a b' "c d" e f`, ['/log.sh', 'm', 'a b', 'c d', 'e', 'f']],
  ['abcd" efg h jkl "mnop', ['abcd efg h jkl mnop']],
  ['abcd "efg h jkl" mnop', ['abcd', 'efg h jkl', 'mnop']],
  [`a "" ''`, ['a', '', '']],
  [`it's fine'`, ['its fine']],
  [String.raw`a\ b`, ['a b']],
  [String.raw`\"a\" \\`, ['"a"', '\\']],
  [String.raw`\x41\102\t\E[0m`, ['AB\t\x1b[0m']],
  [String.raw`"\x41 \cC"`, ['A \x03']],
  [String.raw`'it\'s'`, ["it's"]],
  [String.raw`\q`, ['q']],
  ['"open', undefined],
  [`a 'b`, undefined],
  ['', []],
];

describe('notify-script: command line', () => {
  for (const [text, words] of cases) {
    it(`splits ${JSON.stringify(text)}`, () => assert.deepEqual(splitCommand(text), words));
  }

  it('gives back whatever was written in quotes', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1 }), (words) => {
        const text = words.map((word) => `"${word.replace(/[\\"]/g, '\\$&')}"`).join(' ');
        assert.deepEqual(splitCommand(text), words);
      }),
    );
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => void splitCommand(text)));
  });
});
