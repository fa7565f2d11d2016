/** A package whose default export is a checker is a plugin, named after the package. */
import assert from 'node:assert/strict';
import { asPlugin } from '@mainstay/core';
import { type Checker, defineChecker, definePlugin, isPlugin, up } from '@mainstay/sdk';
import { describe, it } from 'mocha';

const checker = defineChecker({ keyword: 'X_CHECK', fields: {}, check: () => up() });

describe('a checker as a plugin', () => {
  const names: readonly [from: string, name: string][] = [
    ['mainstay-checker-redis', 'mainstay-checker-redis'],
    ['@mainstay/checker-tcp', 'checker-tcp'],
    ['/opt/plugins/My Checker/', 'my-checker'],
    ['@acme/3com.checker', 'checker-3com-checker'],
    ['', 'checker-'],
  ];
  for (const [from, name] of names) {
    it(`of the package "${from}" is named ${name}, and defines the checker`, () => {
      const plugin = asPlugin(checker, from);
      assert.ok(isPlugin(plugin));
      assert.equal(plugin.name, name);
      const defined: unknown[] = [];
      plugin.setup({ checkers: { define: (one: Checker) => void defined.push(one) } } as never);
      assert.deepEqual(defined, [checker]);
    });
  }

  it('is only made of a checker', () => {
    const plugin = definePlugin({ name: 'p', setup() {} });
    for (const exported of [plugin, undefined, {}, { keyword: 'X_CHECK' }]) assert.equal(asPlugin(exported, 'x'), exported);
  });
});
