/** @mainstay/notify-file: TypeScript notify hooks, one file each. Registration only. */
import { type ConfigHandle, definePlugin, type ObjectStatus, type Plugin } from '@mainstay/sdk';
import { defaultFolder, rootKeywords } from './config.js';
import { consequence, diagnosticsOf, isUnchanged, type LoadedFile, loadHooks, type Wanted } from './loader.js';

interface Root {
  readonly notify_hook: readonly string[];
  readonly notify_hooks_dir: string;
}

function statusOf({ name, path, on, error, counters }: LoadedFile): ObjectStatus {
  return {
    kind: 'notify_hook',
    name,
    state: error === undefined ? 'loaded' : 'failed',
    summary: { on, heard: counters.heard, failed: counters.failed },
    detail: { path, error: error ?? null },
  };
}

export { findHookFiles, nameFiles } from './find.js';
export { hookPlugin } from './hook-plugin.js';
export { checkedNotify } from './validate.js';
export { exactKey, matches } from './where.js';

export function notifyFile(): Plugin {
  let handle: ConfigHandle<Root> | undefined;
  let loaded: readonly LoadedFile[] = [];
  const wanted = (): Wanted => ({
    files: handle?.value.notify_hook ?? [],
    folder: handle?.value.notify_hooks_dir ?? defaultFolder,
  });
  return definePlugin({
    name: 'notify-file',
    setup(app) {
      handle = app.config.root(rootKeywords);
      app.status.objects(() => loaded.map(statusOf));
    },
    verify: async (run) => diagnosticsOf(await loadHooks(wanted(), run)),
    async children(run) {
      loaded = await loadHooks(wanted(), run);
      // A broken hook must not take the site down: it is said here and shown in status, and the rest goes on.
      for (const { error, path, on } of loaded) {
        if (error !== undefined) run.log.error(`${error}; ${consequence}`);
        else run.log.info(`${path}: hears ${on}`);
      }
      return loaded.flatMap(({ plugin }) => (plugin === undefined ? [] : [plugin]));
    },
    reconfigure: async (run) => ((await isUnchanged(loaded, wanted(), run)) ? 'absorbed' : 'restart'),
  });
}

export default notifyFile();
