/** keepalived's lexical rules, one by one: text on the left, tree on the right. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { briefly, outline, readText } from './outline.js';

const cases: readonly (readonly [rule: string, text: string, tree: string, ...said: string[]])[] = [
  ['an empty text', '', ''],
  ['blank lines', '\n\n  \t\n', ''],
  ['one statement for each line', 'a 1\n  b 2 3\n\tc', 'a 1; b 2 3; c'],
  ['CR, LF and both end a line', 'a 1\r\nb 2\rc 3\n', 'a 1; b 2; c 3'],
  ['a byte order mark is not text', '\ufeffa 1', 'a 1'],
  ['# and ! begin a comment anywhere', 'a 1 # x\n! y\nb!2\nc#', 'a 1; b; c'],
  ['double quotes protect from comments', 'a "x # y ! z" 1', 'a "x # y ! z" 1'],
  ['single quotes do not', "a 'x # y'", "a 'x"],
  ['\\# and \\! are characters', 'a x\\#y \\!z # w', 'a x#y !z'],
  ['double quotes make one word', 'a "b  c" d', 'a "b  c" d'],
  ['a quote ends a plain word', 'a b"c d"e', 'a b "c d" e'],
  ['an empty word', 'a "" b', 'a "" b'],
  ['no escapes in plain words', 'a b\\n c', 'a b\\n c'],
  ['a quote that does not end', 'a "b c\nd', 'a "b c"; d', 'CONFIG_QUOTE_NOT_CLOSED 1:3'],
  ['an escaped quote is none', 'a b\\"c # d', 'a b\\ "c"'],
  ['a block', 'a {\n b 1\n}\nc', 'a { b 1 }; c'],
  ['the brace on the next line', 'a b\n\n# x\n{\n c\n}', 'a b { c }'],
  ['a block on one line', 'a { b 1 }', 'a { b 1 }'],
  ['blocks on one line', 'a { b { c } d { } } e', 'a { b { c }; d {} }; e'],
  ['braces in words', 'a{b}c', 'a { b }; c'],
  ['double quotes protect braces', 'a "{ }" { b "}" }', 'a "{ }" { b "}" }'],
  ['an empty block is a block', 'a {\n}', 'a {}'],
  ['a backslash at the end does not go on', 'a 1 \\\nb', 'a 1 \\; b', 'CONFIG_CONTINUATION 1:5'],
  ['a line with NUL is skipped', 'a\nb \0 1\nc', 'a; c', 'CONFIG_NUL 2:3'],
  ['a line that keepalived would skip', `a ${'x'.repeat(1021)}`, `a ${'x'.repeat(1021)}`, 'CONFIG_LONG_LINE 1:1'],
  ['the longest that it would not', `a ${'x'.repeat(1020)}`, `a ${'x'.repeat(1020)}`],
  ['bytes count, not letters', `a ${'ü'.repeat(520)}`, `a ${'ü'.repeat(520)}`, 'CONFIG_LONG_LINE 1:1'],
  ['names in any script', 'vi Büro-東京 {\n}', 'vi Büro-東京 {}'],
];

const braceErrors: typeof cases = [
  ['a block that is never closed', 'a {\n  b 1\n', 'a { b 1 }', 'CONFIG_BRACE_NOT_CLOSED 1:1'],
  ['a } too many', 'a {\n}\n}\nb', 'a {}; b', 'CONFIG_BRACE_SURPLUS 3:1'],
  ['a { without a keyword', '{\n  a\n}\nb', 'b', 'CONFIG_BRACE_UNEXPECTED 1:1'],
  ['two { in a row', 'a { {\n  b\n} }\nc', 'a {}; c', 'CONFIG_BRACE_UNEXPECTED 1:5'],
  [
    'one lost } inside costs one block, not the file',
    'a X {\n  b {\n    c 1\n  d {\n    e\n  }\n}\na Y {\n  f\n}\n',
    'a X { b { c 1 }; d { e } }; a Y { f }',
    'CONFIG_BRACE_NOT_CLOSED 2:3',
  ],
  [
    'one lost } at the end of a block',
    'a X {\n  b 1\n\na Y {\n  c\n}\n',
    'a X { b 1 }; a Y { c }',
    'CONFIG_BRACE_NOT_CLOSED 1:1',
  ],
  [
    'one } too many inside costs nothing else',
    'a X {\n  b {\n    c\n  }\n  }\n  d 1\n}\na Y {\n  e\n}\n',
    'a X { b { c }; d 1 }; a Y { e }',
    'CONFIG_BRACE_SURPLUS 5:3',
  ],
  ['without indentation the braces judge', 'a {\nb {\nc\n}\nd', 'a { b { c }; d }', 'CONFIG_BRACE_NOT_CLOSED 1:1'],
  [
    'blocks nested beyond reason',
    `${'a {\n'.repeat(70)}${'}\n'.repeat(70)}b`,
    `${'a { '.repeat(63)}a {}${' }'.repeat(63)}; b`,
    'CONFIG_TOO_DEEP 65:3',
  ],
];

describe('lexical rules', () => {
  for (const [rule, text, tree, ...said] of [...cases, ...braceErrors]) {
    it(rule, () => {
      const result = readText(text);
      assert.equal(outline(result.tree.statements), tree);
      assert.deepEqual(briefly(result.diagnostics), said);
    });
  }
});
