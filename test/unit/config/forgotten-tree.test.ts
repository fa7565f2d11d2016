/** What stays of a configuration once it is bound: its values, and not the tree that it was read into, the larger part by far. */
import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ConfigRegistry } from '@mainstay/core';
import { type ConfigEntry, s } from '@mainstay/sdk';
import { describe, it } from 'mocha';
import { readText } from './outline.js';

describe('a bound configuration', () => {
  /** In a function of its own, so that nothing of the tree is left on the stack. */
  function bound() {
    const registry = new ConfigRegistry();
    const points = registry.pointsFor('p');
    const handle = points.named('router', s.block({ weight: s.int(0, 9).default(1) }));
    const places: number[] = [];
    points.check(() => {
      for (const { report } of handle.entries) report('weight').warning('W', 'looked at');
    });
    // Of a copy, whose statements are objects from the beginning, as those of data are.
    const tree = structuredClone(readText('router A {\n weight 3\n}\nother {\n}\n').tree);
    const said = registry.bind(tree, { unknownKeywords: 'ignored' });
    places.push(...said.map(({ at }) => at.line));
    const [inner] = tree.statements[0]?.block ?? [];
    return { registry, entries: handle.entries as readonly ConfigEntry<unknown>[], places, inner: new WeakRef(inner as object) };
  }

  it('knows where its keywords stand while its checks run, and keeps no statement after that', async () => {
    const { registry, entries, places, inner } = bound();
    assert.deepEqual(places, [2]);
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    // What was looked at in this turn of the event loop is kept until its end.
    await wait(0);
    collect();
    assert.equal(inner.deref(), undefined);
    assert.deepEqual([entries[0]?.value, entries[0]?.at.line, typeof registry], [{ weight: 3 }, 1, 'object']);
  });
});
