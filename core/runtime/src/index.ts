/** @mainstay/core: the plugin host, the hook bus, the configuration pipeline, lanes and Linux ports. */
export * from './hooks/index.js';
export * from './host/index.js';
export * from './plugins/index.js';
export * from './ports/host/index.js';
