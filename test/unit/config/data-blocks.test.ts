/** Headed and plugged blocks in YAML, JSON and TypeScript: the same values as in keepalived.conf. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '@mainstay/core';
import { formatDiagnostic } from '@mainstay/sdk';
import { after, before, describe, it } from 'mocha';
import { balancer } from './balancer.js';
import { readText } from './outline.js';

const text = `service 10.0.0.1 80 {
  quorum q
  server 10.0.1.1 8080 {
    zone a
    notify n
    TCP_CHECK {
    }
    TCP_CHECK {
      retry 1
    }
    HTTP_CHECK {
    }
  }
  server 10.0.1.2 {
    zone b
    limits {
      least 2
    }
  }
}
service 10.0.0.2 {
}
`;

const yaml = `service:
  10.0.0.1 80:
    quorum: q
    server:
      "10.0.1.1  8080":
        zone: a
        notify: n
        TCP_CHECK: [{}, { retry: 1 }]
        HTTP_CHECK: {}
      10.0.1.2: { zone: b, limits: { least: 2 } }
  10.0.0.2: {}
`;

const value = {
  service: {
    '10.0.0.1 80': {
      quorum: 'q',
      server: {
        '10.0.1.1 8080': { zone: 'a', notify: 'n', TCP_CHECK: [{}, { retry: 1 }], HTTP_CHECK: {} },
        '10.0.1.2': { zone: 'b', limits: { least: 2 } },
      },
    },
    '10.0.0.2': {},
  },
};

describe('headed and plugged blocks', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'mainstay-blocks-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const load = async (name: string, content: string) => {
    writeFileSync(join(folder, name), content);
    const { tree, diagnostics } = await loadConfig({ file: join(folder, name), configId: 'x' });
    const made = balancer();
    const said = [...diagnostics, ...made.registry.bind(tree, { unknownKeywords: 'error' })];
    return { ...made, said: said.map((d) => formatDiagnostic(d).replace(`${folder}/`, '')) };
  };
  const bound = async (name: string, content: string) => {
    const { said, service, servers, limits, services } = await load(name, content);
    assert.deepEqual(said, []);
    const values = [service, servers, limits, services].map(({ entries }) => entries.map((entry) => [entry.name, entry.value]));
    return JSON.parse(JSON.stringify(values, (key, one) => (key === 'at' ? undefined : one)));
  };

  it('say the same in every form', async () => {
    const expected = await bound('a.conf', text);
    const module = `const value: object = ${JSON.stringify(value)};\nexport default value;\n`;
    for (const [name, content] of [
      ['b.yaml', yaml],
      ['c.json', JSON.stringify(value)],
      ['d.ts', module],
    ] as const) {
      assert.deepEqual(await bound(name, content), expected, name);
    }
  });

  it('have places', async () => {
    const { servers, service } = await load('e.yaml', yaml);
    assert.deepEqual(
      [...servers.entries, ...service.entries].map(({ at }) => `${at.line}:${at.column}`),
      ['5:7', '10:7', '2:3', '11:3'],
    );
    const reported = await load(
      'f.yaml',
      'service:\n  a:\n    server:\n      b:\n        zone: [x, y]\n        TCP_CHECK: [{}, 5]\n',
    );
    assert.deepEqual(reported.said, [
      'f.yaml:5:19: warning: zone is written more than once in server b: this one counts, not the one in line 5 (remove one of them) [CONFIG_DUPLICATE_KEYWORD]',
      'f.yaml:6:25: error: TCP_CHECK needs a block in braces (write: TCP_CHECK { ... }) [CONFIG_BLOCK_MISSING]',
    ]);
  });

  it('report at their keywords', async () => {
    const { registry, points, service } = balancer();
    points.check(() => {
      for (const { value, report } of service.entries) {
        for (const server of value.value.server) report('zone', server).warning('ZONE', server.value.zone);
      }
    });
    writeFileSync(join(folder, 'g.yaml'), yaml);
    const { tree } = await loadConfig({ file: join(folder, 'g.yaml'), configId: 'x' });
    assert.deepEqual(
      registry.bind(tree, { unknownKeywords: 'error' }).map(({ message, at }) => [message, at.line]),
      [
        ['a', 6],
        ['b', 10],
      ],
    );
  });

  it('report at the keyword of the right one, also where a loop has them all stand at one place', () => {
    const { registry, points, service } = balancer();
    points.check(() => {
      for (const { value, report } of service.entries) {
        for (const server of value.value.server) report('zone', server).warning('ZONE', server.value.zone);
      }
    });
    const { tree } = readText(`$O_1 = zone z1\n$O_2 = zone z2\nservice a {\n~SEQ(i, 1, 2) server h$i { \${O_\${i}} }\n}\n`);
    const said = registry.bind(tree, { unknownKeywords: 'error' });
    assert.deepEqual(
      said.map(({ message, at }) => [message, at.line, at.column]),
      [
        ['z1', 4, 28],
        ['z2', 4, 28],
      ],
    );
  });

  it('are refused where they cannot be', async () => {
    const said = async (content: string) => (await load('h.yaml', content)).said;
    assert.deepEqual(await said('service:\n  a b: {}\n'), ['h.yaml:2:3: error: "b" is not a port [CONFIG_BAD_VALUE]']);
    assert.deepEqual(await said('service:\n  a:\n'), [
      'h.yaml:2:3: error: service a needs a block in braces (write: service a { ... }) [CONFIG_BLOCK_MISSING]',
    ]);
    assert.deepEqual(await said('service:\n  a:\n    server: [{ zone: b }]\n'), [
      'h.yaml:3:5: error: an address is missing [CONFIG_MISSING_VALUE]',
      'h.yaml:3:5: error: server lacks zone, which it needs (add: zone WORD) [CONFIG_MISSING_KEYWORD]',
      'h.yaml:3:14: error: this is not a keyword of server [CONFIG_UNKNOWN_KEYWORD]',
    ]);
  });
});
