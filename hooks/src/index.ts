/** @mainstay/hooks: the hook catalogue, its payload types and its kinds. No behaviour, no I/O. */
export * from './bfd.js';
export * from './catalogue.js';
export * from './checker.js';
export * from './core.js';
export * from './ipvs.js';
export * from './kinds.js';
export * from './vrrp.js';
