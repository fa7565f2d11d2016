/**
 * When keepalived and Mainstay have come to rest: each has gone round its checks, and nothing has changed meanwhile. Rounds are counted
 * by a real server that both check as often as all others. Used by play.ts.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { virtualServers } from './text.js';

/** Of the server that counts: it is always up. */
export const beating = { virtual: '192.0.2.254:80', real: '10.0.0.254:80' } as const;

const [virtual = '', real = ''] = [beating.virtual, beating.real].map((address) => address.replace(':', ' '));

/** To be in every configuration. */
export const beat = virtualServers.one({
  label: '',
  header: virtual,
  lines: '',
  blocks: [`\n    real_server ${real} {\n        TCP_CHECK {\n        }\n    }`],
});

/** Checks of the counting server so far, for each of the programs that run. */
export type Rounds = () => Promise<readonly number[]>;

/** A look starts processes, which is dear in the lab. */
const lookMs = 1000;

/** Answers what `look` says once it has said the same for so many rounds; after `patienceMs` at the latest. */
export async function atRest<Sight>(
  look: () => Promise<Sight>,
  enough: (sight: Sight) => number,
  rounds: Rounds,
  patienceMs: number,
): Promise<Sight> {
  const end = performance.now() + patienceMs;
  let last = await look();
  for (let since = await rounds(); performance.now() < end; await pause(lookMs)) {
    const now = await look();
    const counts = await rounds();
    if (!isDeepStrictEqual(now, last)) {
      last = now;
      since = counts;
    } else if (counts.every((n, i) => n - (since[i] ?? 0) >= enough(last))) break;
  }
  return last;
}
