/**
 * The fewest edits that make the kernel's table what it should be, in an order that never leaves a serving service without a server:
 * first the sorry server, then what comes, then what changes, then what goes. And what may go only once something else serves. Pure;
 * used by keeper.ts.
 */
import type { IpvsDestination, IpvsEdit, IpvsServiceId } from '@mainstay/sdk';
import { destinationText } from './names.js';
import { type DesiredService, isSameDestination, isSameService, type ServiceEntry } from './table.js';

/** True for a destination that may be removed: ours now or once. */
export type MayRemove = (destination: string) => boolean;

const anything: MayRemove = () => true;

/** Edits of one service. `actual` undefined: it is not there. */
export function serviceEdits(
  { service, destinations, sorry }: Omit<DesiredService, 'key'>,
  actual: ServiceEntry | undefined,
  mayRemove: MayRemove = anything,
): readonly IpvsEdit[] {
  const edits: IpvsEdit[] = [];
  const { id } = service;
  if (actual === undefined) edits.push({ do: 'addService', service });
  else if (!isSameService(service, actual.service)) edits.push({ do: 'editService', service });
  const there = actual?.destinations ?? new Map<string, IpvsDestination>();
  const added: IpvsEdit[] = [];
  const raised: IpvsEdit[] = [];
  const lowered: IpvsEdit[] = [];
  for (const [key, destination] of destinations) {
    const before = there.get(key);
    if (before === undefined) {
      const add: IpvsEdit = { do: 'addDestination', service: id, destination };
      if (key === sorry) edits.push(add);
      else added.push(add);
    } else if (!isSameDestination(destination, before)) {
      const edit: IpvsEdit = { do: 'editDestination', service: id, destination };
      if (key === sorry && destination.weight > 0) edits.push(edit);
      else if (destination.weight >= before.weight) raised.push(edit);
      else lowered.push(edit);
    }
  }
  const removed = [...there]
    .filter(([key]) => !destinations.has(key) && mayRemove(key))
    .map(([, destination]): IpvsEdit => removal(id, destination));
  return [...edits, ...added, ...raised, ...lowered, ...removed];
}

function removal(service: IpvsServiceId, { family, address, port }: IpvsDestination): IpvsEdit {
  return { do: 'deleteDestination', service, destination: { family, address, port } };
}

/** True for an edit after which the service may have fewer servers: it waits until those that come are there. */
export function isTaking(edit: IpvsEdit, actual: ServiceEntry | undefined): boolean {
  if (edit.do === 'deleteDestination' || edit.do === 'deleteService') return true;
  if (edit.do !== 'editDestination' || edit.destination.weight > 0) return false;
  return (actual?.destinations.get(destinationText(edit.destination))?.weight ?? 0) > 0;
}

/** False: servers are to serve, and the kernel holds none of them, so that those that it holds stay. */
export function mayTake(desired: DesiredService | undefined, actual: ServiceEntry | undefined): boolean {
  if (desired === undefined) return true;
  const serving = [...desired.destinations].filter(([, { weight }]) => weight > 0);
  return serving.length === 0 || serving.some(([key]) => (actual?.destinations.get(key)?.weight ?? 0) > 0);
}

/** Edits of many services. `gone`: those that are ours no more. Services of nobody's here are not touched. */
export function tableEdits(
  desired: readonly DesiredService[],
  actual: ReadonlyMap<string, ServiceEntry>,
  gone: readonly string[] = [],
): readonly IpvsEdit[] {
  const edits = desired.flatMap((one) => serviceEdits(one, actual.get(one.key)));
  const deleted = gone.flatMap((key): IpvsEdit[] => {
    const entry = actual.get(key);
    return entry === undefined ? [] : [{ do: 'deleteService', service: entry.service.id }];
  });
  return [...edits, ...deleted];
}
