/** include and its kin, over real files. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is keepalived's syntax, too.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { loadConfig } from '@mainstay/core';
import { after, before, describe, it } from 'mocha';
import { outline } from './outline.js';

describe('include', () => {
  let folder = '';
  const write = (name: string, text: string) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  /** Tree, files read and what was said, for a main file with this text. */
  const read = async (text: string) => {
    write('main.conf', text);
    const { tree, diagnostics } = await loadConfig({ file: join(folder, 'main.conf'), configId: 'main' });
    const said = diagnostics.map(
      ({ severity, code, at }) => `${severity} ${code} ${relative(folder, at.file)}:${at.line}:${at.column}`,
    );
    return { tree: outline(tree.statements), files: tree.files.map((file) => relative(folder, file)), said };
  };

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'mainstay-include-'));
    write('d/a.conf', 'a\n');
    write('d/b.conf', 'b\n');
    write('d/.hidden.conf', 'hidden\n');
    write('d/folder.conf/x', 'x\n');
    write('e/deep.conf', 'include up/*.conf\ne ${_PWD}\n');
    write('e/up/1.conf', 'one\n');
    write('open.conf', 'x {\n  y\n');
    write('close.conf', 'z\n}\n');
    write('self.conf', 'include other.conf\ns\n');
    write('other.conf', 'include self.conf\no\n');
    write('policy.conf', 'include_check match\ninclude missing1\n');
    write('define.conf', '$X=1\n');
    symlinkSync('a.conf', join(folder, 'd/link.conf'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const cases: readonly (readonly [title: string, text: string, tree: string, ...said: string[]])[] = [
    ['reads a file in place', 'x\ninclude d/a.conf\ny', 'x; a; y'],
    ['reads it in a block', 'x {\n  include d/a.conf\n}', 'x { a }'],
    ['reads it in a block on one line', 'x { include d/a.conf\n}', 'x { a }'],
    ['takes wildcards, sorted, with links, without folders and hidden files', 'include d/*.conf', 'a; b; a'],
    ['takes ? and [..]', 'include d/?.conf\ninclude d/[b-z].conf', 'a; b; b'],
    ['takes alternatives in their order', 'include d/{b,a}.conf', 'b; a'],
    ['takes nested alternatives', 'include {d/{b,x},d/a}.conf', 'b; a'],
    ['is relative to the including file', 'include e/deep.conf', `one; e FOLDER/e`],
    ['lets a name be quoted', 'include "d/a.conf"', 'a'],
    ['works with a condition and a definition', '$F=d/a\n@main include ${F}.conf', 'a'],
    ['keeps what a file defines', 'include define.conf\na $X', 'a 1'],
    [
      'tolerates that a plain name is not there, and says so',
      'include nothing.conf',
      '',
      'warning CONFIG_INCLUDE_NO_MATCH main.conf:1:9',
    ],
    ['tolerates in silence that a wildcard matches nothing', 'include no*.conf', ''],
    ['refuses a folder', 'include d', '', 'warning CONFIG_INCLUDE_UNREADABLE main.conf:1:9'],
    ['needs a name', 'include', '', 'error CONFIG_MISSING_VALUE main.conf:1:8'],
    ['needs one name', 'include d/a.conf d/b.conf', 'a', 'error CONFIG_EXTRA_WORD main.conf:1:18'],
    ['includer insists that it can be read', 'includer d', '', 'error CONFIG_INCLUDE_UNREADABLE main.conf:1:10'],
    ['includer does not insist on a match', 'includer no*.conf', ''],
    ['includem insists on a plain name', 'includem nothing\nincludem no*', '', 'error CONFIG_INCLUDE_NO_MATCH main.conf:1:10'],
    [
      'includew insists on a match of a wildcard',
      'includew no*\nincludew nothing',
      '',
      'error CONFIG_INCLUDE_NO_MATCH main.conf:1:10',
      'warning CONFIG_INCLUDE_NO_MATCH main.conf:2:10',
    ],
    ['includeb insists on each alternative', 'includeb d/{a,x}.conf', 'a', 'error CONFIG_INCLUDE_NO_MATCH main.conf:1:10'],
    [
      'includea insists on everything',
      'includea no*\nincludea d/{a,x}.conf',
      'a',
      'error CONFIG_INCLUDE_NO_MATCH main.conf:1:10',
      'error CONFIG_INCLUDE_NO_MATCH main.conf:2:10',
    ],
    [
      'include_check sets the policy',
      'include_check match\ninclude nothing',
      'include_check match',
      'error CONFIG_INCLUDE_NO_MATCH main.conf:2:9',
    ],
    [
      'include_check alone is everything',
      'include_check\ninclude no*',
      'include_check',
      'error CONFIG_INCLUDE_NO_MATCH main.conf:2:9',
    ],
    [
      '+ and - change it',
      'include_check\ninclude_check -wildcard_match +readable\ninclude no*',
      'include_check; include_check -wildcard_match +readable',
    ],
    ['an unknown check', 'include_check redable', 'include_check redable', 'error CONFIG_BAD_VALUE main.conf:1:15'],
    [
      'the policy of a file ends with it',
      'include policy.conf\ninclude missing2',
      'include_check match',
      'error CONFIG_INCLUDE_NO_MATCH policy.conf:2:9',
      'warning CONFIG_INCLUDE_NO_MATCH main.conf:2:9',
    ],
    ['a file that includes itself', 'include self.conf', 'o; s', 'error CONFIG_INCLUDE_CYCLE other.conf:1:9'],
    [
      'a block ends in the file where it begins',
      'include open.conf\nb',
      'x { y }; b',
      'error CONFIG_BRACE_NOT_CLOSED open.conf:1:1',
    ],
    [
      'a file cannot close a block of another',
      'b {\n include close.conf\n c\n}',
      'b { z; c }',
      'error CONFIG_BRACE_SURPLUS close.conf:2:1',
    ],
    ['too many alternatives', `include ${'{a,b}'.repeat(30)}`, '', 'error CONFIG_INCLUDE_NO_MATCH main.conf:1:9'],
  ];
  for (const [title, text, tree, ...said] of cases) {
    it(title, async () => {
      const result = await read(text);
      assert.equal(result.tree, tree.replace('FOLDER', folder));
      assert.deepEqual(result.said, said);
    });
  }

  it('names the files that were read, in order', async () => {
    assert.deepEqual((await read('include d/b.conf\ninclude e/deep.conf')).files, [
      'main.conf',
      'd/b.conf',
      'e/deep.conf',
      'e/up/1.conf',
    ]);
  });

  it('tells a file that may not be read from one that is not there', async () => {
    // Root may read everything.
    if (process.getuid?.() === 0) return;
    write('secret.conf', 'x');
    chmodSync(join(folder, 'secret.conf'), 0);
    assert.deepEqual((await read('include secret.conf')).said, ['warning CONFIG_INCLUDE_UNREADABLE main.conf:1:9']);
  });
});
