/** Imports the code of a plugin that was found on disk. Apart from finding it, which lanes never do. */
import { pathToFileURL } from 'node:url';
import type { LoadedPlugin } from '../host/member.js';
import { checkPlugin, importDefault } from './check-plugin.js';
import type { FoundPlugin } from './resolve.js';

/** Imports the entry. `origin` says who asked for the plugin. Throws MODULE_LOAD_FAILED or PLUGIN_BAD_EXPORT. */
export async function importPlugin(
  found: Pick<FoundPlugin, 'entry' | 'version' | 'manifest'> & { readonly packageName?: string },
  origin: string,
): Promise<LoadedPlugin> {
  const what = `the plugin ${found.packageName ?? found.entry}`;
  const plugin = await importDefault(pathToFileURL(found.entry), what);
  checkPlugin(plugin, found.packageName ?? found.entry);
  return { plugin, manifest: found.manifest, version: found.version, origin };
}
