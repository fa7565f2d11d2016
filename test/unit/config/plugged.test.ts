/** Blocks that plugins contribute for the places of others: values, order, suggestions, clashes. */
import assert from 'node:assert/strict';
import { ConfigRegistry } from '@mainstay/core';
import { formatDiagnostic, s } from '@mainstay/sdk';
import { beforeEach, describe, it } from 'mocha';
import { balancer } from './balancer.js';
import { briefly, readText } from './outline.js';

const within = (...lines: readonly string[]) => `service a {\n server b {\n zone x\n${lines.join('\n')}\n}\n}`;

describe('plugged blocks', () => {
  let made: ReturnType<typeof balancer>;
  beforeEach(() => {
    made = balancer();
  });
  const checkers = () => made.service.value.value.server[0]?.value.checkers;

  it('stand in the order written, with their values, places and facts', () => {
    const said = made.bind(within('TCP_CHECK {', ' port 80', '}', 'HTTP_CHECK {', '}', 'weight 7', 'TCP_CHECK { retry 0 }'));
    assert.deepEqual(said.map(formatDiagnostic), []);
    const at = (line: number) => ({ file: 'test.conf', line, column: 1 });
    assert.deepEqual(checkers(), [
      { keyword: 'TCP_CHECK', value: { retry: 3, port: 80 }, at: at(4), facts: { kind: 'tcp' } },
      { keyword: 'HTTP_CHECK', value: { url: [], again: [] }, at: at(7), facts: undefined },
      { keyword: 'TCP_CHECK', value: { retry: 0, port: undefined }, at: at(10), facts: { kind: 'tcp' } },
    ]);
    assert.equal(made.service.value.value.server[0]?.value.weight, 7);
  });

  it('may have places for their own group', () => {
    assert.deepEqual(made.bind(within('HTTP_CHECK {', 'url {', 'path /', '}', 'HTTP_CHECK {', 'TCP_CHECK {', '}', '}', '}')), []);
    interface Again {
      readonly keyword: string;
      readonly value: { readonly again?: readonly Again[] };
    }
    const outline = (list: readonly Again[]): unknown => list.map(({ keyword, value }) => [keyword, outline(value.again ?? [])]);
    assert.deepEqual(outline((checkers() ?? []) as readonly Again[]), [['HTTP_CHECK', [['HTTP_CHECK', [['TCP_CHECK', []]]]]]]);
  });

  it('do not share their lists', () => {
    made.bind('service a {\n server b {\n zone x\n TCP_CHECK {\n }\n }\n server c {\n zone x\n }\n}');
    assert.deepEqual(
      made.service.value.value.server.map(({ value }) => value.checkers.length),
      [1, 0],
    );
  });

  it('that say the same one after another hold one object, each at its own place; others do not', () => {
    const check = (more: string) => ` server b {\n zone x\n TCP_CHECK {\n ${more}\n }\n }\n`;
    made.bind(`service a {\n${check('port 80')}${check('port 80')}${check('port 81')}${check('')}}`);
    const [a, b, c, d] = made.service.value.value.server.map(({ value }) => value.checkers[0]);
    assert.equal(a?.value, b?.value);
    assert.deepEqual([a?.at.line, b?.at.line], [4, 10]);
    assert.deepEqual(
      [b, c, d].map((one) => one?.value),
      [
        { retry: 3, port: 80 },
        { retry: 3, port: 81 },
        { retry: 3, port: undefined },
      ],
    );
  });

  it('of a plugin that runs elsewhere are bound and judged, and nothing is kept for it', () => {
    const udp = s.block({ port: s.int(1, 65_535).optional() });
    const elsewhere = made.registry.schemaPointsFor('udp').plug('checker', 'UDP_CHECK', udp);
    assert.deepEqual(made.bind(within('UDP_CHECK {', ' port 53', '}')), []);
    assert.deepEqual(
      checkers()?.map(({ keyword, value }) => [keyword, value]),
      [['UDP_CHECK', { port: 53 }]],
    );
    assert.throws(() => elsewhere.entries, { code: 'CONFIG_NOT_BOUND' });
    assert.deepEqual(briefly(made.bind(within('UDP_CHECK {', ' port 0', '}'))), ['CONFIG_OUT_OF_RANGE 5:7']);
  });

  const mistakes: readonly (readonly [what: string, text: string, said: readonly string[], words: RegExp])[] = [
    ['a block that is missing', within('TCP_CHECK'), ['CONFIG_BLOCK_MISSING 4:1'], /write: TCP_CHECK \{ \.\.\. \}/],
    ['a word in front of the brace', within('TCP_CHECK x {', '}'), ['CONFIG_EXTRA_WORD 4:11'], /after TCP_CHECK/],
    ['a value that is wrong', within('TCP_CHECK {', ' retry 10', '}'), ['CONFIG_OUT_OF_RANGE 5:8'], /10/],
    ['a misspelt block', within('TPC_CHECK {', '}'), ['CONFIG_UNKNOWN_KEYWORD 4:1'], /did you mean "TCP_CHECK"/],
    ['a misspelt keyword in it', within('TCP_CHECK {', ' rety 1', '}'), ['CONFIG_UNKNOWN_KEYWORD 5:2'], /of TCP_CHECK .*"retry"/],
    ['the name of the place', within('checkers {', '}'), ['CONFIG_UNKNOWN_KEYWORD 4:1'], /not a keyword of server b/],
    [
      'a block in the wrong place',
      'service a {\n TCP_CHECK {\n }\n}',
      ['CONFIG_UNKNOWN_KEYWORD 2:2'],
      /it belongs into server in service or into HTTP_CHECK in server in service or into HTTP_CHECK in HTTP_CHECK in server in service/,
    ],
    [
      'a keyword of it in the wrong place',
      within('path /'),
      ['CONFIG_UNKNOWN_KEYWORD 4:1'],
      /into url in HTTP_CHECK in server in service/,
    ],
    ['a block of a group without a place', within('LOST_CHECK {', '}'), ['CONFIG_UNKNOWN_KEYWORD 4:1'], /LOST_CHECK/],
    ['what is not built', within('BFD_CHECK {', '}'), ['CONFIG_NOT_BUILT 4:1'], /BFD_CHECK/],
  ];
  for (const [what, config, said, words] of mistakes) {
    it(`say: ${what}`, () => {
      const found = made.bind(config);
      assert.deepEqual(briefly(found), said);
      assert.match(found.map(formatDiagnostic).join('\n'), words);
    });
  }

  it('names three places at most', () => {
    const registry = new ConfigRegistry();
    const points = registry.pointsFor('p');
    for (const name of ['a', 'b', 'c', 'd', 'e']) points.block(name, s.block({ same: s.flag() }));
    const [said] = registry.bind(readText('same').tree, { unknownKeywords: 'error' });
    assert.equal(said?.hint, 'it belongs into a or into b or into c or into one of 2 other blocks');
  });

  it('may be contributed after a bind, and before their place', () => {
    const registry = new ConfigRegistry();
    registry.pointsFor('one').plug('g', 'A', s.block({ x: s.int(1, 9).default(4) }));
    assert.deepEqual(registry.bind(readText('').tree, { unknownKeywords: 'error' }), []);
    const root = registry.pointsFor('two').root({ things: s.plugged('g') });
    assert.deepEqual(registry.bind(readText('A {\n}').tree, { unknownKeywords: 'error' }), []);
    assert.deepEqual(
      root.value.things.map(({ keyword, value }) => [keyword, value]),
      [['A', { x: 4 }]],
    );
  });

  it('take the place of what is not built', () => {
    made.registry.pointsFor('bfd').plug('checker', 'BFD_CHECK', s.block({ name: s.word() }));
    assert.deepEqual(made.bind(within('BFD_CHECK {', 'name x', '}')), []);
    assert.deepEqual(
      checkers()?.map(({ value }) => value),
      [{ name: 'x' }],
    );
  });

  const block = s.block({});
  const clashes: readonly (readonly [what: string, declare: (registry: ConfigRegistry) => void, words: RegExp])[] = [
    [
      'two plugins with one keyword in a group',
      (r) => [r.pointsFor('one').plug('g', 'A', block), r.pointsFor('two').plug('g', 'A', block)],
      /plugins one and two both contribute "A" to the group g/,
    ],
    [
      'a keyword of the block',
      (r) => [
        r.pointsFor('one').plug('g', 'A', block),
        r.pointsFor('two').block('x', s.block({ a: s.flag().alias('A'), g: s.plugged('g') })),
      ],
      /plugins two and one both contribute "A" to x/,
    ],
    [
      'a keyword of an extension',
      (r) => [
        r.pointsFor('one').plug('g', 'A', block),
        r.pointsFor('two').block('x', s.block({ y: s.nested(s.block({ g: s.plugged('g') })).optional() })),
        r.pointsFor('three').extend(['x', 'y'], { A: s.flag() }),
      ],
      /plugins three and one both contribute "A" to y in x/,
    ],
    [
      'two groups in one place',
      (r) => [
        r.pointsFor('one').plug('g', 'A', block),
        r.pointsFor('two').plug('h', 'A', block),
        r.pointsFor('three').block('x', s.block({ g: s.plugged('g'), h: s.plugged('h') })),
      ],
      /plugins one and two both contribute "A" to x/,
    ],
  ];
  for (const [what, declare, words] of clashes) {
    it(`clash with: ${what}`, () => {
      const registry = new ConfigRegistry();
      const run = () => {
        declare(registry);
        registry.bind(readText('').tree, { unknownKeywords: 'error' });
      };
      assert.throws(run, { code: 'CONFIG_KEYWORD_CLASH', message: words });
    });
  }

  it('and fields that are none are refused, however deep', () => {
    const points = new ConfigRegistry().pointsFor('odd');
    const refused = { code: 'PLUGIN_SETUP_FAILED', message: /plugin odd declares (A|deep) with something that is no/ };
    assert.throws(() => points.plug('g', 'A', undefined as never), refused);
    assert.throws(() => points.plug('g', 'A', { fields: { deep: 7 } } as never), refused);
    const nested = s.nested(s.block({ deep: s.block({}) } as never));
    assert.throws(() => points.root({ x: s.nested(s.block({ y: nested })) }), refused);
  });
});
