/**
 * What makes two checks the same: the same question to the same server. Those share their probes. Called by probes.ts, packed-order.ts, and
 * at a reload by loop.ts and client.ts.
 */
import { isDeepStrictEqual } from 'node:util';
import type { CheckRequest, CheckTiming, Endpoint } from '@mainstay/sdk';

interface Asked {
  readonly checker: string;
  readonly timing: CheckTiming;
  readonly virtualHost: string | undefined;
  readonly text: string;
}

/** By the block as bound: forty thousand checks are mostly asked with one. */
const lastAsked = new WeakMap<object, Asked>();

/** Equal texts: the same checker asks the same at the same pace, whomever. */
export function questionOf({ identity: { checker }, config, virtualHost, timing }: CheckRequest): string {
  const known = isObject(config) ? lastAsked.get(config) : undefined;
  if (known?.timing === timing && known.checker === checker && known.virtualHost === virtualHost) return known.text;
  const { delayLoopMs, warmupMs, retry, rise = 1, delayBeforeRetryMs, timeoutMs } = timing;
  const when = `${delayLoopMs} ${warmupMs} ${retry} ${rise} ${delayBeforeRetryMs} ${timeoutMs}`;
  const text = `${checker} ${when} ${written(virtualHost)} ${written(config)}`;
  if (isObject(config)) lastAsked.set(config, { timing, checker, virtualHost, text });
  return text;
}

/** What is found out means the same, however often it is asked: what was known before still is. */
export function asksTheSame(a: CheckRequest, b: CheckRequest): boolean {
  const question = ({ identity, target, config, virtualHost, timing }: CheckRequest) => {
    return [identity.checker, virtualHost, timing.timeoutMs, target, config];
  };
  const others = question(b);
  return question(a).every((part, i) => Object.is(part, others[i]) || (isObject(part) && isDeepStrictEqual(part, others[i])));
}

/** Equal texts: the same server, asked the same way. */
export function serverOf(target: Endpoint): string {
  const { address, port, link, localAddress, localPort, mark } = target;
  return isPlain(target) ? `${address} ${port}` : `${address} ${port} ${link} ${localAddress} ${localPort} ${mark}`;
}

/** There is no more to say of it than address and port. */
export function isPlain({ link, localAddress, localPort, mark }: Endpoint): boolean {
  return link === undefined && localAddress === undefined && localPort === undefined && mark === undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** By hand: JSON.stringify makes different things the same, and is ten times slower where it must not. */
function written(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (!isObject(value)) return String(value);
  if (Array.isArray(value)) return `[${value.map(written).join()}]`;
  if (value instanceof RegExp || value instanceof Date) return `${value.constructor.name} ${value}`;
  if (value instanceof Map || value instanceof Set) return `${value.constructor.name} ${written([...value])}`;
  if (ArrayBuffer.isView(value)) return `bytes ${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}`;
  let text = '{';
  for (const key of Object.keys(value)) text += `${key}:${written((value as Readonly<Record<string, unknown>>)[key])},`;
  return `${text}}`;
}
