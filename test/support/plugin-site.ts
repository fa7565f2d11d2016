/**
 * A directory outside the repository, as a plugin author and an operator would have it: the SDK from its packed tarballs, an
 * example plugin built and packed on its own, both installed without a network. For tests of test/integration.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));

export interface PluginSite {
  /** Directory of the configuration, with the plugins in its node_modules. */
  readonly directory: string;
  /** Installs a plugin of one JavaScript file that imports the SDK. */
  write(name: string, code: string, manifest?: Readonly<Record<string, unknown>>): void;
  remove(): void;
}

function npm(cwd: string, cache: string, ...args: readonly string[]): string {
  const path = `${join(root, 'node_modules/.bin')}${delimiter}${process.env.PATH ?? ''}`;
  const env = { ...process.env, PATH: path, npm_config_cache: cache, npm_config_offline: 'true', npm_config_loglevel: 'error' };
  return execFileSync('npm', args, { cwd, env, encoding: 'utf8' });
}

/** Packs folders into `to`; answers the paths of the tarballs. */
function pack(cwd: string, cache: string, to: string, ...folders: readonly string[]): readonly string[] {
  const lines = npm(cwd, cache, 'pack', '--silent', '--pack-destination', to, ...folders)
    .trim()
    .split('\n');
  return lines.filter((line) => line.endsWith('.tgz')).map((name) => join(to, name));
}

function install(directory: string, cache: string, tarballs: readonly string[]): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ name: 'site', private: true, type: 'module' }));
  npm(directory, cache, 'install', '--no-audit', '--no-fund', '--ignore-scripts', ...tarballs);
}

/** With one of the packages below examples/. */
export function makePluginSite(example = 'mainstay-plugin-maintenance'): PluginSite {
  const base = mkdtempSync(join(tmpdir(), 'mainstay-third-party-'));
  const [cache, tarballs, author, directory] = ['cache', 'tarballs', 'author', 'site'].map((name) => join(base, name)) as [
    string,
    string,
    string,
    string,
  ];
  mkdirSync(tarballs);
  const sdk = pack(root, cache, tarballs, './hooks', './sdk/api');
  install(author, cache, sdk);
  const source = join(author, example);
  cpSync(join(root, 'examples', example), source, {
    recursive: true,
    filter: (path) => !/\/(dist|node_modules)$/.test(path),
  });
  // Its prepack script compiles it, against the installed SDK.
  const plugin = pack(source, cache, tarballs);
  install(directory, cache, [...sdk, ...plugin]);
  return {
    directory,
    write(name, code, manifest = {}) {
      const folder = join(directory, 'node_modules', name);
      mkdirSync(folder, { recursive: true });
      const mainstay = { api: '^0.1.0', lane: 'realtime', needs: [], ...manifest };
      const packageJson = { name, version: '1.0.0', type: 'module', exports: './index.js', mainstay };
      writeFileSync(join(folder, 'package.json'), JSON.stringify(packageJson));
      writeFileSync(join(folder, 'index.js'), code);
    },
    remove: () => rmSync(base, { recursive: true }),
  };
}
