/**
 * The reader of configurations never throws, never hangs and never loses a position, whatever the text: mutations of keepalived's
 * samples and of a text with every feature, and random pieces of the grammar. The seed is printed; MAINSTAY_FUZZ_SEED repeats a run.
 */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is keepalived's syntax, too.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigRegistry, loadKeepalivedText } from '@mainstay/core';
import { type Args, type Diagnostic, type SourcePosition, type Statement, s } from '@mainstay/sdk';
import { describe, it } from 'mocha';

const samples = '/usr/share/doc/keepalived/samples';
const everything = `$A=1
$B= \\
b \${A} { \\
 c "x y" \\
}
@main $C=\${_RANDOM 1 5}
@^main d \${_ENV HOME} \${_PWD} \${_HASH}
~SEQ(N, 1, 3) ~LST({X,Y},{1,2},{3,4}) e $N \${X}\${Y} { f }
~SEQx(H,0x10,-1,0xe) $B
router R { id 5
  name "q" # comment
  script '/bin/x "y' \\x41 "z"
  auth { password geheim }
  lines { a 1
   b } }
service 10.0.0.1 80 { server 10.0.0.2 80 {
  id 3
  CHECK { id 4 }
  more x } }
include_check +match
`;
const pieces = [
  ...'{}$~@#!"\'\\=,() \t\n\r\0%é',
  ...[
    '${',
    '$A',
    '${A}',
    '$A=',
    '$A= \\\n',
    '~SEQ(',
    '~SEQx(N,1,3) ',
    '~LST({A,B},{1,2}) ',
    '@main ',
    '@^main ',
    '\\\n',
    'include ',
    '0x',
  ],
  ...[
    'router R',
    'service a 1',
    'server b 1',
    'CHECK',
    'more',
    'id',
    'lines',
    'auth',
    'password',
    '${_RANDOM 1 2}',
    '${A${A}}',
    ' { ',
    ' }\n',
    '\n}\n',
    '99999999999',
    '$B\n',
    '~SEQ(I,1,60) ',
  ],
];

/** mulberry32 */
function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

function mutated(text: string, random: (below: number) => number): string {
  let result = text;
  for (let times = 1 + random(4); times > 0; times--) {
    const at = random(result.length + 1);
    const length = random(12);
    const kind = random(4);
    const piece = kind < 2 ? (pieces[random(pieces.length)] ?? '') : kind === 2 ? '' : result.slice(at, at + 4 * length);
    result = result.slice(0, at) + piece + result.slice(kind === 3 ? at : at + (kind === 0 ? 0 : length));
  }
  return result;
}

function registry(): ConfigRegistry {
  const one = new ConfigRegistry();
  const line = { syntax: 'A [B]', json: {}, parse: (args: { take(): unknown }) => [args.take(), args.take()] };
  const block = s.block({
    id: s.int(1, 9),
    name: s.word().optional(),
    script: s.command().optional(),
    auth: s.nested(s.block({ password: s.word().secret() })).optional(),
    lines: s.lines(line),
  });
  const points = one.pointsFor('p');
  points.named('router', block);
  points.block('b', block);
  const words = {
    syntax: 'A [B]',
    json: {},
    parse: (args: Args) => [args.take() ?? args.fail('a word is missing'), args.take()],
  };
  const server = s.block({ id: s.int(1, 9), checks: s.plugged('checks') });
  const services = points.headed('service', words, s.block({ server: s.headed(words, server).repeated() }));
  points.plug('checks', 'CHECK', s.block({ id: s.int(1, 9).default(1), again: s.plugged('checks') }));
  const more = one.pointsFor('q').extend(['service', 'server'], { more: s.word().optional() });
  points.check(() => {
    for (const { value, report } of services.entries) {
      for (const inner of value.value.server) report('id', inner).warning('SEEN', 'seen');
    }
    for (const { report } of more.entries) report('more').warning('SEEN', 'seen');
  });
  return one;
}

function checkPlaces(text: string, statements: readonly Statement[], diagnostics: readonly Diagnostic[]): void {
  const lines = text.replace(/^\ufeff/, '').split(/\r\n|\n|\r/);
  const check = ({ line, column }: SourcePosition): void => {
    if (line === 0 && column === 0) return;
    if (column < 1 || column > (lines[line - 1]?.length ?? -1) + 1) assert.fail(`no such place: ${line}:${column}`);
  };
  const walk = ({ keyword, args, block }: Statement): void => {
    check(keyword.at);
    for (const { at } of args) check(at);
    block?.forEach(walk);
  };
  statements.forEach(walk);
  for (const { at } of diagnostics) check(at);
}

describe('the reader of configurations', function () {
  this.timeout(120_000);

  it('takes 100,000 broken texts without a crash, a hang or a wrong place', () => {
    const seed = Number(process.env.MAINSTAY_FUZZ_SEED ?? Date.now() % 2 ** 31);
    const random = randomFrom(seed);
    const texts = readdirSync(samples)
      .filter((name) => name.startsWith('keepalived.conf.') && !name.endsWith('.gz'))
      .map((name) => readFileSync(join(samples, name), 'utf8').slice(0, 400));
    const limits = { lines: 100, lineLength: 600, substitutions: 40, depth: 8, work: 20_000 };
    const bound = registry();
    for (let i = 0; i < 100_000; i++) {
      const base = i % 3 === 0 ? (texts[random(texts.length)] ?? '') : i % 3 === 1 ? everything : '';
      let text = base;
      if (base === '') for (let n = random(20); n > 0; n--) text += pieces[random(pieces.length)];
      text = mutated(text, random);
      try {
        // What it computes, not what else the machine does meanwhile.
        const started = process.cpuUsage();
        const { tree, diagnostics } = loadKeepalivedText(text, { file: 'fuzz.conf', configId: 'main', env: {}, limits });
        checkPlaces(text, tree.statements, diagnostics);
        if (i % 4 === 0) checkPlaces(text, [], bound.bind(tree, { unknownKeywords: i % 8 === 0 ? 'error' : 'warning' }));
        assert.ok(process.cpuUsage(started).user < 2_000_000, 'too slow');
      } catch (error) {
        throw new Error(`seed ${seed}, text ${i}: ${JSON.stringify(text)}`, { cause: error });
      }
    }
  });
});
