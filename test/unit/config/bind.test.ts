/** The binder: values by the shape of their fields, defaults, and every kind of mistake at its place. */
import assert from 'node:assert/strict';
import { ConfigRegistry } from '@mainstay/core';
import { formatDiagnostic, s } from '@mainstay/sdk';
import { beforeEach, describe, it } from 'mocha';
import { briefly, readText } from './outline.js';

const pair = {
  syntax: 'NAME [NUMBER]',
  json: { type: 'string' },
  parse: (args: { take(): { text: string } | undefined }) => `${args.take()?.text}=${args.take()?.text ?? ''}`,
};

const router = s
  .block({
    id: s.int(1, 255),
    state: s.oneOf('MASTER', 'BACKUP').default('BACKUP'),
    wait: s.seconds(0, 60).default(1000),
    quiet: s.flag(),
    loud: s.bool().optional(),
    name: s.word().optional().alias('alias_name'),
    old: s.word().optional().deprecated('name'),
    script: s.command().optional(),
    peer: s.word().repeated(),
    addresses: s.lines(pair),
    auth: s.nested(s.block({ kind: s.oneOf('PASS', 'KEY'), password: s.word('a password').secret() })).optional(),
    url: s.nested(s.block({ path: s.word(), status: s.int(100, 599).optional() })).repeated(),
    future: s.notBuilt('the future'),
  })
  .doc('A router.');

function declare(registry: ConfigRegistry) {
  const points = registry.pointsFor('routers');
  return {
    routers: points.named('router', router),
    limits: points.block('limits', s.block({ most: s.int(1, 10).default(5), least: s.int(1, 10).optional() })),
    root: points.root({ hook: s.word('a file').repeated(), folder: s.word().default('/etc') }),
    more: registry.pointsFor('other').extend('router', { color: s.word().default('red') }),
  };
}

describe('the binder', () => {
  let registry: ConfigRegistry;
  let handles: ReturnType<typeof declare>;

  beforeEach(() => {
    registry = new ConfigRegistry();
    handles = declare(registry);
  });

  const bind = (text: string, unknownKeywords: 'error' | 'warning' = 'error') => {
    const { tree, diagnostics } = readText(text);
    assert.deepEqual(diagnostics, []);
    return registry.bind(tree, { unknownKeywords });
  };

  it('gives every keyword its value', () => {
    const said = bind(`hook a.ts
hook b.ts
router R1 {
  id 0x10
  state MASTER
  wait 0.25
  quiet
  loud off
  alias_name "two words"
  script '/bin/a b' "c"'d' \\x41\\cA
  peer p1
  peer p2
  addresses one { two 2
    three
  }
  auth { kind PASS
    password x }
  url { path /
    status 200
  }
  url { path /b
  }
  color blue
}
router R2 {
  id 2
}`);
    assert.deepEqual(said.map(formatDiagnostic), []);
    const [first, second] = handles.routers.entries;
    assert.deepEqual(first?.value, {
      id: 16,
      state: 'MASTER',
      wait: 250,
      quiet: true,
      loud: false,
      name: 'two words',
      script: ['/bin/a b', 'cd', 'A\x01'],
      peer: ['p1', 'p2'],
      addresses: ['one=', 'two=2', 'three='],
      auth: { kind: 'PASS', password: 'x' },
      url: [
        { path: '/', status: 200 },
        { path: '/b', status: undefined },
      ],
      old: undefined,
      future: undefined,
    });
    assert.deepEqual(
      [second?.value.state, second?.value.wait, second?.value.peer, second?.value.quiet],
      ['BACKUP', 1000, [], false],
    );
    assert.deepEqual(
      handles.more.entries.map(({ name, value }) => [name, value.color]),
      [
        ['R1', 'blue'],
        ['R2', 'red'],
      ],
    );
    assert.deepEqual(handles.root.value, { hook: ['a.ts', 'b.ts'], folder: '/etc' });
    assert.deepEqual([handles.limits.entries, handles.limits.value], [[], { most: 5, least: undefined }]);
  });

  it('adds up blocks without a name', () => {
    assert.deepEqual(briefly(bind('limits {\n most 2\n}\nlimits {\n least 1\n most 3\n}')), ['CONFIG_DUPLICATE_KEYWORD 6:2']);
    assert.deepEqual(handles.limits.value, { most: 3, least: 1 });
  });

  it('lets the last of two win, and says so', () => {
    const said = bind('router R {\n id 1\n id 2\n name a\n alias_name b\n}');
    assert.deepEqual(briefly(said), ['CONFIG_DUPLICATE_KEYWORD 3:2', 'CONFIG_DUPLICATE_KEYWORD 5:2']);
    assert.deepEqual([handles.routers.value.id, handles.routers.value.name], [2, 'b']);
  });

  const mistakes: readonly (readonly [what: string, text: string, said: string, hint: RegExp | undefined])[] = [
    ['a misspelt keyword, and not that it is missing', 'router R {\n di 5\n}', 'CONFIG_UNKNOWN_KEYWORD 2:2', /did you mean "id"/],
    ['a keyword that is missing', 'router R {\n}', 'CONFIG_MISSING_KEYWORD 1:1', /add: id 1\.\.255/],
    ['a keyword of another block', 'router R {\n id 1\n most 3\n}', 'CONFIG_UNKNOWN_KEYWORD 3:2', /it belongs into limits/],
    [
      'a keyword of a nested block',
      'router R {\n id 1\n password topsecret\n}',
      'CONFIG_UNKNOWN_KEYWORD 3:2',
      /into auth in router/,
    ],
    ['a keyword of the top level', 'router R {\n id 1\n folder x\n}', 'CONFIG_UNKNOWN_KEYWORD 3:2', /top level/],
    ['an unknown block, once', 'ruoter R {\n id 1\n nonsense\n}', 'CONFIG_UNKNOWN_KEYWORD 1:1', undefined],
    ['a number out of range', 'router R {\n id 256\n}', 'CONFIG_OUT_OF_RANGE 2:5', /nearest allowed value is 255/],
    ['what is no number', 'router R {\n id five\n}', 'CONFIG_BAD_VALUE 2:5', undefined],
    ['a value that is missing', 'router R {\n id\n}', 'CONFIG_MISSING_VALUE 2:2', undefined],
    ['a word too many', 'router R {\n id 1 2\n}', 'CONFIG_EXTRA_WORD 2:7', /expected: id 1\.\.255/],
    ['two keywords on a line', 'router R { id 1 quiet }', 'CONFIG_EXTRA_WORD 1:17', /quiet is a keyword of its own/],
    ['a flag with a value', 'router R {\n id 1\n quiet please\n}', 'CONFIG_EXTRA_WORD 3:8', /stands alone/],
    ['no block where one belongs', 'router R {\n id 1\n auth\n}', 'CONFIG_BLOCK_MISSING 3:2', undefined],
    ['a block where none belongs', 'router R {\n id { 1 }\n}', 'CONFIG_BLOCK_UNEXPECTED 2:2', undefined],
    [
      'a nested keyword that is missing',
      'router R {\n id 1\n auth {\n  kind PASS\n }\n}',
      'CONFIG_MISSING_KEYWORD 3:2',
      /password/,
    ],
    ['one line of several', 'router R {\n id 1\n addresses {\n  a 1\n  b 2 3\n  c\n }\n}', 'CONFIG_EXTRA_WORD 5:7', undefined],
    ['what is not built', 'router R {\n id 1\n future 3 4\n}', 'CONFIG_NOT_BUILT 3:2', undefined],
    ['a block without its name', 'router {\n id 1\n}', 'CONFIG_NAME_MISSING 1:1', /router NAME/],
    ['a name without its block', 'router R', 'CONFIG_BLOCK_MISSING 1:1', undefined],
    ['two names', 'router R S {\n id 1\n}', 'CONFIG_EXTRA_WORD 1:10', undefined],
    ['the same name twice', 'router R {\n id 1\n}\nrouter R {\n id 2\n}', 'CONFIG_DUPLICATE_NAME 4:8', undefined],
    [
      'an escaped quote where there are no escapes',
      'router R {\n id 1\n name a\\"b\n}',
      'CONFIG_QUOTE_NOT_CLOSED 3:9',
      undefined,
    ],
    ['a command with an open quote', "router R {\n id 1\n script a 'b\n}", 'CONFIG_QUOTE_NOT_CLOSED 3:11', undefined],
  ];
  for (const [what, text, expected, hint] of mistakes) {
    it(`says: ${what}`, () => {
      const said = bind(text);
      assert.deepEqual(briefly(said), [expected], said.map(formatDiagnostic).join('\n'));
      assert.equal(said[0]?.severity, 'error');
      if (hint !== undefined) assert.match(said[0]?.hint ?? '', hint);
    });
  }

  it('names the first place of a name that is there twice', () => {
    assert.match(bind('router R {\n id 1\n}\nrouter R {\n id 2\n}')[0]?.message ?? '', /first is at test\.conf:1:8/);
  });

  it('takes a deprecated keyword, with a warning that says what to write', () => {
    const said = bind('router R {\n id 1\n old x\n}');
    assert.deepEqual(
      said.map(({ severity, code, hint }) => [severity, code, hint]),
      [['warning', 'CONFIG_DEPRECATED', 'write name']],
    );
    assert.equal(handles.routers.value.old, 'x');
  });

  it('tolerates unknown keywords where it is told to, and nothing else', () => {
    const said = bind('nonsense {\n a {\n  b\n }\n}\nrouter R {\n id 1\n colour red\n future\n}', 'warning');
    assert.deepEqual(
      said.map(({ severity, at }) => [severity, at.line]),
      [
        ['warning', 1],
        ['warning', 8],
        ['error', 9],
      ],
    );
    assert.match(said[1]?.hint ?? '', /did you mean "color"/);
    assert.deepEqual(briefly(bind('router R {\n di 1\n}', 'warning')), [
      'CONFIG_MISSING_KEYWORD 1:1',
      'CONFIG_UNKNOWN_KEYWORD 2:2',
    ]);
  });

  it('knows root keywords that are reserved, unless a plugin has them', () => {
    registry.reserve('balance', 'load balancing');
    registry.reserve('router', 'routing');
    const said = bind('balance X {\n a 1\n}\nrouter R {\n id 1\n}', 'warning');
    assert.deepEqual(briefly(said), ['CONFIG_NOT_BUILT 1:1']);
    assert.match(said[0]?.message ?? '', /load balancing is not built yet/);
  });

  it('answers in the order of the places', () => {
    const said = bind('nonsense\nrouter R {\n id 0\n x\n}\nlimits {\n most 99\n}\nnonsense');
    assert.deepEqual(
      said.map(({ at }) => at.line),
      [1, 3, 4, 7, 9],
    );
  });

  it('leaves the handles as they were when something is wrong', () => {
    assert.deepEqual(bind('router A {\n id 1\n}'), []);
    const before = handles.routers.entries;
    bind('router B {\n id 2\n}\nnonsense');
    assert.equal(handles.routers.entries, before);
    assert.deepEqual(bind('router B {\n id 2\n}'), []);
    assert.equal(handles.routers.value.id, 2);
  });

  it('refuses to be read before it is bound', () => {
    for (const read of [() => handles.routers.entries, () => handles.limits.value]) {
      assert.throws(read, (error: { code?: string }) => error.code === 'CONFIG_NOT_BOUND');
    }
    bind('nonsense');
    assert.throws(() => handles.root.value, /CONFIG_NOT_BOUND|before it is bound/);
  });

  it('never says a secret', () => {
    const texts = [
      'router R {\n id 1\n auth {\n  kind PASS\n  password hunter2 hunter2\n }\n}',
      'router R {\n id 1\n auth {\n  kind PASS hunter2\n  password\n }\n}',
      'router R {\n id 1\n auth {\n  kind PASS\n  pasword hunter2\n }\n}',
      'router R {\n id 1\n auth { kind PASS password hunter2 }\n}',
      'router R {\n id 1\n password hunter2\n}',
      'router R {\n id 1\n auth {\n  kind PASS\n  passwordhunter2\n  hunter2\n }\n}',
      'router R {\n id 1\n auth {\n  kind PASS\n  password hunter2 {\n }\n }\n}',
    ];
    const silent = (text: string) => {
      const said = bind(text);
      assert.ok(said.length > 0);
      assert.doesNotMatch(JSON.stringify(said), /hunter2/, text);
    };
    for (const text of texts) silent(text);
    registry.pointsFor('gossip').check((report) => report(handles.routers).error('GOSSIP', 'hunter2 is short', 'not hunter2'));
    silent('router R {\n id 1\n auth {\n  kind PASS\n  password hunter2\n }\n}');
  });

  it('never says a secret that its own parser complains of', () => {
    const odd = s.custom<string>({
      syntax: 'X',
      json: {},
      parse: (args) => args.fail(`"${args.take()?.text}" is bad`, { hint: 'not 77' }),
    });
    registry.pointsFor('keys').block('keys', s.block({ key: odd.secret().optional() }));
    const said = bind('keys {\n key 77\n}');
    assert.deepEqual(
      said.map(({ message, hint }) => [message, hint]),
      [['the value of key is not valid', undefined]],
    );
  });
});

describe('contributions', () => {
  const clashes = (declareAll: (registry: ConfigRegistry) => void, code: string, ...words: readonly RegExp[]) => {
    const registry = new ConfigRegistry();
    const run = () => {
      declareAll(registry);
      registry.bind(readText('').tree, { unknownKeywords: 'error' });
    };
    assert.throws(run, (error: { code?: string; message?: string }) => {
      assert.equal(error.code, code);
      for (const word of words) assert.match(error.message ?? '', word);
      return true;
    });
  };
  const block = s.block({ a: s.flag() });

  it('of the same keyword clash, naming both plugins', () => {
    clashes(
      (r) => [r.pointsFor('one').named('x', block), r.pointsFor('two').block('x', block)],
      'CONFIG_KEYWORD_CLASH',
      /one/,
      /two/,
      /"x"/,
    );
    clashes((r) => [r.pointsFor('one').root({ x: s.flag() }), r.pointsFor('two').block('x', block)], 'CONFIG_KEYWORD_CLASH');
    clashes(
      (r) => [r.pointsFor('one').block('x', block), r.pointsFor('two').extend('x', { b: s.flag().alias('a') })],
      'CONFIG_KEYWORD_CLASH',
      /"a"/,
    );
  });

  it('to a block that nobody has are refused', () => {
    clashes((r) => r.pointsFor('one').extend('x', { b: s.flag() }), 'CONFIG_UNKNOWN_PARENT', /one/, /x/);
  });

  it('may come before the block that they extend', () => {
    const registry = new ConfigRegistry();
    const more = registry.pointsFor('one').extend('x', { b: s.flag() });
    registry.pointsFor('two').block('x', block);
    assert.deepEqual(registry.bind(readText('x {\n a\n b\n}').tree, { unknownKeywords: 'error' }), []);
    assert.equal(more.value.b, true);
  });

  it("take the place of core's own keywords", () => {
    const registry = new ConfigRegistry();
    const mine = registry.pointsFor('one').extend('global_defs', { random_seed: s.word() });
    const root = registry.pointsFor('one').root({ instance: s.word() });
    assert.deepEqual(
      registry.bind(readText('instance i\nglobal_defs {\n random_seed x\n}').tree, { unknownKeywords: 'error' }),
      [],
    );
    assert.deepEqual([mine.value, root.value], [{ random_seed: 'x' }, { instance: 'i' }]);
  });
});

describe('checks', () => {
  const setUp = () => {
    const registry = new ConfigRegistry();
    const points = registry.pointsFor('p');
    const items = points.named('item', s.block({ n: s.int(1, 9), friend: s.word().optional() }));
    const settings = points.block('settings', s.block({ most: s.int(1, 9).default(9) }));
    points.check(() => {
      const names = new Set(items.entries.map(({ name }) => name));
      for (const { value, report } of items.entries) {
        if (value.n > settings.value.most) report('n').error('TOO_MUCH', `n is above ${settings.value.most}`);
        if (value.friend !== undefined && !names.has(value.friend))
          report('friend').error('NO_FRIEND', `there is no item ${value.friend}`);
        if (value.n === 7) report().warning('SEVEN', 'n is seven');
      }
    });
    const bind = (text: string) => briefly(registry.bind(readText(text).tree, { unknownKeywords: 'error' }));
    return { registry, items, bind };
  };

  it('see the new values and report at keywords', () => {
    const { bind, items } = setUp();
    assert.deepEqual(bind('item A {\n n 7\n}\nsettings { most 8 }'), ['SEVEN 1:1']);
    assert.equal(items.value.n, 7);
    assert.deepEqual(bind('item A {\n n 7\n}\nsettings { most 3 }\nitem B {\n n 2\n friend C\n}'), [
      'SEVEN 1:1',
      'TOO_MUCH 2:2',
      'NO_FRIEND 7:2',
    ]);
    assert.deepEqual(
      items.entries.map(({ name }) => name),
      ['A'],
    );
  });

  it('judge what is right also where something else is wrong, without follow-on errors', () => {
    const { bind } = setUp();
    const text = 'settings {\n most 3\n}\nitem A {\n n 5\n}\nitem B {\n n 99\n}\nitem C {\n n 1\n friend B\n}\n';
    assert.deepEqual(bind(text), ['TOO_MUCH 5:2', 'CONFIG_OUT_OF_RANGE 8:4']);
  });

  it('are not made where the settings for everything are wrong', () => {
    const { bind } = setUp();
    assert.deepEqual(bind('settings {\n most 33\n}\nitem A {\n n 9\n}\n'), ['CONFIG_OUT_OF_RANGE 2:7']);
  });

  it('that throw are an error of their plugin', () => {
    const { registry, bind } = setUp();
    registry.pointsFor('clumsy').check(() => {
      throw new Error('oops');
    });
    assert.deepEqual(bind('item A {\n n 1\n}'), ['CONFIG_CHECK_FAILED 0:0']);
  });
});
