/** What makes two checks the same question: those share their probes. Called by the loop. */
import type { CheckRequest } from '@mainstay/sdk';

/** Equal texts: the same checker asks the same server the same question at the same pace. */
export function contentKey({ identity, target, config, virtualHost, timing }: CheckRequest): string {
  const { address, port, link, localAddress, localPort, mark } = target;
  const { delayLoopMs, warmupMs, retry, rise = 1, delayBeforeRetryMs, timeoutMs } = timing;
  const where = `${address} ${port} ${link} ${localAddress} ${localPort} ${mark}`;
  const when = `${delayLoopMs} ${warmupMs} ${retry} ${rise} ${delayBeforeRetryMs} ${timeoutMs}`;
  return `${identity.checker} ${where} ${when} ${written(virtualHost)} ${written(config)}`;
}

/** By hand: JSON.stringify makes different things the same, and is ten times slower where it must not. */
function written(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return `[${value.map(written).join()}]`;
  if (value instanceof RegExp || value instanceof Date) return `${value.constructor.name} ${value}`;
  if (value instanceof Map || value instanceof Set) return `${value.constructor.name} ${written([...value])}`;
  if (ArrayBuffer.isView(value)) return `bytes ${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}`;
  let text = '{';
  for (const key of Object.keys(value)) text += `${key}:${written((value as Readonly<Record<string, unknown>>)[key])},`;
  return `${text}}`;
}
