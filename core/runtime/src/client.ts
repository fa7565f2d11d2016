/** @mainstay/core/client: questions to a running daemon, and nothing else: `mainstay status` answers sooner. */
export { askDaemon, type ControlReply, followDaemon } from './control/client.js';
