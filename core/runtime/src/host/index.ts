/** The plugin host and the lease table. */
export type { ActionFacts } from './actions.js';
export { grantedPorts } from './granted-ports.js';
export { type BindOptions, Host, type HostOptions, type ReloadResult } from './host.js';
export { LeaseTable, type LeaseTerms, leasesPerPlugin, longestTtlMs, type PublishListener } from './leases.js';
export { startDeadlineMs, stopDeadlineMs } from './life-cycle.js';
export type { LoadedPlugin, PluginState } from './member.js';
export type { PluginStatus } from './status.js';
