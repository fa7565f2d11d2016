/** The program of the process that prepare-process.ts forks: takes one request, answers, and ends. */
import { systemClock } from '../lanes/system-clock.js';
import { prepare } from './prepare.js';
import { type PrepareReply, replyTo } from './prepare-process.js';
import type { PrepareRequest } from './prepared.js';

function noPorts(): never {
  throw new Error('ports are not open while the configuration is read');
}

/** Settles when the supervisor has it, as far as this process can tell. */
function say(reply: PrepareReply): Promise<void> {
  return new Promise((resolve) => process.send?.(reply, undefined, {}, () => resolve()));
}

process.once('message', async (request: PrepareRequest) => {
  const context = { clock: systemClock, portsFor: noPorts };
  await say(await replyTo((onOutlook) => prepare(request, context, onOutlook), say));
  process.exit(0);
});
process.once('disconnect', () => process.exit(0));
