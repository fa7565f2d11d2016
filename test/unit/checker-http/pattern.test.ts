/** Regular expressions of HTTP_GET (plugins/checker-http/src/pattern): PCRE's meaning, in pieces. */
import assert from 'node:assert/strict';
import { Alphabet } from '@mainstay/checker-http/internal/pattern/alphabet.js';
import { parsePattern } from '@mainstay/checker-http/internal/pattern/parser.js';
import { NotUtf8, Pattern, PatternError, type PatternOptions } from '@mainstay/checker-http/internal/pattern/pattern.js';
import { programOf } from '@mainstay/checker-http/internal/pattern/program.js';
import { Simulation, textStart } from '@mainstay/checker-http/internal/pattern/simulation.js';
import fc from 'fast-check';
import { describe, it } from 'mocha';

const plain: PatternOptions = {
  caseless: false,
  dotall: false,
  multiline: false,
  extended: false,
  dollar_endonly: false,
  utf: false,
  ucp: false,
  allow_empty_class: false,
  alt_bsux: false,
  alt_circumflex: false,
  firstline: false,
};

function found(
  pattern: string,
  text: string | Uint8Array,
  options: Partial<PatternOptions> = {},
  window?: { from: number; until?: number },
) {
  const search = new Pattern(pattern, { ...plain, ...options }).search(window);
  search.feed(typeof text === 'string' ? Buffer.from(text) : text);
  return search.end();
}

/** Rows: pattern, texts that it finds, texts that it does not. */
function table(
  title: string,
  options: Partial<PatternOptions>,
  rows: readonly (readonly [string, readonly string[], readonly string[]])[],
) {
  describe(title, () => {
    for (const [pattern, yes, no] of rows)
      it(pattern === '' ? 'the empty pattern' : pattern.replace(/[^\x20-\x7e]/g, '?'), () => {
        for (const text of yes) assert.ok(found(pattern, text, options), `not found in ${JSON.stringify(text)}`);
        for (const text of no) assert.ok(!found(pattern, text, options), `found in ${JSON.stringify(text)}`);
      });
  });
}

describe('patterns', function () {
  this.timeout(20_000);

  table('without options', {}, [
    ['', ['', 'x'], []],
    ['ok', ['ok', 'it is ok.'], ['', 'OK', 'o k']],
    ['a.c', ['abc', 'a\rc'], ['a\nc', 'ac']],
    ['^{}{,2}{x}{$', ['{}{,2}{x}{'], []],
    ['^\\Q{2}\\E[{]{2}$', ['{2}{{'], []],
    ['^a(?#twice){2}$', ['aa'], ['a', 'a{2}']],
    ['^ok$', ['ok', 'ok\n'], ['ok\n\n', ' ok', 'x\nok']],
    ['^ok\\z', ['ok'], ['ok\n']],
    ['\\Aok\\Z', ['ok', 'ok\n'], ['\nok']],
    ['a{2,3}b', ['aab', 'aaab', 'aaaab'], ['ab']],
    ['^a{2}$', ['aa'], ['a', 'aaa']],
    ['x{,3}', ['x{,3}'], ['xxx']],
    ['a{x', ['a{x'], ['a']],
    ['(ab|cd)+e', ['ababcde'], ['abcd', 'e']],
    ['(?:a|b)*?c', ['c', 'abac'], ['ab']],
    ['[a-c]x', ['bx'], ['dx']],
    ['[^a-c]x', ['dx', '\nx'], ['bx', 'x']],
    ['[]a]', [']', 'a'], ['b']],
    ['[^]a]', ['b'], [']', 'a']],
    ['[a-]', ['-', 'a'], ['b']],
    ['[a\\-c]', ['-', 'a', 'c'], ['b']],
    ['[\\\\-a]', ['\\', ']', 'a', '`'], ['-', 'b']],
    ['[[:digit:][:^alnum:]]', ['5', '-'], ['a', 'Z']],
    ['[\\d.]+$', ['1.2'], ['x']],
    ['\\bup\\b', ['up', 'is up!', '(up)'], ['setup', 'upper']],
    ['\\Bup', ['setup'], ['up']],
    ['\\d\\D\\s\\S\\w\\W', ['1a b_-'], ['aa b_-']],
    ['\\h\\v', [' \n', '\t\v'], ['\n ']],
    ['\\N', ['a'], ['\n', '']],
    ['\\x41\\x{42}\\o{103}\\104\\cA'.replace('\\104', 'D'), ['ABCD\x01'], ['ABCD']],
    ['\\Qa.b*\\E+', ['a.b*', 'a.b***'], ['aab']],
    ['a\\.b', ['a.b'], ['axb']],
    ['\\/\\<\\"', ['/<"'], []],
    ['(?i)ok', ['OK', 'oK'], ['o']],
    ['a(?i)b', ['aB', 'ab'], ['AB']],
    ['(a(?i)b|c)d', ['aBd', 'Cd'], ['aBD', 'Ad']],
    ['a(?i:b)c', ['aBc'], ['aBC']],
    ['(?s).(?-s).', ['\na'], ['a\n']],
    ['(?x) a b # c\n d', ['abd'], ['a b']],
    ['a(?#no)b', ['ab'], []],
    ["(?<name>a)(?P<n>b)(?'m'c)(?|d|e)", ['abcd', 'abce'], ['abc']],
    ['a\\Kb', ['ab'], ['a']],
    ['()*a', ['a'], ['']],
    ['(a*)*b', ['b', 'aab'], ['a']],
  ]);
  table('caseless', { caseless: true }, [
    ['Status: ok', ['STATUS: OK'], ['status']],
    ['[a-c]', ['B'], ['D']],
    ['[^a-c]$', ['D'], ['B']],
    ['[[:lower:]]', ['A'], ['1']],
    ['(?-i)a', ['a'], ['A']],
    ['\\p{Lu}', ['S'], ['s']],
    ['[\\p{Lu}]', ['S'], ['s']],
    ['^\\P{Lu}$', ['s', '-'], ['S']],
    ['^[[:^lower:]]$', ['-'], ['S', 's']],
    ['^[[:upper:]k]$', ['s', 'K', 'k'], ['1']],
  ]);
  table('multiline', { multiline: true }, [
    ['^ok$', ['x\nok\ny', 'ok', 'x\nok\n'], ['xok', 'ok\r\n']],
    ['^$', ['', 'a\n\nb'], ['a', 'a\n']],
    ['\\Aok', ['ok'], ['x\nok']],
  ]);
  table('alt_circumflex', { multiline: true, alt_circumflex: true }, [['^$', ['a\n', ''], ['a']]]);
  table('dotall', { dotall: true }, [['a.b', ['a\nb'], ['ab']]]);
  table('dollar_endonly', { dollar_endonly: true }, [['a$', ['a'], ['a\n']]]);
  table('extended', { extended: true }, [
    ['a b # and c', ['ab'], ['a b']],
    ['a\\ b[ ]c', ['a b c'], ['abc']],
    ['a +', ['aa'], []],
    ['(?xx)[a b]', ['a', 'b'], [' ']],
  ]);
  table('allow_empty_class', { allow_empty_class: true }, [
    ['a[]', [], ['a', 'a]']],
    ['[^]', ['x', '\n'], ['']],
  ]);
  table('alt_bsux', { alt_bsux: true }, [['\\u0041\\x42\\U\\xz', ['ABUxz'], []]]);
  table('firstline', { firstline: true }, [
    ['b', ['ab\n', 'b'], ['a\nb']],
    ['\nb', ['a\nb'], ['a\n\nb']],
  ]);
  table('utf', { utf: true, caseless: true }, [
    ['\u00e9.\u20ac', ['\u00c9x\u20ac', '\u00e9\u{1f600}\u20ac'], ['e.\u20ac']],
    ['\\x{20ac}', ['\u20ac'], ['\u20ad']],
    ['\\p{Lu}\\P{L}', ['\u00c9-'], ['--']],
    ['\\p{Greek}', ['\u03b1'], ['a']],
    ['^.$', ['\u{1f600}'], ['ab']],
  ]);
  // What libpcre2 10.42 answers. U+017F and U+212A are other cases of s and k.
  table('caseless, of named sets, which mean what they say', { utf: true, caseless: true }, [
    ['error\\W', ['ERROR '], ['errors', 'errork']],
    ['^\\W$', ['\u017f', '\u212a', '-'], ['s', 'S', 'k', 'K']],
    ['^\\w$', ['s', 'K'], ['\u017f', '\u212a', '\u0131']],
    ['^[^\\W]$', ['k', 's'], ['\u212a', '-']],
    ['^[\\W]$', ['\u212a', '-'], ['k', 's']],
    ['^[[:^alpha:]]$', ['1', '\u017f'], ['s', 'K']],
    ['^[^[:^alpha:]]$', ['s', 'K'], ['1', '\u017f']],
    ['^[k[:^alpha:]]$', ['k', 'K', '\u212a', '\u017f'], ['s', 'S']],
    ['^[^k\\W]$', ['s', 'S'], ['k', 'K', '\u212a']],
    ['^[[:lower:]]$', ['s', 'S'], ['\u017f', '\u00e9']],
    ['^\\p{Ll}$', ['s', '\u017f'], ['S', '\u212a']],
    ['^[^\\P{Greek}]$', ['\u03bc'], ['\u00b5']],
    ['^[a-k]$', ['K', 'k', '\u212a'], ['s', '\u0131']],
    ['^i$', ['I', 'i'], ['\u0131', '\u0130']],
    ['^\u00df$', ['\u00df', '\u1e9e'], ['ss']],
  ]);
  table('caseless under ucp', { utf: true, ucp: true, caseless: true }, [
    ['^[[:lower:]]$', ['s', '\u017f'], ['S', '\u212a']],
    ['^\\W$', ['-'], ['\u017f', '\u212a', 's']],
  ]);
  table('ucp', { utf: true, ucp: true }, [
    ['^\\w+$', ['\u00e9t\u00e9'], ['a b']],
    ['\\b\u00e9\\b', ['x \u00e9.'], ['x\u00e9']],
    ['^[[:alpha:]]\\d$', ['\u00e9\u0663'], ['1\u0663']],
  ]);

  it('begin within regex_min_offset and regex_max_offset', () => {
    assert.ok(found('b', 'abab', {}, { from: 2 }));
    assert.ok(!found('a', 'abbb', {}, { from: 1 }));
    assert.ok(found('b', 'aabb', {}, { from: 0, until: 2 }));
    assert.ok(!found('b', 'aaab', {}, { from: 0, until: 2 }));
    assert.ok(found('aab', 'aaaab', {}, { from: 0, until: 2 }));
    assert.ok(!found('^a', 'aa', {}, { from: 1 }));
    assert.ok(found('\\ba', ' a', {}, { from: 1 }));
    assert.ok(!found('a', 'a', {}, { from: 5 }));
    assert.ok(found('$', 'ab', {}, { from: 2 }));
    assert.ok(found('b', '\u20acb', { utf: true }, { from: 3, until: 3 }));
  });

  describe('are refused at their place:', () => {
    for (const [pattern, message] of [
      ['a(b', 'a parenthesis is not closed, at character 2'],
      ['ab)', 'a parenthesis closes nothing, at character 3'],
      ['[a', 'a bracket is not closed, at character 1'],
      ['*a', 'there is nothing that "*" could repeat, at character 1'],
      ['a|+', 'there is nothing that "+" could repeat, at character 3'],
      ['a**', 'there is nothing that "*" could repeat, at character 3'],
      ['{2}a', 'there is nothing that "{2}" could repeat, at character 1'],
      ['a|{2,}', 'there is nothing that "{2,}" could repeat, at character 3'],
      ['a({2,3})', 'there is nothing that "{2,3}" could repeat, at character 3'],
      ['a{2}{3}', 'there is nothing that "{3}" could repeat, at character 5'],
      ['a+?{3}', 'there is nothing that "{3}" could repeat, at character 4'],
      ['(?i){2}', 'there is nothing that "{2}" could repeat, at character 5'],
      ['(?#c){2}', 'there is nothing that "{2}" could repeat, at character 6'],
      ['\\Q\\E{2}', 'there is nothing that "{2}" could repeat, at character 5'],
      ['a{123456}', 'more than 1000 repetitions are not built, at character 1'],
      ['a\\', 'a backslash ends the pattern, at character 2'],
      ['a++', 'possessive quantifiers are not built, at character 3'],
      ['(?=a)', 'lookahead and lookbehind are not built, at character 1'],
      ['a(?<!b)', 'lookahead and lookbehind are not built, at character 2'],
      ['(?>a)', 'atomic groups are not built, at character 1'],
      ['(a)\\1', 'references to groups are not built; an octal number begins with \\0, at character 4'],
      ['(?R)', 'references to groups and recursion are not built, at character 1'],
      ['(?(1)a)', 'conditional groups are not built, at character 1'],
      ['(*UTF)a', '(*...) is not built: use regex_options, at character 1'],
      ['[z-a]', 'a range is out of order, at character 3'],
      ['[\\d-z]', 'a set cannot be the end of a range: put the hyphen last, at character 4'],
      ['[[:alfa:]]', 'there is no class [:alfa:], at character 2'],
      ['a{3,2}', 'the numbers of a repetition are out of order, at character 1'],
      ['a{1001}', 'more than 1000 repetitions are not built, at character 1'],
      ['(a{900}){900}', 'the pattern is too large with all of its repetitions, at character 1'],
      ['\\b+', 'what has no length cannot be repeated, at character 1'],
      ['\\x{100}', 'a character above \\xff needs the option utf, at character 1'],
      ['\\p{Nonsense}', 'there is no property \\p{Nonsense}, at character 1'],
      ['\\j', '\\j means nothing to PCRE, at character 1'],
      ['\\R', '\\R (any line end) is not built: write \\r?\\n, at character 1'],
      ['(?z)', 'there is no option "z", at character 1'],
      ['('.repeat(200), 'groups are nested more than 100 deep, at character 101'],
    ] as const)
      it(pattern.slice(0, 20), () => assert.throws(() => new Pattern(pattern, plain), { message }));
  });

  it('are read from any text, or refused', () => {
    const words = [
      '(',
      ')',
      '[',
      ']',
      '{',
      '}',
      '?',
      '*',
      '+',
      '|',
      '\\',
      '^',
      '$',
      '-',
      ':',
      '<',
      '=',
      'a',
      '1',
      ',',
      'x',
      'Q',
      'E',
      'p',
    ];
    const text = fc.oneof(
      fc.string({ maxLength: 40 }),
      fc.array(fc.constantFrom(...words), { maxLength: 25 }).map((all) => all.join('')),
    );
    const options = fc.record(
      Object.fromEntries(
        Object.keys(plain)
          .filter((key) => key !== 'ucp')
          .map((key) => [key, fc.boolean()]),
      ),
    );
    fc.assert(
      fc.property(text, options, fc.uint8Array({ maxLength: 60 }), (pattern, chosen, subject) => {
        try {
          found(pattern, subject, chosen);
        } catch (error) {
          assert.ok(error instanceof PatternError || error instanceof NotUtf8, String(error));
        }
      }),
      { numRuns: 5000 },
    );
  });

  it('are searched for however many symbols were walked before', () => {
    const options = { ...plain, caseless: true };
    const program = programOf(parsePattern('(?:a*)*b', options));
    const alphabet = new Alphabet(program.sets, []);
    const simulation = new Simulation(program, alphabet);
    for (const length of [1, 5]) {
      Object.assign(simulation, { round: 2 ** 31 - 4 });
      const symbols = [...'xaaab'].map((letter) => (alphabet.low[letter.charCodeAt(0)] ?? 0) + simulation.width);
      let waiting = new Int32Array(0);
      let before = textStart;
      for (let at = 0; at < symbols.length; at += length) {
        assert.ok(!simulation.run(waiting, before, Int32Array.from(symbols), at, at + length));
        ({ before } = simulation);
        waiting = simulation.waiting.slice(0, simulation.count);
      }
      assert.ok(simulation.run(waiting, before, Int32Array.of(alphabet.end), 0, 1));
    }
  });

  it('are octets without the option utf, as the text is', () => {
    assert.ok(found('^\u00e9?x', Uint8Array.of(0xc3, 0x78)));
    assert.ok(!found('^\u00e9?x', 'x'));
    assert.ok(found('^..$', '\u00e9'));
  });

  it('find the same however the text is cut', () => {
    const pattern = new Pattern('(^|\\s)up: [0-9]+ \u20ac?\\b.*$', { ...plain, utf: true, multiline: true });
    const text = Buffer.from('x\nstatus\nup: 17 \u20acuro\n');
    for (let size = 1; size <= text.length; size++) {
      const search = pattern.search();
      for (let i = 0; i < text.length; i += size) search.feed(text.subarray(i, i + size));
      assert.ok(search.end(), `in pieces of ${size}`);
    }
  });

  it('are over in the middle of a character', () => {
    for (const size of [4, 4097, 10_000]) {
      const search = new Pattern('b', { ...plain, utf: true, firstline: true }).search();
      const text = Buffer.from(`a\nx${'\u00e9'.repeat(5000)}`);
      for (let at = 0; at < text.length && !search.isOver; at += size) search.feed(text.subarray(at, at + size));
      assert.ok(search.isOver);
      assert.equal(search.end(), false);
    }
  });

  it('refuse a text that is no UTF-8 where it must be', () => {
    assert.throws(() => found('a', Uint8Array.of(0xc3, 0x28), { utf: true }), NotUtf8);
    assert.throws(() => found('a', Uint8Array.of(0xc3), { utf: true }), NotUtf8);
    assert.ok(found('\\xff', Uint8Array.of(0xff)));
  });
});
