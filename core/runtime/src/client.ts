/** @mainstay/core/client: questions to a running daemon, and nothing else: `mainstay status` answers sooner. */
export { askDaemon, type ControlReply, followDaemon } from './control/client.js';
export type { ActionFacts } from './host/actions.js';
export type { ActionOutcome } from './supervisor/actions.js';
