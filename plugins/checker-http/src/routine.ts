/**
 * HTTP_GET in its steady state: the same request, and an answer with the same status line and of the same length. Only where nothing of
 * the body counts, and for one URL. Used by check.ts and index.ts.
 */
import { longestRoutineAnswer, longestRoutineText, type Routine, type RoutineContext } from '@mainstay/sdk';
import type { HttpConfig } from './config.js';
import type { Answer } from './exchange.js';
import { hostOf, requestText, virtualHostOf } from './request.js';

const key = 'answer';
type Remembered = Pick<Answer, 'opening' | 'length' | 'isEnded'>;

/** What the last answer was like. */
export function remember(memory: Map<string, unknown>, { opening, length, isEnded }: Answer): void {
  memory.set(key, { opening, length, isEnded } satisfies Remembered);
}

export function routine(context: RoutineContext<HttpConfig>): Routine | undefined {
  const { config, target, memory } = context;
  const [url, ...more] = config.url;
  const { opening, length = 0, isEnded } = (memory.get(key) as Remembered | undefined) ?? {};
  if (url === undefined || more.length > 0 || url.digest !== undefined || url.regex !== undefined) return undefined;
  if (opening === undefined || opening.length > longestRoutineText || length > longestRoutineAnswer) return undefined;
  const send = requestText({ path: url.path, host: hostOf(target, virtualHostOf(context, url)), protocol: config.http_protocol });
  if (Buffer.byteLength(send) > longestRoutineText) return undefined;
  return { send, opening: Buffer.from(opening, 'latin1'), octets: length, isEnded: isEnded === true };
}
