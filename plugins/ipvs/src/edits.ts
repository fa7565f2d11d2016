/** What edits of the kernel's table are about, in words and as keys; and what their results mean. Pure; used by keeper.ts. */
import type { IpvsEdit, IpvsResult } from '@mainstay/sdk';
import { adviceFor } from './refusals.js';

/** An edit with the keys of what it is about, as tables have them. */
export interface KeyedEdit {
  readonly edit: IpvsEdit;
  readonly service: string;
  /** Absent where it is about the service itself. */
  readonly destination?: string;
}

export type Failed = Extract<IpvsResult, { outcome: 'failed' }>;

/** What has become of a service whose change was refused (half-done.ts): it has lost its scheduler where it was not put back. */
export type Aftermath = 'untouched' | 'put back' | 'unscheduled' | 'unknown';

/** What did not work, what that means for clients, and what to do where that is known. */
export function refusalOf(keyed: KeyedEdit, { code, error }: Failed, aftermath: Aftermath = 'untouched'): string {
  return `${consequenceOf(keyed, error, aftermath)}${adviceFor(code, keyed.edit.do)}`;
}

const aftermaths: Readonly<Record<Aftermath, string>> = {
  untouched: 'it goes on as it was',
  'put back': 'it goes on as it was',
  unscheduled:
    'it is left without a scheduler, as the kernel does not take back the former one either: it takes no new connections',
  unknown: 'whether it has been left without a scheduler, and takes new connections, cannot be read',
};

function consequenceOf({ edit, service, destination }: KeyedEdit, error: string, aftermath: Aftermath): string {
  switch (edit.do) {
    case 'addService':
      return `the kernel refuses the service ${service}: ${error}; nothing serves it`;
    case 'editService':
      return `the kernel refuses the change of the service ${service}: ${error}; ${aftermaths[aftermath]}`;
    case 'deleteService':
      return `the kernel refuses to remove the service ${service}: ${error}; it goes on taking connections`;
    case 'addDestination':
      return `the kernel refuses ${destination} as a server of ${service}: ${error}; it gets no connections`;
    case 'editDestination':
      return `the kernel refuses the change of ${destination} in ${service}: ${error}; it goes on as it was`;
    case 'deleteDestination':
      return `the kernel refuses to remove ${destination} from ${service}: ${error}; it goes on getting connections`;
  }
}

/**
 * `done`: the kernel holds it now. `doubt`: the table is not what it was taken for. A service that is refused with ENOENT lacks its
 * scheduler or persistence engine: that is a refusal like any other.
 */
export function meaningOf({ edit, destination }: KeyedEdit, result: IpvsResult): 'done' | 'doubt' | 'refused' {
  const isAddition = edit.do === 'addService' || edit.do === 'addDestination';
  if (result.outcome === 'done') return 'done';
  if (result.outcome === 'unchanged') return isAddition ? 'doubt' : 'done';
  const { code } = result as Failed;
  if (code === 'ESRCH') return 'doubt';
  return code === 'ENOENT' && destination !== undefined ? 'doubt' : 'refused';
}

/** Where a service is refused, its destinations can not but fail as well: nothing new. */
export function isConsequence({ service, destination }: KeyedEdit, refusedServices: ReadonlySet<string>): boolean {
  return destination !== undefined && refusedServices.has(service);
}
