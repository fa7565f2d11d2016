/** What edits of the kernel's table are about, in words and as keys; and what their results mean. Pure; used by keeper.ts. */
import type { IpvsEdit, IpvsResult } from '@mainstay/sdk';
import { destinationText, serviceText } from './names.js';
import { adviceFor } from './refusals.js';

/** Key of the service that an edit is about. */
export function serviceOf(edit: IpvsEdit): string {
  switch (edit.do) {
    case 'addService':
    case 'editService':
      return serviceText(edit.service.id);
    default:
      return serviceText(edit.service);
  }
}

/** Key of the destination, where it is about one. */
export function destinationOf(edit: IpvsEdit): string | undefined {
  return 'destination' in edit ? destinationText(edit.destination) : undefined;
}

export type Failed = Extract<IpvsResult, { outcome: 'failed' }>;

/** What did not work, what that means for clients, and what to do where that is known. */
export function refusalOf(edit: IpvsEdit, { code, error }: Failed): string {
  return `${consequenceOf(edit, error)}${edit.do.startsWith('delete') ? '' : adviceFor(code)}`;
}

function consequenceOf(edit: IpvsEdit, error: string): string {
  const service = serviceOf(edit);
  switch (edit.do) {
    case 'addService':
      return `the kernel refuses the service ${service}: ${error}; nothing serves it`;
    case 'editService':
      return `the kernel refuses the change of the service ${service}: ${error}; it goes on as it was`;
    case 'deleteService':
      return `the kernel refuses to remove the service ${service}: ${error}; it goes on taking connections`;
    case 'addDestination':
      return `the kernel refuses ${destinationText(edit.destination)} as a server of ${service}: ${error}; it gets no connections`;
    case 'editDestination':
      return `the kernel refuses the change of ${destinationText(edit.destination)} in ${service}: ${error}; it goes on as it was`;
    case 'deleteDestination':
      return `the kernel refuses to remove ${destinationText(edit.destination)} from ${service}: ${error}; it goes on getting connections`;
  }
}

/**
 * `done`: the kernel holds it now. `doubt`: the table is not what it was taken for. A service that is refused with ENOENT lacks its
 * scheduler or persistence engine: that is a refusal like any other.
 */
export function meaningOf(edit: IpvsEdit, result: IpvsResult): 'done' | 'doubt' | 'refused' {
  const isAddition = edit.do === 'addService' || edit.do === 'addDestination';
  if (result.outcome === 'done') return 'done';
  if (result.outcome === 'unchanged') return isAddition ? 'doubt' : 'done';
  const { code } = result as Failed;
  if (code === 'ESRCH') return 'doubt';
  return code === 'ENOENT' && destinationOf(edit) !== undefined ? 'doubt' : 'refused';
}

/** Where a service is refused, its destinations can not but fail as well: nothing new. */
export function isConsequence(edit: IpvsEdit, refusedServices: ReadonlySet<string>): boolean {
  return destinationOf(edit) !== undefined && refusedServices.has(serviceOf(edit));
}
