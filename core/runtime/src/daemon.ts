/** @mainstay/core/daemon: what `mainstay run` needs, without the plugin host and the configuration's loaders: it starts sooner. */
export { datagramSender } from './log/datagram.js';
export { openLogger } from './log/open-logger.js';
export { runDaemon } from './supervisor/daemon.js';
export { systemdNotifier } from './supervisor/systemd.js';
