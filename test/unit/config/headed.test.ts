/** Blocks with words in front of their brace, at the root and within others: values, names, places, mistakes. */
import assert from 'node:assert/strict';
import { formatDiagnostic } from '@mainstay/sdk';
import { beforeEach, describe, it } from 'mocha';
import { balancer } from './balancer.js';
import { briefly } from './outline.js';

const text = `service 10.0.0.1 80 {
  server 10.0.1.1 8080 {
    zone a
    weight 3
    limits {
      most 4
      least 2
    }
  }
  server 10.0.1.1 8080 { zone b }
  sorry 10.0.9.9 {
  }
}
service "two words" {
}
service 10.0.0.1 80 {
}
`;

describe('headed blocks', () => {
  let made: ReturnType<typeof balancer>;
  beforeEach(() => {
    made = balancer();
  });

  it('are entries in the order written, the same words twice included', () => {
    assert.deepEqual(made.bind(text).map(formatDiagnostic), []);
    assert.deepEqual(
      made.service.entries.map(({ name, at, value }) => [name, at.line, value.at.line, value.header]),
      [
        ['10.0.0.1 80', 1, 1, { address: '10.0.0.1', port: 80 }],
        ['two words', 14, 14, { address: 'two words' }],
        ['10.0.0.1 80', 16, 16, { address: '10.0.0.1', port: 80 }],
      ],
    );
    const [first] = made.service.entries;
    const defaults = { BFD_CHECK: undefined, checkers: [] };
    assert.deepEqual(first?.value.value, {
      port: 5,
      server: [
        {
          header: { address: '10.0.1.1', port: 8080 },
          value: { weight: 3, zone: 'a', limits: { most: 4 }, ...defaults },
          at: { file: 'test.conf', line: 2, column: 3 },
        },
        {
          header: { address: '10.0.1.1', port: 8080 },
          value: { weight: 1, zone: 'b', limits: undefined, ...defaults },
          at: { file: 'test.conf', line: 10, column: 3 },
        },
      ],
      sorry: { header: { address: '10.0.9.9' }, value: { late: false }, at: { file: 'test.conf', line: 11, column: 3 } },
    });
  });

  it('have defaults where none is written', () => {
    made.bind('');
    assert.deepEqual(made.service.entries, []);
    assert.deepEqual(made.service.value.value, { port: 5, server: [], sorry: undefined });
  });

  const mistakes: readonly (readonly [what: string, text: string, said: readonly string[], words: RegExp])[] = [
    ['words that are missing', 'service {\n}', ['CONFIG_MISSING_VALUE 1:1'], /an address is missing/],
    ['a word that is wrong', 'service a b {\n}', ['CONFIG_BAD_VALUE 1:11'], /"b" is not a port/],
    ['a word too many', 'service a 1 2 {\n}', ['CONFIG_EXTRA_WORD 1:13'], /after service .*expected: service ADDR \[PORT\]/],
    [
      'a block that is missing',
      'service a 1',
      ['CONFIG_BLOCK_MISSING 1:1'],
      /service a 1 needs .*write: service a 1 \{ \.\.\. \}/,
    ],
    [
      'the same within a block',
      'service a {\n server b 1 2 {\n  zone x\n }\n server c\n server {\n  zone x\n }\n}',
      ['CONFIG_EXTRA_WORD 2:13', 'CONFIG_BLOCK_MISSING 5:2', 'CONFIG_MISSING_VALUE 6:2'],
      /expected: server ADDR \[PORT\]/,
    ],
    [
      'mistakes within a block whose words are wrong',
      'service a b {\n server c d {\n  zone x\n  weight 101\n }\n}',
      ['CONFIG_BAD_VALUE 1:11', 'CONFIG_BAD_VALUE 2:11', 'CONFIG_OUT_OF_RANGE 4:10'],
      /101/,
    ],
    ['a keyword that is missing', 'service a {\n server b 1 {\n }\n}', ['CONFIG_MISSING_KEYWORD 2:2'], /server b 1 lacks zone/],
    [
      'one of two that may stand once',
      'service a {\n sorry b {\n }\n sorry c {\n }\n}',
      ['CONFIG_DUPLICATE_KEYWORD 4:2'],
      /line 2/,
    ],
    [
      'a misspelt keyword',
      'service a {\n server b {\n  zone x\n  wieght 1\n }\n}',
      ['CONFIG_UNKNOWN_KEYWORD 4:3'],
      /of server b .*"weight"/,
    ],
    [
      'a keyword of the block within',
      'service a {\n weight 1\n}',
      ['CONFIG_UNKNOWN_KEYWORD 2:2'],
      /it belongs into server in service/,
    ],
    ['a block that belongs into another', 'server a {\n}', ['CONFIG_UNKNOWN_KEYWORD 1:1'], /it belongs into service/],
  ];
  for (const [what, config, said, words] of mistakes) {
    it(`say: ${what}`, () => {
      const found = made.bind(config);
      assert.deepEqual(briefly(found), said);
      assert.match(found.map(formatDiagnostic).join('\n'), words);
    });
  }

  it('report at keywords, also of blocks within', () => {
    made.points.check(() => {
      for (const { value, report } of made.service.entries) {
        report('port').warning('PORT', 'port');
        for (const server of value.value.server) {
          report('weight', server).warning('WEIGHT', 'weight');
          report('most', server).warning('ABSENT', 'absent');
          report(undefined, server).warning('SERVER', 'server');
          for (const checker of server.value.checkers) report('retry', checker).warning('RETRY', 'retry');
        }
      }
    });
    const said = made.bind(
      'service a {\n port 1\n server b { zone x\n  weight 2\n  TCP_CHECK {\n   retry 1\n  }\n  TCP_CHECK {\n  }\n }\n server c {\n  zone y\n }\n}',
    );
    assert.deepEqual(briefly(said), [
      'PORT 2:2',
      'ABSENT 3:2',
      'SERVER 3:2',
      'WEIGHT 4:3',
      'RETRY 6:4',
      'RETRY 8:3',
      'WEIGHT 11:2',
      'ABSENT 11:2',
      'SERVER 11:2',
    ]);
  });

  it('that are wrong keep what others say of them back', () => {
    made.points.check((report) => report(made.settings).error('GONE', 'there is no "10.0.0.1 80": it is needed'));
    made.points.check((report) => report(made.settings).error('GONE', 'there is no 10.0.0.1 81'));
    const said = made.bind('settings {\n}\nservice 10.0.0.1 80 {\n port 77\n}');
    assert.deepEqual(briefly(said), ['GONE 1:1', 'CONFIG_OUT_OF_RANGE 4:7']);
    assert.match(said[0]?.message ?? '', /81/);
  });

  it('are called by a part of their words where these have no end', () => {
    const [said, ...more] = made.bind(`service a {\n server ${'b '.repeat(200)}{\n  zone x\n  nonsense\n }\n}`);
    assert.deepEqual(
      [said?.code, more.map(({ message }) => message)],
      ['CONFIG_BAD_VALUE', [`"nonsense" is not a keyword of server ${'b '.repeat(50)}...`]],
    );
  });

  it('are left as they were when something is wrong', () => {
    made.bind('service a {\n}');
    const before = [made.service.entries, made.servers.entries];
    made.bind('service b {\n server c {\n  zone x\n }\n}\nnonsense');
    assert.deepEqual([made.service.entries, made.servers.entries], before);
    assert.deepEqual(
      made.service.entries.map(({ name }) => name),
      ['a'],
    );
  });
});
