/**
 * Finds and reads the configuration in any of its forms through cosmiconfig: the file that the operator names, or
 * `mainstay.config.*` from the working directory upwards, or the system's. Called by the supervisor and `mainstay check`.
 */
import { readFile, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, extname, resolve } from 'node:path';
import { MainstayError, messageOf } from '@mainstay/sdk';
import { cosmiconfig, type Loader } from 'cosmiconfig';
import { createJiti } from 'jiti';
import { type ReadOptions, type ReadResult, readKeepalived } from '../grammar/reader.js';
import { readValue, readYaml } from './data-tree.js';

export interface LoadOptions extends Omit<ReadOptions, 'configId'> {
  /** The file that the operator named; its ending tells the form, anything unknown is keepalived.conf. */
  readonly file?: string;
  /** Where to begin to look when no file is named; default: the working directory. */
  readonly searchFrom?: string;
  /** Empty or absent: the host's name up to its first dot. */
  readonly configId?: string;
}

/** Looked at in this order when nothing is found from the working directory upwards. */
const systemFiles = [
  '/etc/mainstay/mainstay.config.ts',
  '/etc/mainstay/mainstay.config.js',
  '/etc/mainstay/mainstay.config.yaml',
  '/etc/mainstay/mainstay.config.json',
  '/etc/mainstay/mainstay.conf',
  '/etc/keepalived/keepalived.conf',
];

const searchPlaces = [
  'mainstay.config.ts',
  'mainstay.config.js',
  'mainstay.config.mjs',
  'mainstay.config.json',
  'mainstay.config.yaml',
  'mainstay.config.yml',
  '.mainstayrc',
  'mainstay.conf',
];

/** Text as it is read from `file`: for tests and tools that have no file. */
export function loadKeepalivedText(text: string, options: ReadOptions & { readonly file: string }): ReadResult {
  return readKeepalived(text, options.file, options);
}

/** Rejects with MainstayError CONFIG_FILE where no configuration can be read; mistakes inside are diagnostics. */
export async function loadConfig(options: LoadOptions): Promise<ReadResult> {
  const read: ReadOptions = { ...options, configId: options.configId || (hostname().split('.')[0] ?? '') };
  const explorer = explorerFor(read);
  const named =
    options.file ?? (await explorer.search(resolve(options.searchFrom ?? '.')))?.filepath ?? (await firstOf(systemFiles));
  if (named === undefined) {
    throw new MainstayError(
      'CONFIG_FILE',
      'no configuration was found',
      `name one with -f, or write ${systemFiles.at(-2)} or ${systemFiles.at(-1)}`,
    );
  }
  try {
    return (await explorer.load(resolve(named)))?.config as ReadResult;
  } catch (error) {
    throw new MainstayError('CONFIG_FILE', `the configuration ${named} cannot be read: ${messageOf(error)}`, undefined, {
      cause: error,
    });
  }
}

function explorerFor(read: ReadOptions) {
  const keepalived: Loader = (file, text) => readKeepalived(text, file, read);
  const yaml: Loader = (file, text) => readYaml(text, file);
  const module: Loader = async (file) => readValue(await exported(file), file);
  const loaders = {
    '.ts': module,
    '.mts': module,
    '.js': module,
    '.mjs': module,
    '.cjs': module,
    '.json': yaml,
    '.yaml': yaml,
    '.yml': yaml,
  };
  const byEnding: Readonly<Record<string, Loader>> = loaders;
  const explorer = cosmiconfig('mainstay', {
    searchPlaces,
    stopDir: '/',
    searchStrategy: 'global',
    loaders: { ...loaders, '.conf': keepalived, noExt: yaml },
  });
  return {
    search: (from: string) => explorer.search(from),
    /** keepalived's file may have any name: `-f /run/keepalived.conf.new` is read as one. */
    async load(file: string) {
      if (extname(file) in byEnding || file.endsWith('.mainstayrc') || extname(file) === '.conf') return explorer.load(file);
      return { config: await keepalived(file, await readFile(file, 'utf8')) };
    },
  };
}

async function exported(file: string): Promise<unknown> {
  const jiti = createJiti(dirname(file), { moduleCache: false, fsCache: false });
  const value: unknown = await jiti.import(file, { default: true });
  return typeof value === 'function' ? await (value as () => unknown)() : value;
}

async function firstOf(files: readonly string[]): Promise<string | undefined> {
  for (const file of files) if (await stat(file).catch(() => undefined)) return file;
  return undefined;
}
