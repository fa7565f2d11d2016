/** YAML, JSON and TypeScript say the same as keepalived.conf: the same values, positions where the format has them. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigRegistry, loadConfig } from '@mainstay/core';
import { formatDiagnostic, s } from '@mainstay/sdk';
import { after, before, describe, it } from 'mocha';

const line = {
  syntax: 'WORD...',
  json: { type: 'string' },
  parse: (args: { take(): { text: string } | undefined }) => [args.take()?.text, args.take()?.text],
};

function declare() {
  const registry = new ConfigRegistry();
  const points = registry.pointsFor('p');
  const routers = points.named(
    'router',
    s.block({
      id: s.int(1, 255),
      version: s.word().default('2'),
      quiet: s.flag(),
      loud: s.bool().default(true),
      addresses: s.lines(line),
      script: s.command().optional(),
      peer: s.word().repeated(),
      auth: s.nested(s.block({ kind: s.word(), password: s.word().secret() })).optional(),
      url: s.nested(s.block({ path: s.word() })).repeated(),
    }),
  );
  const settings = points.block(
    'settings',
    s.block({ auth: s.nested(s.block({ kind: s.word() })).optional(), most: s.int(1, 9).default(9) }),
  );
  const root = points.root({ hook: s.word().repeated() });
  return { registry, routers, settings, root };
}

const keepalived = `hook a.ts
hook b.ts
settings {
  auth {
    kind X
  }
}
router R1 {
  id 0x10
  version 1.10
  loud false
  addresses {
    10.0.0.1 eth0
    10.0.0.2
  }
  script "/bin/a b" c
  peer p1
  peer p2
  auth {
    kind PASS
    password x
  }
  url {
    path /a
  }
  url {
    path /b
  }
}
router R2 {
  id 2
  quiet
}
`;

const yaml = `# the same
hook: [a.ts, b.ts]
settings:
  auth: { kind: X }
router:
  R1:
    id: 0x10
    version: 1.10
    quiet: false
    loud: false
    addresses:
      - 10.0.0.1 eth0
      - 10.0.0.2
    script: '"/bin/a b" c'
    peer: [p1, p2]
    auth:
      kind: PASS
      password: "x"
    url:
      - path: /a
      - path: /b
  R2: { id: 2, quiet: true }
`;

const value = {
  hook: ['a.ts', 'b.ts'],
  settings: { auth: { kind: 'X' } },
  router: {
    R1: {
      id: 16,
      version: '1.10',
      quiet: false,
      loud: false,
      addresses: ['10.0.0.1 eth0', '10.0.0.2'],
      script: '"/bin/a b" c',
      peer: ['p1', 'p2'],
      auth: { kind: 'PASS', password: 'x' },
      url: [{ path: '/a' }, { path: '/b' }],
    },
    R2: { id: 2, quiet: true },
  },
};

describe('the forms of a configuration', () => {
  let folder = '';
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const load = (name: string, text: string) => loadConfig({ file: write(name, text), configId: 'x' });
  const bound = async (name: string, text: string) => {
    const { tree, diagnostics } = await load(name, text);
    const { registry, routers, settings, root } = declare();
    const said = [...diagnostics, ...registry.bind(tree, { unknownKeywords: 'error' })].map((d) =>
      formatDiagnostic(d).replace(`${folder}/`, ''),
    );
    if (said.length > 0) return said;
    const entries = routers.entries.map((entry) => ({ name: entry.name, value: entry.value }));
    return { entries, settings: settings.value, root: root.value };
  };

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'mainstay-forms-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('say the same', async () => {
    const expected = await bound('a.conf', keepalived);
    assert.ok('entries' in expected, String(expected));
    const module = `const value: object = ${JSON.stringify(value)};\nexport default value;\n`;
    const forms: readonly (readonly [string, string])[] = [
      ['a.yaml', yaml],
      ['b.yml', yaml],
      ['.mainstayrc', yaml],
      ['c.json', JSON.stringify(value, undefined, 2)],
      ['d.ts', module],
      ['e.mjs', `export default () => (${JSON.stringify(value)});\n`],
      ['f.cjs', `module.exports = ${JSON.stringify(value)};\n`],
      ['keepalived.conf.new', keepalived],
      ['no-ending', keepalived],
    ];
    for (const [name, text] of forms) assert.deepEqual(await bound(name, text), expected, name);
  });

  it('accept lines as an object, as text of several lines, and as one text', async () => {
    const addresses = async (text: string) => {
      const result = await bound('g.yaml', `router:\n  R:\n    id: 1\n    addresses: ${text}\n`);
      return Array.isArray(result) ? result : 'entries' in result && result.entries[0]?.value.addresses;
    };
    assert.deepEqual(await addresses('{ 10.0.0.1: eth0, 10.0.0.2: }'), [
      ['10.0.0.1', 'eth0'],
      ['10.0.0.2', undefined],
    ]);
    assert.deepEqual(await addresses('|\n      10.0.0.1 eth0\n      10.0.0.2\n'), [
      ['10.0.0.1', 'eth0'],
      ['10.0.0.2', undefined],
    ]);
    assert.deepEqual(await addresses('10.0.0.1 eth0'), [['10.0.0.1', 'eth0']]);
    assert.deepEqual(await addresses('[]'), []);
  });

  it('have exact positions in YAML and JSON', async () => {
    assert.deepEqual(await bound('h.yaml', 'router:\n  R:\n    id: 300\n    peer: [a, "b  c d"]\n    colour: red\n'), [
      'h.yaml:3:9: error: 300 is out of range: 1..255 (the nearest allowed value is 255) [CONFIG_OUT_OF_RANGE]',
      'h.yaml:4:19: error: there is one word too many after peer (expected: peer WORD) [CONFIG_EXTRA_WORD]',
      'h.yaml:5:5: error: "colour" is not a keyword of router R [CONFIG_UNKNOWN_KEYWORD]',
    ]);
    assert.deepEqual(await bound('i.json', '{"router": {"R": {"id": 1, "auth": {"kind": "x", "pasword": "y"}}}}'), [
      'i.json:1:50: error: this is not a keyword of auth (did you mean "password"?) [CONFIG_UNKNOWN_KEYWORD]',
    ]);
  });

  it('have the file in TypeScript', async () => {
    assert.deepEqual(await bound('j.ts', 'export default { router: { R: { id: 0 } } };'), [
      'j.ts: error: 0 is out of range: 1..255 (the nearest allowed value is 1) [CONFIG_OUT_OF_RANGE]',
    ]);
  });

  it('are refused where they are none', async () => {
    const codes = async (name: string, text: string) =>
      (await load(name, text)).diagnostics.map(({ code, at }) => `${code} ${at.line}`);
    assert.deepEqual(await codes('k.yaml', 'a: 1\na: 2\n'), ['CONFIG_SYNTAX 2']);
    assert.deepEqual(await codes('k.yaml', 'a: [1\nb: 2\n'), ['CONFIG_SYNTAX 2']);
    assert.deepEqual(await codes('k.yaml', '- a\n- b\n'), ['CONFIG_SYNTAX 1']);
    assert.deepEqual(await codes('k.yaml', 'a: [[1]]\n'), ['CONFIG_SYNTAX 1']);
    assert.deepEqual(await codes('k.json', '{"a": '), ['CONFIG_SYNTAX 1']);
    assert.deepEqual(await codes('k.yaml', `a: ${'{a: '.repeat(100)}1${'}'.repeat(100)}\n`), ['CONFIG_SYNTAX 1']);
    for (const opening of ['[', '{a: ', '- ', '? ']) {
      for (const times of [65, 257, 1000, 100_000])
        assert.deepEqual(await codes('k.yaml', opening.repeat(times)), ['CONFIG_SYNTAX 1'], opening);
    }
    assert.deepEqual(await codes('k.ts', 'export default 5;'), ['CONFIG_SYNTAX 0']);
    assert.deepEqual(await codes('k2.ts', 'const a: Record<string, unknown> = {}; a.a = a; export default a;'), [
      'CONFIG_SYNTAX 0',
    ]);
    const bomb = `a: &a [x, x]\n${Array.from({ length: 30 }, (_, i) => `b${i}: &b${i} { x: *${i === 0 ? 'a' : `b${i - 1}`}, y: *${i === 0 ? 'a' : `b${i - 1}`} }`).join('\n')}\n`;
    assert.equal((await codes('k.yaml', bomb)).length, 1);
  });

  it('are empty where the file is', async () => {
    for (const name of ['l.conf', 'l.yaml', 'l.json']) assert.deepEqual((await load(name, '')).tree.statements, [], name);
  });

  it('that cannot be read say so', async () => {
    const refused = (name: string, text?: string) =>
      assert.rejects(
        text === undefined ? loadConfig({ file: join(folder, name), configId: 'x' }) : load(name, text),
        (error: { code?: string; message: string }) => error.code === 'CONFIG_FILE' && error.message.includes(name),
      );
    await refused('nothing.conf');
    await refused('nothing.yaml');
    await refused('nothing');
    await refused('m.ts', 'throw new Error("no")');
    await refused('n.ts', 'export default {');
  });

  describe('are looked for', () => {
    const codes = async (from: string) => {
      const { tree } = await loadConfig({ searchFrom: join(folder, from), configId: 'x' });
      return tree.files.map((file) => file.replace(`${folder}/`, ''));
    };

    it('from a folder upwards', async () => {
      mkdirSync(join(folder, 's/t/u'), { recursive: true });
      write('s/mainstay.config.yaml', 'a: 1\n');
      assert.deepEqual(await codes('s/t/u'), ['s/mainstay.config.yaml']);
      write('s/t/mainstay.conf', 'a 1\n');
      assert.deepEqual(await codes('s/t/u'), ['s/t/mainstay.conf']);
      write('s/t/u/.mainstayrc', 'a: 1\n');
      assert.deepEqual(await codes('s/t/u'), ['s/t/u/.mainstayrc']);
      write('s/t/u/mainstay.config.ts', 'export default { a: 1 };\n');
      assert.deepEqual(await codes('s/t/u'), ['s/t/u/mainstay.config.ts']);
    });

    it('but root does not run what anybody may have put there', async () => {
      if (process.getuid?.() !== 0) return;
      mkdirSync(join(folder, 'v'));
      write('v/mainstay.config.ts', 'throw new Error("it ran");\n');
      chmodSync(join(folder, 'v'), 0o777);
      await assert.rejects(codes('v'), /can be written by others/);
      chmodSync(join(folder, 'v'), 0o755);
      await assert.rejects(codes('v'), /it ran/);
    });
  });
});
