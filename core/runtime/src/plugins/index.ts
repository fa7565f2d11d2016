/** Plugins on disk: resolution, manifest, loading. */
export { checkPlugin } from './check-plugin.js';
export { importPlugin, loadPlugin } from './load.js';
export { readManifest } from './manifest.js';
export { type FoundPlugin, findPlugin, type ResolveOptions } from './resolve.js';
