/** Keywords of one plugin in blocks within the blocks of another: entries, names, defaults, and whose mistake is whose. */
import assert from 'node:assert/strict';
import { ConfigRegistry } from '@mainstay/core';
import { formatDiagnostic, s } from '@mainstay/sdk';
import { beforeEach, describe, it } from 'mocha';
import { balancer } from './balancer.js';
import { briefly, readText } from './outline.js';

const text = `service 10.0.0.1 80 {
  quorum q
  server 10.0.1.1 8080 {
    zone a
    notify n
  }
  server 10.0.1.2 {
    zone b
    limits {
      least 2
    }
  }
}
service s {
  server t {
    zone c
  }
}
settings {
  inner { b 3 }
}
`;

describe('extensions of blocks within blocks', () => {
  let made: ReturnType<typeof balancer>;
  beforeEach(() => {
    made = balancer();
  });

  it('have an entry for each block written, named by the words of both', () => {
    assert.deepEqual(made.bind(text).map(formatDiagnostic), []);
    assert.deepEqual(
      made.servers.entries.map(({ name, at, value }) => [name, at.line, value.notify]),
      [
        ['10.0.0.1 80 10.0.1.1 8080', 3, 'n'],
        ['10.0.0.1 80 10.0.1.2', 7, undefined],
        ['s t', 15, undefined],
      ],
    );
    assert.deepEqual(
      made.limits.entries.map(({ name, value }) => [name, value]),
      [['10.0.0.1 80 10.0.1.2', { least: 2 }]],
    );
    assert.deepEqual(
      made.services.entries.map(({ name, value }) => [name, value]),
      [
        ['10.0.0.1 80', { quorum: 'q' }],
        ['s', { quorum: 'none' }],
      ],
    );
    assert.deepEqual(
      made.inner.entries.map(({ name, value }) => [name, value]),
      [['', { b: 3 }]],
    );
  });

  it('are nothing that the owner sees', () => {
    made.bind(text);
    const [server] = made.service.value.value.server;
    assert.deepEqual(Object.keys(server?.value ?? {}).toSorted(), ['BFD_CHECK', 'checkers', 'limits', 'weight', 'zone']);
    assert.deepEqual(made.settings.value, { inner: { a: 1 } });
  });

  it('take the place of what the owner has not built', () => {
    made.bind('service a {\n server b {\n  zone x\n  spare y\n }\n}');
    assert.equal(made.servers.value.spare, 'y');
  });

  it('report at their keywords', () => {
    made.more.check(() => {
      for (const { report } of made.servers.entries) report('notify').warning('NOTIFY', 'notify');
      for (const { report } of made.inner.entries) report('b').warning('B', 'b');
    });
    assert.deepEqual(briefly(made.bind(text)), ['NOTIFY 5:5', 'NOTIFY 7:3', 'NOTIFY 15:3', 'B 20:11']);
  });

  it('lack what they need where a block lacks it', () => {
    const said = made.bind('service a {\n server b {\n  zone x\n  limits {\n  }\n }\n}');
    assert.deepEqual(said.map(formatDiagnostic), [
      'test.conf:4:3: error: limits lacks least, which it needs (add: least 1..9) [CONFIG_MISSING_KEYWORD]',
    ]);
  });

  /** Which entries a check still sees while something is wrong. */
  const seenDespite = (config: string) => {
    const seen: string[] = [];
    made.points.check(() => void seen.push(`service ${made.service.entries.map(({ name }) => name)}`));
    made.more.check(() => void seen.push(`servers ${made.servers.entries.map(({ name }) => name)}`));
    assert.ok(made.bind(config).length > 0);
    return seen;
  };

  it('that are wrong are no mistake of the owner', () => {
    for (const wrong of ['notify', 'notify a b', 'notfy x', 'limits {\n}', 'limits {\n least 10\n}']) {
      made = balancer();
      const config = `service a {\n server b {\n  zone x\n ${wrong}\n }\n}\nservice c {\n}`;
      const servers = wrong.startsWith('limits') ? 'a b' : '';
      assert.deepEqual(seenDespite(config), ['service a,c', `servers ${servers}`], wrong);
    }
  });

  it('are right where the owner is wrong', () => {
    for (const wrong of ['weight 101', 'weight', 'wieght 1', 'TCP_CHECK', 'limits {\n least 2\n most 10\n}', 'nonsense']) {
      made = balancer();
      const config = `service a {\n server b {\n  zone x\n ${wrong}\n }\n}\nservice c {\n}`;
      assert.deepEqual(seenDespite(config), ['service c', 'servers a b'], wrong);
    }
  });

  it('are wrong where the words of a block around them are', () => {
    assert.deepEqual(seenDespite('service a {\n server b c {\n  zone x\n }\n}'), ['service ', 'servers ']);
    made = balancer();
    assert.deepEqual(seenDespite('service a b {\n server b {\n  zone x\n }\n}'), ['service ', 'servers ']);
  });

  it('of settings keep their plugin from judging', () => {
    const config = 'settings {\n inner {\n  b 10\n }\n}\nservice a {\n}';
    assert.deepEqual(seenDespite(config), ['service a']);
  });

  it('may extend what another extension has brought', () => {
    const registry = new ConfigRegistry();
    const deep = registry.pointsFor('three').extend(['x', 'y', 'z'], { c: s.flag() });
    registry.pointsFor('two').extend(['x', 'y'], { z: s.nested(s.block({})).optional() });
    registry.pointsFor('one').block('x', s.block({ y: s.nested(s.block({})).repeated() }));
    const said = registry.bind(readText('x {\n y {\n  z {\n   c\n  }\n }\n y {\n }\n}').tree, { unknownKeywords: 'error' });
    assert.deepEqual(said, []);
    assert.deepEqual(
      deep.entries.map(({ value }) => value),
      [{ c: true }],
    );
  });

  it('are refused where nobody has the block, and where keywords clash', () => {
    const thrown = (...path: readonly string[]) => {
      const { registry } = balancer();
      registry.pointsFor('late').extend(path, { weight: s.flag(), most: s.flag(), A: s.flag() });
      return () => registry.bind(readText('').tree, { unknownKeywords: 'error' });
    };
    const unknown = (words: RegExp) => ({ code: 'CONFIG_UNKNOWN_PARENT', message: words });
    assert.throws(
      thrown('service', 'sevrer'),
      unknown(/plugin late adds keywords to sevrer in service, but no plugin has such a block/),
    );
    assert.throws(thrown('service', 'port'), unknown(/port in service/));
    assert.throws(thrown('service', 'server', 'TCP_CHECK'), unknown(/TCP_CHECK in server in service/));
    assert.throws(thrown(), unknown(/late/));
    const clash = (words: RegExp) => ({ code: 'CONFIG_KEYWORD_CLASH', message: words });
    assert.throws(thrown('service', 'server'), clash(/plugins balancer and late both contribute "weight" to server in service/));
    assert.throws(thrown('service', 'server', 'limits'), clash(/"most" to limits in server in service/));
  });
});
