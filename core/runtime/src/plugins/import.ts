/** Imports the code of a plugin that was found on disk. Apart from finding it, which lanes never do. */
import { pathToFileURL } from 'node:url';
import type { LoadedPlugin } from '../host/member.js';
import { checkPlugin, importDefault } from './check-plugin.js';
import { asPlugin } from './checker-plugin.js';
import type { FoundPlugin } from './resolve.js';

/**
 * Imports the entry. `origin` says who asked for the plugin. `name`: what it was called before, in another process. Throws
 * MODULE_LOAD_FAILED or PLUGIN_BAD_EXPORT.
 */
export async function importPlugin(
  found: Pick<FoundPlugin, 'entry' | 'version' | 'manifest'> & { readonly packageName?: string; readonly name?: string },
  origin: string,
): Promise<LoadedPlugin> {
  const where = found.packageName ?? found.entry;
  const exported = await importDefault(pathToFileURL(found.entry), `the plugin ${where}`);
  const plugin = asPlugin(exported, found.name ?? where);
  checkPlugin(plugin, where);
  return { plugin, manifest: found.manifest, version: found.version, origin };
}
