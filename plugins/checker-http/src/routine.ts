/**
 * HTTP_GET in its steady state: the same request, and an answer of the same length with the same status line, the same Content-Length
 * and as long a head. Only where nothing of the body counts, and for one URL. Used by check.ts and index.ts.
 */
import { longestRoutineAnswer, longestRoutineText, type Routine, type RoutineContext, type RoutinePart } from '@mainstay/sdk';
import type { HttpConfig } from './config.js';
import type { Answer } from './exchange.js';
import { framingOf } from './framing.js';
import { hostOf, requestText, virtualHostOf } from './request.js';

const key = 'answer';

/** What the last answer was like. */
interface Remembered {
  readonly octets: number;
  readonly isEnded: boolean;
  readonly parts: readonly RoutinePart[];
}

export function remember(memory: Map<string, unknown>, answer: Answer): void {
  const remembered = likeness(answer);
  if (remembered === undefined) memory.delete(key);
  else memory.set(key, remembered);
}

/** undefined: where the answer ends does not show in a few octets of it. */
function likeness({ head, rawHead, length: octets, isEnded }: Answer): Remembered | undefined {
  if (rawHead === undefined || octets > longestRoutineAnswer) return undefined;
  const { kind } = framingOf(head);
  if (kind === 'chunks') return undefined;
  const parts = [lineAt(rawHead, 0)];
  if (kind === 'length') {
    const line = /\ncontent-length[ \t]*:/gi;
    const [found, ...more] = rawHead.matchAll(line);
    if (found === undefined || more.length > 0) return undefined;
    parts.push(lineAt(rawHead, found.index + 1));
  }
  const end = /\r?\n\r?\n$/.exec(rawHead);
  if (end === null) return undefined;
  parts.push({ at: end.index, text: end[0] });
  const isShort = parts.reduce((sum, { text }) => sum + text.length, 0) <= longestRoutineText;
  return isShort ? { octets, isEnded, parts } : undefined;
}

/** With its end. */
function lineAt(rawHead: string, at: number): RoutinePart {
  return { at, text: Buffer.from(rawHead.slice(at, rawHead.indexOf('\n', at) + 1), 'latin1') };
}

export function routine(context: RoutineContext<HttpConfig>): Routine | undefined {
  const { config, target, memory } = context;
  const [url, ...more] = config.url;
  const answer = memory.get(key) as Remembered | undefined;
  if (url === undefined || more.length > 0 || url.digest !== undefined || url.regex !== undefined) return undefined;
  const send = requestText({ path: url.path, host: hostOf(target, virtualHostOf(context, url)), protocol: config.http_protocol });
  if (answer === undefined || Buffer.byteLength(send) > longestRoutineText) return undefined;
  return { send, answer };
}
