/** Regular expressions of HTTP_GET (plugins/checker-http/src/pattern) against Perl, whose syntax PCRE has: random patterns and texts. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { Pattern } from '@mainstay/checker-http/internal/pattern/pattern.js';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { anyPattern } from '../../support/any-pattern.js';

/** Answers 0 or 1 for each line: modifiers, pattern and text, the latter two in hexadecimal. */
const program = `
while (<STDIN>) {
  chomp; my ($m, $p, $t) = split / /, $_, 3;
  ($p, $t) = (pack('H*', $p), pack('H*', $t));
  my $r = eval { $t =~ /(?^a$m:$p)/ ? 1 : 0 };
  print defined $r ? $r : 'e', "\\n";
}`;

const anyText = fc
  .array(fc.constantFrom('a', 'b', 'A', 'B', '\n', ' ', '1', '-'), { maxLength: 8 })
  .map((characters) => characters.join(''));
const modifiers = fc.subarray(['i', 'm', 's']).map((letters) => letters.join(''));

describe('patterns and Perl', function () {
  this.timeout(60_000);

  it('find the same', () => {
    const rows = fc.sample(fc.tuple(modifiers, anyPattern, anyText), { numRuns: 5000, seed: 7 });
    const hex = (text: string) => Buffer.from(text).toString('hex');
    const input = rows.map(([letters, pattern, text]) => `${letters} ${hex(pattern)} ${hex(text)}\n`).join('');
    const { stdout, status } = spawnSync('perl', ['-e', program], {
      input,
      encoding: 'latin1',
      maxBuffer: 1 << 26,
      timeout: 50_000,
    });
    assert.equal(status, 0);
    const answers = stdout.trim().split('\n');
    assert.equal(answers.length, rows.length);
    let hits = 0;
    for (const [i, [letters, source, text]] of rows.entries()) {
      const search = new Pattern(source, {
        caseless: letters.includes('i'),
        dotall: letters.includes('s'),
        multiline: letters.includes('m'),
        extended: false,
        dollar_endonly: false,
        utf: false,
        ucp: false,
        allow_empty_class: false,
        alt_bsux: false,
        alt_circumflex: false,
        firstline: false,
      }).search();
      search.feed(Buffer.from(text));
      const isFound = search.end();
      assert.equal(isFound ? '1' : '0', answers[i], `/${source}/${letters} on ${JSON.stringify(text)}`);
      if (isFound) hits++;
    }
    assert.ok(hits > 500 && hits < 4500, `${hits} found`);
  });
});
