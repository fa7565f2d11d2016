/** package.json, lerna.json and tsconfig.json of the root tell the same story, and each package is fit to be published. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { exists, expand, packageAt, read, workspaces } from '../support/repository.js';

const ours = workspaces();
const published = ours.filter(({ json }) => json.private !== true);

interface Lerna {
  readonly packages: readonly string[];
}
interface TsConfig {
  readonly references: readonly { readonly path: string }[];
}

describe('workspaces', () => {
  it('are in Lerna when they are published', () => {
    const lerna = expand((JSON.parse(read('lerna.json')) as Lerna).packages);
    assert.deepEqual(
      lerna,
      published.map(({ folder }) => folder),
    );
  });

  it('are all built by the one TypeScript build', () => {
    const { references } = JSON.parse(read('tsconfig.json')) as TsConfig;
    const built = references.map(({ path }) => path).sort();
    const wanted = ours.map(({ folder }) => folder).filter((folder) => exists(`${folder}/tsconfig.json`));
    assert.deepEqual(built, wanted);
  });

  it('agree about their versions', () => {
    const versions = new Map(ours.map(({ json }) => [json.name, json.version ?? '']));
    const wrong = ours.flatMap(({ json }) =>
      Object.entries({ ...json.dependencies, ...json.peerDependencies, ...json.devDependencies })
        .filter(([name, range]) => versions.has(name) && range !== `^${versions.get(name)}`)
        .map(([name, range]) => `${json.name} wants ${name} ${range}`),
    );
    assert.deepEqual(wrong, []);
  });

  for (const { folder, json } of published) {
    it(`${folder} can be published`, () => {
      assert.equal(json.license, 'MIT');
      assert.equal(json.type, 'module');
      assert.equal(json.engines?.node, packageAt('').json.engines?.node);
      assert.ok(json.exports !== undefined && json.files?.includes('dist'));
      if (folder.startsWith('plugins/')) {
        assert.equal(json.name, `@mainstay/${folder.slice('plugins/'.length)}`);
        assert.ok(json.mainstay?.api !== undefined && json.mainstay.lane !== undefined, 'the "mainstay" block is incomplete');
      }
    });
  }
});
