/** @mainstay/core: the plugin host, the hook bus, the configuration pipeline, lanes and Linux ports. */
export * from './hooks/index.js';
export { LeaseTable, leasesPerPlugin, longestTtlMs } from './host/leases.js';
export * from './plugins/index.js';
