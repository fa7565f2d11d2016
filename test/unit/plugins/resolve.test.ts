/** Finding and loading plugins on disk (core/runtime/src/plugins). */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findPlugin, loadPlugin } from '@mainstay/core';
import { after, before, describe, it } from 'mocha';

const mainstay = { api: '^0.1.0', lane: 'extension', needs: [] };
const code = (name: string) => `export default { name: '${name}', setup() {}, [Symbol.for('mainstay.plugin')]: 1 };\n`;
const here = dirname(fileURLToPath(import.meta.url));

describe('plugins on disk', () => {
  let root = '';
  const options = () => ({ configDirectory: join(root, 'etc/site'), daemonDirectory: join(root, 'opt/mainstay') });

  function put(folder: string, packageJson: unknown, files: Readonly<Record<string, string>> = {}): void {
    mkdirSync(join(root, folder), { recursive: true });
    const text = typeof packageJson === 'string' ? packageJson : JSON.stringify({ type: 'module', ...(packageJson as object) });
    writeFileSync(join(root, folder, 'package.json'), text);
    for (const [name, content] of Object.entries(files)) writeFileSync(join(root, folder, name), content);
  }

  before(() => {
    root = mkdtempSync(join(tmpdir(), 'mainstay-plugins-'));
    mkdirSync(join(root, 'etc/site'), { recursive: true });
    put('etc/node_modules/near', { name: 'near', version: '1.2.3', main: 'index.js', mainstay }, { 'index.js': code('near') });
    put(
      'opt/node_modules/@acme/far',
      { name: '@acme/far', exports: { '.': { import: './far.js' } }, mainstay },
      { 'far.js': code('far') },
    );
    put('opt/node_modules/near', { name: 'near', version: '9.0.0', mainstay }, { 'index.js': code('shadowed') });
    put('etc/site/local', { name: 'local', exports: './main.js', mainstay }, { 'main.js': code('local') });
    put('etc/node_modules/unbuilt', { name: 'unbuilt', exports: './dist/index.js', mainstay });
    put('etc/node_modules/outside', { name: 'outside', exports: '../near/index.js', mainstay });
    put('etc/node_modules/lodash', { name: 'lodash' }, { 'index.js': '' });
    put('etc/node_modules/broken', '{ "name": "broken", ');
    put('etc/node_modules/throwing', { name: 'throwing', mainstay }, { 'index.js': 'throw new Error("no such library");\n' });
    put('etc/node_modules/plain', { name: 'plain', mainstay }, { 'index.js': 'export default { name: "plain" };\n' });
    put('etc/node_modules/misnamed', { name: 'misnamed', mainstay }, { 'index.js': code('Bad Name') });
    put('etc/node_modules/usurper', { name: 'usurper', mainstay }, { 'index.js': code('core') });
  });
  after(() => rmSync(root, { recursive: true }));

  it('are found by name, nearest to the configuration first', () => {
    const found = findPlugin('near', options());
    assert.equal(found.version, '1.2.3');
    assert.equal(found.entry, join(root, 'etc/node_modules/near/index.js'));
    assert.deepEqual(found.manifest, mainstay);
  });

  it("are found in the daemon's own node_modules", () => {
    assert.equal(findPlugin('@acme/far', options()).entry, join(root, 'opt/node_modules/@acme/far/far.js'));
    assert.equal(findPlugin('@mainstay/vrrp', { configDirectory: here }).packageName, '@mainstay/vrrp');
  });

  it('are found by path, relative to the configuration or absolute', () => {
    assert.equal(findPlugin('./local', options()).packageName, 'local');
    assert.equal(findPlugin(join(root, 'etc/site/local'), options()).packageName, 'local');
  });

  it('are loaded', async () => {
    const loaded = await loadPlugin('./local', options(), 'mainstay.conf:1:1');
    assert.deepEqual([loaded.plugin.name, loaded.origin, loaded.manifest.lane], ['local', 'mainstay.conf:1:1', 'extension']);
  });

  const refusals: readonly (readonly [string, string, RegExp])[] = [
    ['missing', 'PLUGIN_NOT_FOUND', /"missing" is not installed.*npm install --prefix/],
    ['./missing', 'PLUGIN_NOT_FOUND', /no plugin at .*etc\/site\/missing/],
    ['../../../etc/passwd', 'PLUGIN_NOT_FOUND', /no plugin at/],
    ['near/../../x', 'PLUGIN_NOT_FOUND', /neither a package name nor a path/],
    ['unbuilt', 'PLUGIN_NOT_FOUND', /has no code: .*dist\/index.js does not exist/],
    ['outside', 'PLUGIN_NOT_FOUND', /names no entry/],
    ['lodash', 'PLUGIN_BAD_MANIFEST', /not a Mainstay plugin/],
    ['broken', 'PLUGIN_BAD_MANIFEST', /broken\/package.json/],
    ['throwing', 'MODULE_LOAD_FAILED', /no such library/],
    ['plain', 'PLUGIN_BAD_EXPORT', /default export of plain is not a plugin.*definePlugin/],
    ['misnamed', 'PLUGIN_BAD_EXPORT', /name "Bad Name" must be/],
    ['usurper', 'PLUGIN_BAD_EXPORT', /"core" is reserved/],
  ];
  for (const [reference, expected, message] of refusals) {
    it(`${reference}: ${expected}`, async () => {
      await assert.rejects(loadPlugin(reference, options(), 'test'), { code: expected, message });
    });
  }
});
