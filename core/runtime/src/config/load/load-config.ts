/**
 * Finds and reads the configuration in any of its forms through cosmiconfig: the file that the operator names, or
 * `mainstay.config.*` from the working directory upwards, or the system's. Called by the supervisor and `mainstay check`.
 */
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, extname, resolve } from 'node:path';
import { MainstayError, messageOf } from '@mainstay/sdk';
import { cosmiconfig, type Loader } from 'cosmiconfig';
import { type ReadOptions, type ReadResult, readKeepalived } from '../grammar/reader.js';
import { firstOf, refuseForeign, searchPlaces, systemFiles } from './find-files.js';

export interface LoadOptions extends Omit<ReadOptions, 'configId'> {
  /** The file that the operator named; its ending tells the form, and any other ending is keepalived.conf. */
  readonly file?: string;
  /** Where to begin to look when no file is named; default: the working directory. */
  readonly searchFrom?: string;
  /** Empty or absent: the host's name up to its first dot. */
  readonly configId?: string;
}

/** Text as it is read from `file`: for tests and tools that have no file. */
export function loadKeepalivedText(text: string, options: ReadOptions & { readonly file: string }): ReadResult {
  return readKeepalived(text, options.file, options);
}

/** Rejects with MainstayError CONFIG_FILE where no configuration can be read; mistakes inside are diagnostics. */
export async function loadConfig(options: LoadOptions): Promise<ReadResult> {
  const read: ReadOptions = { ...options, configId: options.configId || (hostname().split('.')[0] ?? '') };
  const loaders = loadersFor(read);
  if (options.file !== undefined) return load(resolve(options.file), loaders);
  const found = await search(resolve(options.searchFrom ?? '.'), loaders);
  if (found !== undefined) return found;
  const system = await firstOf(systemFiles);
  if (system !== undefined) return load(system, loaders);
  const hint = `name one with -f, or write ${systemFiles[0]} or ${systemFiles.at(-1)}`;
  throw new MainstayError('CONFIG_FILE', 'no configuration was found', hint);
}

type Loaders = Readonly<Record<string, Loader>>;

function loadersFor(read: ReadOptions): Loaders {
  const keepalived: Loader = (file, text) => readKeepalived(text, file, read);
  // Loaded when they are needed: most hosts have keepalived.conf, and every start and reload would pay for them.
  const data: Loader = async (file, text) => (await import('./data-tree.js')).readYaml(text, file);
  const module: Loader = async (file) => (await import('./data-tree.js')).readValue(await exported(file), file);
  const modules = { '.ts': module, '.mts': module, '.cts': module, '.js': module, '.mjs': module, '.cjs': module };
  return { ...modules, '.json': data, '.yaml': data, '.yml': data, '.conf': keepalived, noExt: data };
}

async function search(from: string, loaders: Loaders): Promise<ReadResult | undefined> {
  const trusted = (loader: Loader): Loader => {
    return async (file, text) => {
      await refuseForeign(file);
      return loader(file, text);
    };
  };
  const guarded = Object.fromEntries(Object.entries(loaders).map(([ending, loader]) => [ending, trusted(loader)]));
  const explorer = cosmiconfig('mainstay', { searchPlaces, stopDir: '/', searchStrategy: 'global', loaders: guarded });
  try {
    return (await explorer.search(from))?.config as ReadResult | undefined;
  } catch (error) {
    throw error instanceof MainstayError ? error : unreadable('that was found', error);
  }
}

async function load(file: string, loaders: Loaders): Promise<ReadResult> {
  try {
    const isKnown = extname(file) in loaders || basename(file) === '.mainstayrc';
    // keepalived's file may have any name: `-f /run/keepalived.conf.new` is read as one.
    if (!isKnown) return (await loaders['.conf']?.(file, await readFile(file, 'utf8'))) as ReadResult;
    const found = await cosmiconfig('mainstay', { searchPlaces, loaders }).load(file);
    if (found?.isEmpty === true) return { tree: { files: [file], statements: [] }, diagnostics: [] };
    return found?.config as ReadResult;
  } catch (error) {
    throw unreadable(file, error);
  }
}

function unreadable(file: string, error: unknown): MainstayError {
  const message = `the configuration ${file} cannot be read: ${messageOf(error)}`;
  return new MainstayError('CONFIG_FILE', message, undefined, { cause: error });
}

/** The default export; a function is called. Read anew each time: a reload must see what was changed. */
async function exported(file: string): Promise<unknown> {
  const { createJiti } = await import('jiti');
  const jiti = createJiti(dirname(file), { moduleCache: false, fsCache: false });
  const value: unknown = await jiti.import(file, { default: true });
  return typeof value === 'function' ? await (value as () => unknown)() : value;
}
