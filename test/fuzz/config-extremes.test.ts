/** Texts that are extreme in one way: very deep, very long, very many. The reader and the binder come to an end with each, in time. */
import assert from 'node:assert/strict';
import { ConfigRegistry, loadKeepalivedText } from '@mainstay/core';
import { type Diagnostic, type SourcePosition, type Statement, s } from '@mainstay/sdk';
import { describe, it } from 'mocha';

/** The largest that is read at all takes 6 s on a quiet machine. */
const longestMs = 15_000;

function registry(): ConfigRegistry {
  const all = new ConfigRegistry();
  all.reserve('virtual_server', 'load balancing');
  const points = all.pointsFor('fuzzed');
  const line = { syntax: 'WORD...', json: {}, parse: (args: { take(): unknown }) => void [args.take(), args.take()] };
  points.extend('global_defs', { router_id: s.word().optional(), vrrp_version: s.oneOf('2', '3').default('2') });
  points.named(
    'vrrp_instance',
    s.block({
      interface: s.word('an interface'),
      virtual_router_id: s.int(1, 255),
      priority: s.int(1, 255).default(100),
      state: s.oneOf('MASTER', 'BACKUP').default('BACKUP'),
      advert_int: s.seconds(0.01, 255).default(1000),
      nopreempt: s.flag(),
      smtp_alert: s.bool().default(false),
      virtual_ipaddress: s.lines(line),
      notify: s.command().optional(),
      track: s.word().repeated(),
      use_vmac: s.notBuilt('VMAC'),
      authentication: s.nested(s.block({ auth_type: s.word(), auth_pass: s.word().secret() })).optional(),
    }),
  );
  const server = s.block({ weight: s.int(0, 9).default(1), checks: s.plugged('checks') });
  points.headed('service', line, s.block({ server: s.headed(line, server).repeated() }));
  points.plug('checks', 'CHECK', s.block({ again: s.plugged('checks') }));
  all.pointsFor('more').extend(['service', 'server'], { more: s.int(0, 9).optional() });
  return all;
}

/** Lengths of the lines of a text, from 1. */
function lineLengths(text: string): readonly number[] {
  return [0, ...text.split(/\r\n|\n|\r/).map((line) => line.length)];
}

function* positions(statements: readonly Statement[]): Iterable<SourcePosition> {
  for (const { keyword, args, restAt, block } of statements) {
    yield keyword.at;
    for (const word of args) yield word.at;
    yield restAt;
    if (block !== undefined) yield* positions(block);
  }
}

function examine(text: string, schema: ConfigRegistry): void {
  // What it computes, not what else the machine does meanwhile.
  const began = process.cpuUsage();
  const { tree, diagnostics } = loadKeepalivedText(text, { file: '/nowhere/f.conf', configId: 'high', env: {} });
  const said: readonly Diagnostic[] = [...diagnostics, ...schema.bind(tree, { unknownKeywords: 'error' })];
  const took = process.cpuUsage(began).user / 1000;
  const lengths = lineLengths(text);
  const isInside = ({ line, column }: SourcePosition) => line >= 1 && column >= 1 && column <= (lengths[line] ?? -1) + 1;
  for (const { at, message, hint = '' } of said) {
    assert.ok(at.line === 0 || isInside(at), `a message at ${at.line}:${at.column}`);
    assert.doesNotMatch(message + hint, /\p{Cc}/u, 'a message moves the cursor');
  }
  for (const at of positions(tree.statements)) assert.ok(isInside(at), `a word at ${at.line}:${at.column}`);
  assert.ok(took < longestMs, `${Math.round(took)} ms`);
}

describe('fuzz: extreme configurations', function () {
  this.timeout(120_000);

  const extremes: Readonly<Record<string, string>> = {
    'blocks 50,000 deep': 'a {\n'.repeat(50_000),
    'blocks 50,000 deep on one line': 'a { '.repeat(50_000),
    '50,000 surplus braces': '}\n'.repeat(50_000),
    'a line of a million characters': `a ${'x'.repeat(1_000_000)}`,
    'a line of 300,000 words': `a${' b'.repeat(300_000)}`,
    'a line of 300,000 quotes': '"'.repeat(300_000),
    'a line of 300,000 escapes': '\\#'.repeat(300_000),
    'a line of 100,000 references': `\${A}`.repeat(100_000),
    'a line of 100,000 uses': `$A=b\n${`\${A}`.repeat(100_000)}`,
    'a definition that doubles': `$A=xx\n${Array.from({ length: 40 }, (_, i) => `$A${i + 1}=\${A${i}}\${A${i}}`).join('\n')}\n$A0=x\n$A40\n`,
    'a definition of itself': '$A=$A\n$A\n',
    'a definition of several lines of itself': '$A= \\\n a \\\n $A \\\n $A\n$A\n',
    'a loop without end': '~SEQ(a, 0, 0, 5) b\n~SEQ(a, 1, -1, 5) b\n',
    'a billion rounds': '~SEQ(a, 1, 1000000000) b\n',
    'endless rounds of nothing': '~SEQ(a, 1, 99999999999999)\nb\n',
    'loops in loops': `${'~SEQ(a, 1, 100) '.repeat(20)} b\n`,
    'loops of definitions of loops': '$L=~SEQ(a, 1, 50) $M\n$M=~SEQ(b, 1, 50) $L\n$L\n',
    'a list of 100,000 values': `~LST(a${', v'.repeat(100_000)}) b $a\n`,
    'unclosed groups': `~LST({${'{a,'.repeat(50_000)}\n~LST(${'(,'.repeat(20_000)})\n`,
    '100,000 conditions': '@high '.repeat(100_000),
    'braces in an include': `include /nowhere/${'{a,b}'.repeat(40)}\n`,
    'a block with 30,000 words in front': `service a 1 {\n server${' b'.repeat(30_000)} {\n${'  x\n'.repeat(5000)} }\n}\n`,
    'a plugged block in itself, 60 deep': `service a 1 {\n server b 1 {\n${'CHECK {\n'.repeat(60)}${'}\n'.repeat(60)} }\n}\n`,
    '5,000 mistakes of another plugin': `service a 1 {\n${' server b 1 {\n  more x\n }\n'.repeat(5000)}}\n`,
    '15,000 unknown keywords': Array.from({ length: 15_000 }, (_, i) => `vrrp_instanc${i} x`).join('\n'),
  };
  for (const [name, text] of Object.entries(extremes)) it(`survives ${name}`, () => examine(text, registry()));
});
