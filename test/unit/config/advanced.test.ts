/** Conditions, definitions, loops and built-ins of keepalived.conf: text on the left, tree on the right. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is keepalived's syntax, too.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { briefly, outline, type ReadOptions, readText } from './outline.js';

interface Case {
  readonly title: string;
  readonly text: string;
  readonly tree: string;
  readonly said?: readonly string[];
  readonly options?: ReadOptions;
}

const lines = (...text: readonly string[]) => text.join('\n');

const conditions: readonly Case[] = [
  { title: '@ID keeps its line for that host', text: '@main a 1\n@other a 2', tree: 'a 1' },
  { title: '@^ID keeps it for all others', text: '@^main a 1\n@^other a 2', tree: 'a 2' },
  { title: 'a condition may be alone', text: '@main\n@other\nb', tree: 'b' },
  { title: 'of two conditions both count', text: '@main @^other a\n@main @other b', tree: 'a' },
  { title: 'a condition takes the brace with it', text: lines('@other a {', '@other }', 'b'), tree: 'b' },
  { title: 'a condition inside a block on one line', text: 'a { @main b }', tree: 'a { b }' },
  { title: 'a condition may be a definition', text: lines('$M=@main', '$O=@other', '$M a 1', '$O b { c'), tree: 'a 1' },
  { title: 'a definition may have a condition', text: lines('@main $P=240', '@other $P=200', 'p $P'), tree: 'p 240' },
  {
    title: 'a definition of several lines for another host is passed over whole',
    text: lines('@other $P= \\', 'a \\', 'b', '@main $P= \\', 'c \\', 'd', '$P'),
    tree: 'c; d',
  },
];

const definitions: readonly Case[] = [
  { title: '$NAME before a blank, a comma, a parenthesis, the end', text: '$X=1\na $X $X, ($X) b$X', tree: 'a 1 1, (1) b1' },
  { title: '$NAME before anything else is text', text: '$X=1\na $X.2 "$X"', tree: 'a $X.2 "$X"' },
  { title: '${NAME} anywhere', text: '$X=1\na ${X}.2 "${X}" x${X}y', tree: 'a 1.2 "1" x1y' },
  { title: 'an undefined name stays', text: 'a $X ${Y} "${Z}"', tree: 'a $X ${Y} "${Z}"' },
  { title: 'a value may be empty', text: '$X=\na ${X}b $X', tree: 'a b' },
  { title: 'blanks around = do not count', text: '$X = 1  2 \na $X', tree: 'a 1 2' },
  { title: 'a value is text, quotes and braces too', text: '$X="b c" { d }\na $X', tree: 'a "b c" { d }' },
  {
    title: 'a value is expanded where it is used',
    text: lines('$A=10.2.${B}', '$B=0', '${A}.1', '$B=10', '${A}.1'),
    tree: '10.2.0.1; 10.2.10.1',
  },
  { title: 'a name may be made of another', text: lines('$N=2', '$IP_2=x', 'a ${IP_${N}} ${IQ_${N}}'), tree: 'a x ${IQ_2}' },
  {
    title: 'a definition that uses itself ends with an error',
    text: '$X=${X}y\na ${X}\nb',
    tree: 'b',
    said: ['CONFIG_ENDLESS_DEFINITION 2:3'],
  },
  {
    title: 'definitions that double end with an error',
    text: `$A0=xxxxxxxx\n${Array.from({ length: 30 }, (_, i) => `$A${i + 1}=\${A${i}}\${A${i}}\n`).join('')}a \${A30}\nb`,
    tree: 'b',
    said: ['CONFIG_ENDLESS_DEFINITION 32:3'],
  },
  {
    title: 'several lines',
    text: lines('$I= \\', 'vi V${N} { \\', '  if e${N} \\', '  @main p 1 \\', '  @other p 2 \\', '}', '$N=0', '$I', '$N=1', '$I'),
    tree: 'vi V0 { if e0; p 1 }; vi V1 { if e1; p 1 }',
  },
  { title: 'several lines that begin at once', text: lines('$I=a \\', 'b', 'x {', '$I', '}'), tree: 'x { a; b }' },
  {
    title: 'several lines within several lines, with names set anew',
    text: lines(
      '$R= \\',
      'r ${N} { \\',
      ' w 1 \\',
      ' x \\',
      '}',
      '$V= \\',
      'v { \\',
      '$N=1 \\',
      '$R \\',
      '$N=2 \\',
      '$R \\',
      '}',
      '$V',
    ),
    tree: 'v { r 1 { w 1; x }; r 2 { w 1; x } }',
  },
  {
    title: 'a blank line or a comment ends several lines, even where the one before goes on',
    text: lines('$I=a \\', '', 'b', '$J=c \\', '# no', 'd', '$I', '$J'),
    tree: 'b; d; a; c',
  },
  {
    title: 'a backslash at the end of a comment counts',
    text: lines('$I=a # no \\', 'b \\', '# no \\', 'c', 'x {', '$I', '}'),
    tree: 'x { a; b; c }',
  },
  {
    title: 'and so does one before a comment',
    text: lines('$I=a \\ # no', 'b', '$I'),
    tree: 'a; b',
  },
  {
    title: 'several lines must come last',
    text: lines('$I=a \\', 'b', '$I c', 'd'),
    tree: 'd',
    said: ['CONFIG_BAD_DEFINITION 3:3'],
  },
  {
    title: 'several lines that use themselves end with an error',
    text: lines('$I= \\', 'a { \\', '} \\', '$I', '$I', 'b'),
    tree: `${'a {}; '.repeat(64)}b`,
    said: ['CONFIG_LOOP_DEPTH 5:1'],
  },
];

const builtIns: readonly Case[] = [
  { title: '_HASH and _BANG', text: 'a x${_HASH}y ${_BANG} # c', tree: 'a x#y !' },
  { title: '_INSTANCE is the config id', text: 'a ${_INSTANCE}', tree: 'a main' },
  { title: '_INSTANCE where it is given', text: 'a ${_INSTANCE}', tree: 'a two', options: { instance: 'two' } },
  { title: '_ENV', text: 'a ${_ENV HOME} "${_ENV NONE}"', tree: 'a /root ""', options: { env: { HOME: '/root' } } },
  { title: '_PWD', text: 'a ${_PWD}/x', tree: `a ${process.cwd()}/x` },
  {
    title: '_RANDOM',
    text: 'a ${_RANDOM} ${_RANDOM 5} ${_RANDOM 5 6}',
    tree: 'a 32767 32767 6',
    options: { random: () => 0.99999 },
  },
  {
    title: '_RANDOM without sense is text',
    text: 'a "${_RANDOM 6 5}" "${_RANDOM x}"',
    tree: 'a "${_RANDOM 6 5}" "${_RANDOM x}"',
  },
  { title: 'a definition takes the place of a built-in', text: '$_HASH=h\na ${_HASH}', tree: 'a h' },
];

const loops: readonly Case[] = [
  {
    title: '~SEQ(var, end)',
    text: '~SEQ(N, 3) a ${N}\n~SEQ(N, -2) b $N\n~SEQ(N,0) c $N',
    tree: 'a 1; a 2; a 3; b -1; b -2; c 1; c 0',
  },
  { title: '~SEQ(var, start, end)', text: '~SEQ(N,2,4) a $N\n~SEQ(N,4,2) b $N', tree: 'a 2; a 3; a 4; b 4; b 3; b 2' },
  {
    title: '~SEQ(var, start, step, end)',
    text: '~SEQ(N,0,2,5) a $N\n~SEQ(N,0x12,-1,0x10) b $N',
    tree: 'a 0; a 2; a 4; b 18; b 17; b 16',
  },
  { title: '~SEQx prints hexadecimal', text: '~SEQx(N,144,16,0xc0) fe80::${N}', tree: 'fe80::90; fe80::a0; fe80::b0; fe80::c0' },
  { title: 'parameters may be definitions', text: '$E=2\n~SEQ(N,${E},$E) a $N', tree: 'a 2' },
  { title: 'several on a line nest', text: '~SEQ(A,1,2) ~SEQ(B,$A) a $A $B', tree: 'a 1 1; a 2 1; a 2 2' },
  { title: 'within a block, with the brace on the next line', text: 'v { ~SEQ(N,2) a $N\n}', tree: 'v { a 1; a 2 }' },
  { title: '~LST(var, ...)', text: '~LST(N, x, y , z) a $N', tree: 'a x; a y; a z' },
  { title: '~LST({...}, ...)', text: '~LST({A,  B},  {10,1},{20, 4})  a ${A}.${B}', tree: 'a 10.1; a 20.4' },
  { title: '~LST over a definition', text: '$L=x, y\n~LST(N, $L) a $N', tree: 'a x; a y' },
  {
    title: '~LST and ~SEQ',
    text: '~LST({I,J}, {10,1},{20,4}) ~SEQ(K,168,2,170) 192.${K}.${I}.${J}',
    tree: '192.168.10.1; 192.170.10.1; 192.168.20.4; 192.170.20.4',
  },
  {
    title: 'the body may be several lines',
    text: lines('$I= \\', 'v ${N} { \\', ' a \\', '}', '~SEQ(N,2) $I'),
    tree: 'v 1 { a }; v 2 { a }',
  },
  { title: 'the variable stays', text: '~SEQ(N,2) a $N\nb $N', tree: 'a 1; a 2; b 2' },
  { title: 'a loop after a condition', text: '@main ~SEQ(N,1) a\n@other ~SEQ(N,1) b', tree: 'a' },
  { title: 'a loop in a definition', text: '$L=~SEQ(N,2)\n$L a $N', tree: 'a 1; a 2' },
  { title: 'a loop may define', text: '~SEQ(N,2) $X=v$N\na $X', tree: 'a v2' },
  { title: 'step 0', text: '~SEQ(N,1,0,2) a', tree: '', said: ['CONFIG_BAD_LOOP 1:1'] },
  { title: 'a step that leads away', text: ' ~SEQ(N,1,-1,2) a', tree: '', said: ['CONFIG_BAD_LOOP 1:2'] },
  { title: 'negative hexadecimal', text: '~SEQx(N,-1,2) a', tree: '', said: ['CONFIG_BAD_LOOP 1:1'] },
  {
    title: 'no numbers',
    text: '~SEQ(N) a\n~SEQ(N,x) a\n~SEQ(1,2) a\n~SEQ(N,1,1,1,1) a',
    tree: '',
    said: [1, 2, 3, 4].map((n) => `CONFIG_BAD_LOOP ${n}:1`),
  },
  {
    title: 'no parenthesis, no loop',
    text: '~SEQ(N,1 a\n~FOR(N,1) a',
    tree: '',
    said: ['CONFIG_BAD_LOOP 1:1', 'CONFIG_BAD_LOOP 2:1'],
  },
  {
    title: 'groups of different size',
    text: '~LST({A,B}, {1,2}, {3}) a\n~LST(A) a',
    tree: '',
    said: ['CONFIG_BAD_LOOP 1:1', 'CONFIG_BAD_LOOP 2:1'],
  },
  {
    title: 'a loop without end ends with an error',
    text: '~SEQ(A,1,4000000000) ~SEQ(B,1,4000000000) $X=1\nb',
    tree: '',
    said: ['CONFIG_TOO_LARGE 1:43'],
    options: { limits: { lines: 5000 } },
  },
];

describe('conditions, definitions and loops', () => {
  for (const [group, cases] of Object.entries({ conditions, definitions, 'built-ins': builtIns, loops })) {
    describe(group, () => {
      for (const { title, text, tree, said = [], options } of cases) {
        it(title, () => {
          const result = readText(text, options);
          assert.equal(outline(result.tree.statements), tree);
          assert.deepEqual(briefly(result.diagnostics), said);
        });
      }
    });
  }

  it('random_seed makes _RANDOM the same each time', () => {
    const text = `global_defs {\n random_seed 7\n}\n${'a ${_RANDOM} ${_RANDOM 1 6}\n'.repeat(50)}`;
    const first = outline(readText(text).tree.statements);
    assert.equal(outline(readText(text).tree.statements), first);
    assert.notEqual(outline(readText(text.replace('7', '8')).tree.statements), first);
    for (const { args } of readText(text).tree.statements.slice(1)) {
      const [any = Number.NaN, die = Number.NaN] = args.map((word) => Number(word.text));
      assert.ok(any >= 0 && any <= 32767 && die >= 1 && die <= 6);
    }
  });

  it("the largest example of keepalived's manual fits, a tenth of it at a time", () => {
    const body = ['v ${A}.${B}.${C} { ', ' i b${A}.${B} ', ' vip { ', '  10.${A}.${B}.${C} ', ' } ', '}'].join('\\\n');
    const { tree, diagnostics } = readText(`$V= \\\n${body}\n~SEQ(A,0,0) ~SEQ(B,0,25) ~SEQ(C,1,254) $V\n`);
    assert.deepEqual(diagnostics, []);
    assert.equal(tree.statements.length, 26 * 254);
  });
});
