/** What a stop that the kernel refuses leaves in its table, and how a person clears it. Pure; used by keeper.ts. */
import type { IpvsResult, IpvsServiceId } from '@mainstay/sdk';
import { endpointText, serviceText } from './names.js';

/** Services that are named one by one. */
const namedAtMost = 10;
/** At the end of a daemon one more process of the plugin's tries it; at a reload nobody does. */
const goOn =
  'taking connections, for servers that nobody checks any more. The daemon tries it once more at most; if that fails, too';

/** Undefined: nothing stays. `results`: of the removal of each. */
export function leftBehind(services: readonly IpvsServiceId[], results: readonly IpvsResult[]): string | undefined {
  const reasons = new Set<string>();
  const left = services.filter((_, i) => {
    const result = results[i] ?? { outcome: 'failed', code: '', error: 'no answer' };
    if (result.outcome !== 'failed' || isGone(result.code)) return false;
    reasons.add(result.error);
    return true;
  });
  if (left.length === 0) return undefined;
  const named = left.slice(0, namedAtMost);
  const more = left.length - named.length;
  const names = `${named.map(serviceText).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  const what = `the kernel refuses to remove ${left.length} of ${services.length} services: ${[...reasons].join('; ')}`;
  const how = named.map((id) => `\`ipvsadm -D ${argumentsOf(id)}\``).join(', ');
  const others = more > 0 ? '; `ipvsadm -ln` shows the others' : '';
  return `${what}; ${names} ${left.length === 1 ? 'goes' : 'go'} on ${goOn}, remove what stays with ${how}${others}`;
}

export function leftAfterFlush(error: string): string {
  return `lvs_flush_on_stop: the kernel refuses to empty its table: ${error}; all that is in it goes on ${goOn}, empty it with \`ipvsadm -C\``;
}

/** Somebody else has removed it; or there is no IPVS any more, whose module takes no services along. */
function isGone(code: string): boolean {
  return code === 'ESRCH' || code === 'EPROTONOSUPPORT';
}

/** In the manner of ipvsadm(8). */
function argumentsOf(id: IpvsServiceId): string {
  if ('fwmark' in id) return `-f ${id.fwmark}${id.family === 6 ? ' -6' : ''}`;
  const option = { tcp: '-t', udp: '-u', sctp: '--sctp-service' }[id.protocol];
  return `${option} ${endpointText(id.address, id.port)}`;
}
