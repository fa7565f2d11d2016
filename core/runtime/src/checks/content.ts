/** What makes two checks the same question: those share their probes. Called by the loop. */
import type { CheckRequest } from '@mainstay/sdk';

/** Equal texts: the same checker asks the same server the same question at the same pace. */
export function contentKey({ identity, target, config, virtualHost, timing }: CheckRequest): string {
  const { address, port, link, localAddress, localPort, mark } = target;
  const { delayLoopMs, warmupMs, retry, delayBeforeRetryMs, timeoutMs } = timing;
  const where = [address, port, link, localAddress, localPort, mark];
  const when = [delayLoopMs, warmupMs, retry, delayBeforeRetryMs, timeoutMs];
  return JSON.stringify([identity.checker, where, virtualHost, when, config], telling);
}

/** What JSON would make the same although it is not. */
function telling(_key: string, value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : `number ${value}`;
  if (typeof value === 'bigint') return `bigint ${value}`;
  if (value instanceof RegExp) return `pattern ${value}`;
  if (value instanceof Map || value instanceof Set) return [value.constructor.name, ...value];
  return value;
}
