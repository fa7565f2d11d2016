/** Keywords that several plugins share, and the handle of a plugged block. */
import assert from 'node:assert/strict';
import { ConfigRegistry } from '@mainstay/core';
import { formatDiagnostic, s } from '@mainstay/sdk';
import { describe, it } from 'mocha';
import { readText } from './outline.js';

const user = () => s.word('a user').default('nobody').shared();

function bind(registry: ConfigRegistry, text: string): readonly string[] {
  const { tree, diagnostics } = readText(text);
  assert.deepEqual(diagnostics, []);
  return registry.bind(tree, { unknownKeywords: 'error' }).map(formatDiagnostic);
}

describe('a shared keyword', () => {
  it('is told to every plugin that contributes it, with the others of each', () => {
    const registry = new ConfigRegistry();
    const first = registry.pointsFor('first').extend('global_defs', { user: user(), a: s.int(0, 9).default(0) });
    const second = registry.pointsFor('second').extend('global_defs', { b: s.int(0, 9).default(0), user: user() });
    const third = registry.pointsFor('third').extend('global_defs', { user: user() });
    assert.deepEqual(bind(registry, 'global_defs {\n user www\n a 1\n b 2\n}'), []);
    assert.deepEqual(first.value, { user: 'www', a: 1 });
    assert.deepEqual(second.value, { user: 'www', b: 2 });
    assert.deepEqual(third.value, { user: 'www' });
    assert.deepEqual(bind(registry, 'global_defs {\n}'), []);
    assert.deepEqual([first.value.user, second.value.user, third.value.user], ['nobody', 'nobody', 'nobody']);
  });

  it('is missed once where it is required', () => {
    const registry = new ConfigRegistry();
    for (const plugin of ['first', 'second']) registry.pointsFor(plugin).extend('global_defs', { key: s.word().shared() });
    const said = bind(registry, 'global_defs {\n}');
    assert.equal(said.length, 1);
    assert.match(said[0] ?? '', /global_defs lacks key, which it needs/);
  });

  it('clashes with one that is not shared', () => {
    const registry = new ConfigRegistry();
    registry.pointsFor('first').extend('global_defs', { user: user() });
    registry.pointsFor('second').extend('global_defs', { user: s.word().optional() });
    assert.throws(() => bind(registry, ''), /plugins first and second both contribute "user" to global_defs/);
  });
});

describe('the handle of a plugged block', () => {
  const place = s.block({ checks: s.plugged('check') });

  it('has an entry for each block that is written, named after what is around it, and reports at its keywords', () => {
    const registry = new ConfigRegistry();
    const points = registry.pointsFor('checker');
    const pings = points.plug('check', 'PING', s.block({ size: s.int(0, 99).default(56) }), { of: 'ping' });
    points.check(() => {
      for (const { value, name, report } of pings.entries) {
        if (value.size === 13) report('size').error('BAD_LUCK', `${name}: 13 brings bad luck`);
      }
    });
    registry.pointsFor('owner').named('pool', s.block({ server: s.headed(word, place).repeated() }));
    const text = 'pool A {\n server 1 {\n  PING {\n  }\n  PING {\n   size 13\n  }\n }\n server 2 {\n }\n}';
    const said = bind(registry, text);
    assert.equal(said.length, 1);
    assert.match(said[0] ?? '', /:6:4: error: A 1: 13 brings bad luck/);
    assert.deepEqual(bind(registry, text.replace('13', '14')), []);
    assert.deepEqual(
      pings.entries.map(({ name, value }) => [name, value]),
      [
        ['A 1', { size: 56 }],
        ['A 1', { size: 14 }],
      ],
    );
  });

  it('is empty where nobody has a place for it', () => {
    const registry = new ConfigRegistry();
    const pings = registry.pointsFor('checker').plug('check', 'PING', s.block({}));
    assert.deepEqual(bind(registry, ''), []);
    assert.deepEqual(pings.entries, []);
  });
});

const word = {
  syntax: 'NAME',
  json: { type: 'string' },
  parse: (args: { take(): { text: string } | undefined }) => args.take()?.text ?? '',
};
