/** The configuration pipeline: text or data to statements (grammar, load), statements to values (bind). */
export { type BindOptions, ConfigRegistry } from './bind/registry.js';
export { type ReadOptions, type ReadResult, readKeepalived } from './grammar/reader.js';
export { type LoadOptions, loadConfig, loadKeepalivedText } from './load/load-config.js';
