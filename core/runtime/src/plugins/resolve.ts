/**
 * Finds plugins on disk without running any of their code: by package name in the node_modules folders above the configuration
 * and above the daemon, or by the path of a package's folder. Called by the supervisor and by the test harness.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MainstayError, type Manifest, messageOf } from '@mainstay/sdk';
import { entryOf } from './entry.js';
import { readManifest } from './manifest.js';

/** A plugin's package on disk. */
export interface FoundPlugin {
  readonly packageName: string;
  readonly version: string;
  readonly directory: string;
  /** Absolute path of the module whose default export is the plugin. */
  readonly entry: string;
  readonly manifest: Manifest;
}

export interface ResolveOptions {
  /** Directory of the configuration: relative paths and the first node_modules folders start there. */
  readonly configDirectory: string;
  /** Where the daemon is installed; its own location unless a test says otherwise. */
  readonly daemonDirectory?: string;
}

const packageNameRule = /^(@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/;

/**
 * `reference` is a package name, or a path: absolute, or relative beginning with a dot. Throws PLUGIN_NOT_FOUND,
 * PLUGIN_BAD_MANIFEST, PLUGIN_API_MISMATCH.
 */
export function findPlugin(reference: string, options: ResolveOptions): FoundPlugin {
  const directory = isPath(reference) ? folderAt(reference, options) : folderNamed(reference, options);
  const packageJson = readPackageJson(directory, reference);
  const { name, version } = packageJson;
  const packageName = typeof name === 'string' && name !== '' ? name : directory;
  const manifest = readManifest(packageJson.mainstay, packageName);
  const entry = entryOf(directory, packageJson);
  if (entry === undefined || !existsSync(entry)) {
    const where = entry === undefined ? 'its package.json names no entry' : `${entry} does not exist`;
    throw new MainstayError('PLUGIN_NOT_FOUND', `the plugin ${packageName} has no code: ${where}`, 'build or reinstall it');
  }
  return { packageName, version: typeof version === 'string' ? version : '0.0.0', directory, entry, manifest };
}

function isPath(reference: string): boolean {
  return isAbsolute(reference) || reference.startsWith('./') || reference.startsWith('../');
}

function folderAt(path: string, { configDirectory }: ResolveOptions): string {
  const directory = resolve(configDirectory, path);
  if (existsSync(join(directory, 'package.json'))) return directory;
  const message = `there is no plugin at ${directory}: the folder has no package.json`;
  throw new MainstayError('PLUGIN_NOT_FOUND', message, 'name the folder of the package');
}

function folderNamed(name: string, options: ResolveOptions): string {
  if (!packageNameRule.test(name)) {
    const message = `"${name}" is neither a package name nor a path`;
    throw new MainstayError('PLUGIN_NOT_FOUND', message, 'begin a path with / or ./');
  }
  const from = [options.configDirectory, options.daemonDirectory ?? dirname(fileURLToPath(import.meta.url))];
  const folders = from.flatMap((start) => nodeModulesAbove(resolve(start))).map((folder) => join(folder, name));
  const found = folders.find((folder) => existsSync(join(folder, 'package.json')));
  if (found !== undefined) return found;
  const message = `the plugin "${name}" is not installed: looked in the node_modules folders above ${from.join(' and ')}`;
  throw new MainstayError('PLUGIN_NOT_FOUND', message, `npm install --prefix ${options.configDirectory} ${name}`);
}

function nodeModulesAbove(directory: string): readonly string[] {
  const parent = dirname(directory);
  const here = join(directory, 'node_modules');
  return parent === directory ? [here] : [here, ...nodeModulesAbove(parent)];
}

function readPackageJson(directory: string, reference: string): Readonly<Record<string, unknown>> {
  const file = join(directory, 'package.json');
  try {
    const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof content === 'object' && content !== null) return content as Record<string, unknown>;
    throw new TypeError('it is not an object');
  } catch (error) {
    const message = `the plugin "${reference}" cannot be used: ${file}: ${messageOf(error)}`;
    throw new MainstayError('PLUGIN_BAD_MANIFEST', message, undefined, { cause: error });
  }
}
