/** The repository as the presubmit tests see it: its files, its packages, and what each source file imports. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Absolute path of the repository. This file runs as test/dist/support/repository.js. */
export const root = fileURLToPath(new URL('../../../', import.meta.url)).replace(/\/$/, '');

/** Not ours, or made from ours. */
const foreign = new Set(['node_modules', 'dist', 'build', '.git', 'coverage', 'test-results']);

/** Paths of all files below `folder`, relative to the repository, sorted. */
export function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => !foreign.has(entry.name) && !entry.name.endsWith('.tsbuildinfo'))
    .flatMap((entry) => {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      return entry.isDirectory() ? filesBelow(path) : entry.isFile() ? [path] : [];
    })
    .sort();
}

export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

export function exists(path: string): boolean {
  return existsSync(join(root, path));
}

export interface PackageJson {
  readonly name: string;
  readonly version?: string;
  readonly private?: boolean;
  readonly license?: string;
  readonly type?: string;
  readonly engines?: Readonly<Record<string, string>>;
  readonly exports?: unknown;
  readonly files?: readonly string[];
  readonly workspaces?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly mainstay?: { readonly lane?: string; readonly needs?: readonly string[]; readonly api?: string };
}

export interface Package {
  /** Path relative to the repository. */
  readonly folder: string;
  readonly json: PackageJson;
}

/** Folders that a workspace or Lerna pattern (`plugins/*`, `hooks`) names and that hold a package. */
export function expand(patterns: readonly string[]): string[] {
  return patterns
    .flatMap((pattern) => {
      if (!pattern.endsWith('/*')) return [pattern];
      const shelf = pattern.slice(0, -2);
      return readdirSync(join(root, shelf)).map((name) => `${shelf}/${name}`);
    })
    .filter((folder) => exists(`${folder}/package.json`))
    .sort();
}

export function packageAt(folder: string): Package {
  return { folder, json: JSON.parse(read(folder === '' ? 'package.json' : `${folder}/package.json`)) as PackageJson };
}

/** Every workspace. */
export function workspaces(): Package[] {
  return expand(packageAt('').json.workspaces ?? []).map(packageAt);
}

/** The TypeScript of a package: its sources, without tests and generated files. */
export function sourcesOf({ folder }: Package): string[] {
  return exists(`${folder}/src`) ? filesBelow(`${folder}/src`).filter((path) => path.endsWith('.ts')) : [];
}

/** What a file imports: specifiers as written, of static and dynamic imports, re-exports and require calls. */
export function importsOf(path: string): string[] {
  const text = read(path).replace(/^\s*(?:\/\/|\*|\/\*).*$/gm, '');
  const pattern = /(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire(?:\.resolve)?\s*\(\s*)(['"])([\w@.#~/:-]+)\1/g;
  return [...text.matchAll(pattern)].map((match) => match[2] ?? '');
}

/** `@scope/name/sub` and `name/sub` without the sub. */
export function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Where a relative import leads, relative to the repository. */
export function target(from: string, specifier: string): string {
  return relative(root, join(root, dirname(from), specifier));
}
