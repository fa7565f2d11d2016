/** The filter of a notify hook, the names of hook files and the checks of their export. */
import assert from 'node:assert/strict';
import { checkedNotify, exactKey, findHookFiles, matches, nameFiles } from '@mainstay/notify-file';
import { defineNotify, MainstayError } from '@mainstay/sdk';
import { describe, it } from 'mocha';

const event = { instance: 'VI_1', to: 'master', priority: 100 };

describe('notify-file: where', () => {
  it('compares each field named, and minds no other', () => {
    assert.ok(matches(event, undefined));
    assert.ok(matches(event, {}));
    assert.ok(matches(event, { to: 'master', priority: 100 }));
    assert.ok(!matches(event, { to: 'backup' }));
    assert.ok(!matches(event, { priority: '100' }), 'a number is not its text');
    assert.ok(!matches(event, { absent: 'x' }));
  });

  it('takes an asterisk at the end for any ending', () => {
    assert.ok(matches(event, { instance: 'VI_*' }));
    assert.ok(matches(event, { instance: '*' }));
    assert.ok(!matches(event, { instance: 'VI_2*' }));
    assert.ok(!matches(event, { priority: '1*' }));
    assert.ok(!matches(event, { absent: '*' }));
  });

  it('finds the one object that a filter names exactly', () => {
    assert.equal(exactKey('vrrp.transitioned', { instance: 'VI_1' }), 'VI_1');
    assert.equal(exactKey('vrrp.transitioned', { instance: 'VI_*' }), undefined);
    assert.equal(exactKey('vrrp.transitioned', { to: 'master' }), undefined);
    assert.equal(exactKey('bfd.changed', { session: 'B' }), 'B');
    assert.equal(exactKey('lane.crashed', { lane: 'extension' }), 'extension');
    assert.equal(exactKey('vrrp.transitioned', undefined), undefined);
  });
});

describe('notify-file: files', () => {
  const folder = ['.hidden.ts', '_helper.ts', 'a.ts', 'b.mjs', 'c.js', 'd.mts', 'e.d.ts', 'README.md', 'f.ts~', 'g.json'];
  const files = { list: async () => folder, readText: async () => '' };

  it('takes the scripts of the folder and leaves out helpers, declarations and leftovers', async () => {
    const found = await findHookFiles([], '/hooks', '/etc/mainstay', files);
    assert.deepEqual(found, ['/hooks/a.ts', '/hooks/b.mjs', '/hooks/c.js', '/hooks/d.mts']);
  });

  it('puts named files first, resolves them against the configuration and takes each once', async () => {
    const found = await findHookFiles(['site.ts', '/etc/mainstay/hooks.d/a.ts', './site.ts'], 'hooks.d', '/etc/mainstay', files);
    assert.deepEqual(found.slice(0, 3), ['/etc/mainstay/site.ts', '/etc/mainstay/hooks.d/a.ts', '/etc/mainstay/hooks.d/b.mjs']);
  });

  it('names files apart, also in different folders', () => {
    const names = nameFiles(['/a/x.ts', '/b/x.ts', '/b/with blank.ts']);
    assert.deepEqual([...names.values()], ['x.ts', 'x.ts#2', 'with_blank.ts']);
  });
});

describe('notify-file: export of a hook file', () => {
  const run = () => {};
  const refused = (exports: Record<string, unknown>, pattern: RegExp) =>
    assert.throws(
      () => checkedNotify('/h.ts', exports),
      (error) => error instanceof MainstayError && error.code === 'NOTIFY_BAD_EXPORT' && pattern.test(error.message),
    );

  it('takes what defineNotify made', () => {
    const notify = defineNotify({ on: ['vrrp.transitioned'], run });
    assert.equal(checkedNotify('/h.ts', { default: notify }), notify);
  });

  it('refuses anything else, and says what to write', () => {
    refused({}, /\/h\.ts: its default export is not a notify hook .*defineNotify/);
    refused({ default: { on: ['vrrp.transitioned'], run } }, /not a notify hook/);
    refused({ default: defineNotify({ on: [], run }) }, /names no event/);
    refused({ default: defineNotify({ on: ['vrrp.transitioned'], run: 1 as never }) }, /`run` is not a function/);
  });

  it('refuses events that cannot be heard, with a suggestion', () => {
    refused({ default: defineNotify({ on: ['vrrp.transitoned' as never], run }) }, /did you mean "vrrp\.transitioned"/);
    refused({ default: defineNotify({ on: ['vrrp.priority' as never], run }) }, /cannot be observed: it is of the kind adjust/);
    refused({ default: defineNotify({ on: ['toString' as never], run }) }, /there is no event/);
  });

  it('refuses a timeout out of range', () => {
    for (const timeoutMs of [0, -1, 60_001, Number.NaN]) {
      refused({ default: defineNotify({ on: ['vrrp.transitioned'], run, timeoutMs }) }, /must lie in 1\.\.60000/);
    }
  });
});
