/** What the kernel's answer to an edit means: done, not needed, or failed and why, in words for an operator. Pure. */
import { errnoName } from '@mainstay/pacemaker';
import type { IpvsDestinationId, IpvsEdit, IpvsResult, IpvsServiceId } from '@mainstay/sdk';
import { refusalText } from '../linux/refusal.js';
import type { Answer } from '../linux/request-channel.js';

const done: IpvsResult = { outcome: 'done' };
const unchanged: IpvsResult = { outcome: 'unchanged' };

/** Answers of the kernel to which there is nothing to do. */
const harmless: Readonly<Record<IpvsEdit['do'], readonly string[]>> = {
  addService: ['EEXIST'],
  editService: [],
  deleteService: ['ESRCH'],
  addDestination: ['EEXIST'],
  editDestination: [],
  deleteDestination: ['ESRCH', 'ENOENT'],
};

export function serviceText(id: IpvsServiceId): string {
  if ('fwmark' in id) return `firewall mark ${id.fwmark} (IPv${id.family})`;
  return `${id.protocol.toUpperCase()} ${endText(id)}`;
}

function endText({ address, port }: Pick<IpvsDestinationId, 'address' | 'port'>): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

export function editOutcome(edit: IpvsEdit, { errno, text }: Answer): IpvsResult {
  if (errno === 0) return done;
  const code = errnoName(errno);
  if (harmless[edit.do].includes(code)) return unchanged;
  return failure(code, text ?? reasonOf(edit, code));
}

/** Why, by the name of the errno, where the kernel gives no words of its own. */
export type Reasons = Readonly<Record<string, string>>;

/** Of what is no edit of the table: `harmless` are answers to which there is nothing to do. */
export function plainOutcome({ errno, text }: Answer, harmless: readonly string[], reasons: Reasons): IpvsResult {
  if (errno === 0) return done;
  const code = errnoName(errno);
  return harmless.includes(code) ? unchanged : failure(code, text ?? reasons[code] ?? commonReason(code));
}

export function failure(code: string, why?: string): IpvsResult {
  return { outcome: 'failed', code, error: refusalText(code, why) };
}

function reasonOf(edit: IpvsEdit, code: string): string | undefined {
  const service = edit.do === 'addService' || edit.do === 'editService' ? edit.service.id : (edit.service as IpvsServiceId);
  if (code === 'ESRCH') return `the virtual service ${serviceText(service)} is not in the table of the kernel`;
  if (code === 'ENOENT' && 'destination' in edit)
    return `the destination ${endText(edit.destination)} is not in the virtual service ${serviceText(service)}`;
  if (code === 'ENOENT' && 'scheduler' in edit.service) return missingPart(edit.service);
  if (code === 'EINVAL' && 'destination' in edit && edit.destination.family !== service.family)
    return `the kernel takes a destination of the other address family only as a tunnel, and only while no sync daemon runs`;
  if (code === 'EINVAL' && edit.do === 'editService' && edit.service.scheduler === 'mh')
    return 'the scheduler mh has fewer places than the service has servers (4093, or as CONFIG_IP_VS_MH_TAB_INDEX of the kernel says)';
  if (code === 'ERANGE') return 'the lower threshold is above the upper one';
  return commonReason(code);
}

function missingPart({ scheduler, persistenceEngine }: { scheduler: string; persistenceEngine?: string }): string {
  const parts = [`scheduler "${scheduler}" (module ip_vs_${scheduler})`];
  if (persistenceEngine !== undefined)
    parts.push(`persistence engine "${persistenceEngine}" (module ip_vs_pe_${persistenceEngine})`);
  return `the kernel has no ${parts.join(' or no ')}, and could not load it`;
}

function commonReason(code: string): string | undefined {
  if (code === 'EPERM') return 'operation not permitted: the lane needs CAP_NET_ADMIN, run mainstay as root or grant it';
  if (code === 'EAFNOSUPPORT') return 'the IPVS of this kernel knows no IPv6';
  if (code === 'ENODEV') return 'there is no such link';
  return undefined;
}
