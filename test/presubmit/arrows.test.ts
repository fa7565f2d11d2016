/** Who may know whom: the arrows of ARCHITECTURE.md, read from every package.json and every import. */
import assert from 'node:assert/strict';
import { plugins } from 'mainstay';
import { describe, it } from 'mocha';
import { importsOf, type Package, packageOf, sourcesOf, target, workspaces } from '../support/repository.js';

const ours = workspaces();
const names = new Set(ours.map(({ json }) => json.name));

/** Packages of this repository that those of a folder may use. */
const arrows: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^hooks$/, []],
  [/^sdk\/api$/, ['@mainstay/hooks']],
  [/^sdk\/testing$/, ['@mainstay/hooks', '@mainstay/sdk', '@mainstay/core']],
  [/^plugins\//, ['@mainstay/sdk']],
  [/^core\/pacemaker$/, []],
  [/^core\/runtime$/, ['@mainstay/hooks', '@mainstay/sdk', '@mainstay/pacemaker']],
  [/^core\/cli$/, ['@mainstay/hooks', '@mainstay/sdk', '@mainstay/core']],
];

/** Packages that come with another: named in its package.json, found by name at run time, never imported. */
const brings: readonly (readonly [RegExp, RegExp])[] = [[/^core\/cli$/, /^plugins\//]];

/** The only place that may import a package which shapes the design. */
const homes: Readonly<Record<string, RegExp>> = {
  tapable: /^core\/runtime\/src\/hooks\//,
  cosmiconfig: /^core\/runtime\/src\/config\//,
  'raw-socket': /^core\/runtime\/src\/ports\//,
  netlink: /^core\/runtime\/src\/ports\//,
  'dns-packet': /^plugins\/checker-dns\/src\//,
};

/** Built-ins without I/O: what a plugin does to the world goes through its ports. */
const pure = new Set(['node:crypto', 'node:path', 'node:url', 'node:util', 'node:assert', 'node:buffer']);

function allowed({ folder }: Package): readonly string[] | undefined {
  return arrows.find(([pattern]) => pattern.test(folder))?.[1];
}

function brought({ folder }: Package): readonly string[] {
  const [, pattern] = brings.find(([who]) => who.test(folder)) ?? [];
  return ours.filter((one) => pattern?.test(one.folder)).map(({ json }) => json.name);
}

function bare(path: string): string[] {
  return importsOf(path).filter((specifier) => !specifier.startsWith('.') && !specifier.startsWith('node:'));
}

describe('arrows between packages', () => {
  it('finds the packages and their imports', () => {
    assert.ok(names.has('@mainstay/vrrp') && names.has('@mainstay/core'));
    assert.ok(ours.flatMap(sourcesOf).flatMap(importsOf).includes('@mainstay/sdk'));
  });

  for (const one of ours.filter((found) => allowed(found) !== undefined)) {
    describe(one.folder, () => {
      const may = allowed(one) ?? [];

      it(`depends on no package of ours but ${may.join(', ') || 'none'}`, () => {
        const { dependencies = {}, optionalDependencies = {}, peerDependencies = {} } = one.json;
        const used = Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies }).filter((name) =>
          names.has(name),
        );
        assert.deepEqual(
          used.filter((name) => !may.includes(name) && !brought(one).includes(name)),
          [],
        );
      });

      it('imports only what its package.json names, by the way of the package', () => {
        const { dependencies = {}, optionalDependencies = {}, peerDependencies = {} } = one.json;
        const known = { ...dependencies, ...optionalDependencies, ...peerDependencies };
        const wrong: string[] = [];
        for (const path of sourcesOf(one)) {
          for (const specifier of bare(path)) {
            const name = packageOf(specifier);
            if (known[name] === undefined || (names.has(name) && !may.includes(name))) wrong.push(`${path}: ${specifier}`);
          }
          for (const specifier of importsOf(path).filter((written) => written.startsWith('.')))
            if (!target(path, specifier).startsWith(`${one.folder}/`)) wrong.push(`${path}: ${specifier}`);
        }
        assert.deepEqual(wrong, []);
      });
    });
  }

  it('brings every plugin of the default distribution along with the command', () => {
    const cli = ours.find(({ folder }) => folder === 'core/cli');
    const named = plugins.filter((name) => cli?.json.dependencies?.[name] === undefined);
    assert.deepEqual(named, []);
  });

  it('lets each shaping package be imported in its home only', () => {
    const wrong = ours
      .flatMap(sourcesOf)
      .flatMap((path) => bare(path).map((specifier) => ({ path, name: packageOf(specifier) })))
      .filter(({ path, name }) => homes[name] !== undefined && !homes[name].test(path));
    assert.deepEqual(wrong, []);
  });

  it('keeps plugins, the SDK and the hooks free of I/O of their own', () => {
    const wrong = ours
      .filter(({ folder }) => /^(plugins\/|hooks$|sdk\/api$)/.test(folder))
      .flatMap(sourcesOf)
      .flatMap((path) => importsOf(path).map((specifier) => `${path}: ${specifier}`))
      .filter((line) => / node:/.test(line) && !pure.has(line.split(': ')[1] ?? ''));
    assert.deepEqual(wrong, []);
  });
});
