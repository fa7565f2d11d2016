/** Loads the hook files of a configuration: each becomes a plugin, or a failure that is said and lived with. */
import { type Diagnostic, messageOf, type Plugin, type Run } from '@mainstay/sdk';
import { findHookFiles, nameFiles } from './find.js';
import { describeHooks, type HookCounters, hookPlugin } from './hook-plugin.js';
import { checkedNotify } from './validate.js';

/** What the configuration says, relative paths as written. */
export interface Wanted {
  readonly files: readonly string[];
  readonly folder: string;
}

export interface LoadedFile {
  readonly path: string;
  readonly name: string;
  /** The text that was loaded, to see a change at a reload; undefined where it could not be read. */
  readonly text: string | undefined;
  readonly counters: HookCounters;
  readonly on: string;
  readonly plugin?: Plugin;
  /** Why there is no plugin. */
  readonly error?: string;
}

export async function loadHooks(wanted: Wanted, run: Run): Promise<readonly LoadedFile[]> {
  const paths = await findHookFiles(wanted.files, wanted.folder, run.facts.configDirectory, run.ports.files);
  const names = nameFiles(paths);
  const loaded: LoadedFile[] = [];
  // One after the other: the log then reads in the order of the files.
  for (const path of paths) loaded.push(await loadHook(path, names.get(path) ?? path, run));
  return loaded;
}

async function loadHook(path: string, name: string, run: Run): Promise<LoadedFile> {
  const text = await readText(path, run);
  const counters: HookCounters = { heard: 0, failed: 0 };
  try {
    const notify = checkedNotify(path, await run.ports.modules.load(path));
    const plugin = hookPlugin(`notify-file:${name}`, notify, run.log, counters);
    return { path, name, text, counters, on: describeHooks(notify), plugin };
  } catch (error) {
    return { path, name, text, counters, on: '', error: messageOf(error) };
  }
}

async function readText(path: string, run: Run): Promise<string | undefined> {
  return run.ports.files.readText(path).catch(() => undefined);
}

/** True when the files of the configuration are the same, with the same text, as when they were loaded. */
export async function isUnchanged(loaded: readonly LoadedFile[], wanted: Wanted, run: Run): Promise<boolean> {
  const paths = await findHookFiles(wanted.files, wanted.folder, run.facts.configDirectory, run.ports.files);
  if (paths.length !== loaded.length) return false;
  for (const [i, path] of paths.entries()) {
    const before = loaded[i];
    if (before?.path !== path || before.text !== (await readText(path, run))) return false;
  }
  return true;
}

/** What `mainstay check` says of files that did not load. */
export function diagnosticsOf(loaded: readonly LoadedFile[]): readonly Diagnostic[] {
  return loaded.flatMap(({ error, path }) => (error === undefined ? [] : [diagnosticOf(path, error)]));
}

/** The message begins with the file and, where it is known, with `line:column` or `line`: that becomes the position. */
function diagnosticOf(path: string, error: string): Diagnostic {
  const rest = error.startsWith(`${path}:`) ? error.slice(path.length) : `: ${error}`;
  const [, line = '0', column, what] = /^(?::(\d+)(?::(\d+))?)?: (.*)$/s.exec(rest) ?? [];
  const at = { file: path, line: Number(line), column: Number(column ?? (line === '0' ? 0 : 1)) };
  return { severity: 'error', code: 'NOTIFY_HOOK_FAILED', message: `${what ?? error}; ${consequence}`, at };
}

export const consequence = 'this hook hears no events; everything else runs on without it';
