/** The program of the process that prepare-process.ts forks: takes one request, answers, and ends. */
import { systemClock } from '../lanes/system-clock.js';
import { prepare } from './prepare.js';
import { replyTo } from './prepare-process.js';
import type { PrepareRequest } from './prepared.js';

function noPorts(): never {
  throw new Error('ports are not open while the configuration is read');
}

process.once('message', async (request: PrepareRequest) => {
  const reply = await replyTo(() => prepare(request, { clock: systemClock, portsFor: noPorts }));
  process.send?.(reply, undefined, {}, () => process.exit(0));
});
process.once('disconnect', () => process.exit(0));
