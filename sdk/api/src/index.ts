/** @mainstay/sdk: everything a plugin or notify-hook author imports. */
export * from '@mainstay/hooks';
export * from './actions.js';
export * from './checker.js';
export * from './checker-block.js';
export * from './clock.js';
export * from './config/diagnostic.js';
export * from './config/schema.js';
export * from './config/source.js';
export * from './errors.js';
export * from './ip.js';
export * from './leases.js';
export * from './manifest.js';
export * from './notify.js';
export * from './plugin.js';
export * from './ports/index.js';
export * from './status.js';
export * from './taps.js';
