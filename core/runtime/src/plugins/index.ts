/** Plugins on disk: resolution, manifest, loading. */
export { checkPlugin } from './check-plugin.js';
export { asPlugin } from './checker-plugin.js';
export { importPlugin } from './import.js';
export { loadPlugin } from './load.js';
export { readManifest } from './manifest.js';
export { type FoundPlugin, findPlugin, type ResolveOptions } from './resolve.js';
