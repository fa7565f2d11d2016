/** @mainstay/core: the plugin host, the hook bus, the configuration pipeline, lanes and Linux ports. */
export * from './hooks/index.js';
export * from './host/index.js';
export * from './plugins/index.js';
export * from './ports/host/index.js';
export { ConfigRegistry, loadConfig, loadKeepalivedText } from './config/index.js';
export { askDaemon, type ControlReply, followDaemon } from './control/client.js';
export { openPorts } from './lanes/open-ports.js';
export { systemClock } from './lanes/system-clock.js';
export { datagramSender } from './log/datagram.js';
export { openLogger } from './log/open-logger.js';
export { runDaemon } from './supervisor/daemon.js';
export { prepare } from './supervisor/prepare.js';
export { hasErrors, type Prepared, type PrepareRequest } from './supervisor/prepared.js';
export type { ReloadOutcome } from './supervisor/reload.js';
export type { DaemonReport } from './supervisor/supervisor.js';
export { systemdNotifier } from './supervisor/systemd.js';
