/**
 * When keepalived and Mainstay have come to rest: each has gone round its checks, and nothing has changed meanwhile. Rounds are counted
 * by a real server that both check as often as all others. Used by play.ts.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { virtualServers } from './text.js';

/** The server that counts: it is always up, and asked as often as text.ts says. */
export const beating = { virtual: '192.0.2.254:80', real: '10.0.0.254:80', everyMs: 2000 } as const;

const [virtual = '', real = ''] = [beating.virtual, beating.real].map((address) => address.replace(':', ' '));

/** To be in every configuration. */
export const beat = virtualServers.one({
  label: '',
  header: virtual,
  lines: '',
  blocks: [`\n    real_server ${real} {\n        TCP_CHECK {\n        }\n    }`],
});

/** Checks of the counting server so far, for each of the programs. */
export type Rounds = () => Promise<readonly number[]>;

const pauseMs = 300;

/**
 * Answers what `look` says once it has said the same for so many rounds; after `patienceMs` at the latest. It looks once in a round: a
 * look starts processes, which is dear in the lab.
 */
export async function atRest<Sight>(
  look: () => Promise<Sight>,
  enough: (sight: Sight) => number,
  rounds: Rounds,
  patienceMs: number,
): Promise<Sight> {
  const end = performance.now() + patienceMs;
  let last = await look();
  let since = await rounds();
  for (let before = since; performance.now() < end; await pause(pauseMs)) {
    const counts = await rounds();
    if (!isLater(counts, before, 1)) continue;
    before = counts;
    const now = await look();
    if (!isDeepStrictEqual(now, last)) {
      last = now;
      since = counts;
    } else if (isLater(counts, since, enough(last))) return last;
  }
  return look();
}

/** Each by so many rounds. */
function isLater(counts: readonly number[], before: readonly number[], by: number): boolean {
  return counts.every((n, i) => n - (before[i] ?? 0) >= by);
}
