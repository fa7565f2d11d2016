/**
 * The fewest edits that make the kernel's table what it should be, in an order that never leaves a serving service without a server:
 * first the sorry server, then what comes, then what changes, then what goes. And what may go only once something else serves. Pure;
 * used by keeper.ts.
 */
import type { IpvsDestination, IpvsEdit, IpvsServiceId } from '@mainstay/sdk';
import type { KeyedEdit } from './edits.js';
import { type DesiredService, isSameDestination, isSameService, type ServiceEntry } from './table.js';

/** True for a destination that may be removed: ours now or once. */
export type MayRemove = (destination: string) => boolean;

const anything: MayRemove = () => true;

/** Edits of one service. `actual` undefined: it is not there. */
export function serviceEdits(
  { key, service, destinations, sorry }: DesiredService,
  actual: ServiceEntry | undefined,
  mayRemove: MayRemove = anything,
): readonly KeyedEdit[] {
  const edits: KeyedEdit[] = [];
  const { id } = service;
  if (actual === undefined) edits.push({ edit: { do: 'addService', service }, service: key });
  else if (!isSameService(service, actual.service)) edits.push({ edit: { do: 'editService', service }, service: key });
  const there = actual?.destinations ?? new Map<string, IpvsDestination>();
  const added: KeyedEdit[] = [];
  const raised: KeyedEdit[] = [];
  const lowered: KeyedEdit[] = [];
  for (const [text, destination] of destinations) {
    const before = there.get(text);
    if (before === undefined) {
      const add: KeyedEdit = { edit: { do: 'addDestination', service: id, destination }, service: key, destination: text };
      if (text === sorry) edits.push(add);
      else added.push(add);
    } else if (!isSameDestination(destination, before)) {
      const edit: KeyedEdit = { edit: { do: 'editDestination', service: id, destination }, service: key, destination: text };
      if (text === sorry && destination.weight > 0) edits.push(edit);
      else if (destination.weight >= before.weight) raised.push(edit);
      else lowered.push(edit);
    }
  }
  const removed: KeyedEdit[] = [];
  for (const [text, destination] of there) {
    if (destinations.has(text) || !mayRemove(text)) continue;
    removed.push({ edit: removal(id, destination), service: key, destination: text });
  }
  return [...edits, ...added, ...raised, ...lowered, ...removed];
}

/** Takes a whole service away. */
export function deletion(key: string, service: IpvsServiceId): KeyedEdit {
  return { edit: { do: 'deleteService', service }, service: key };
}

function removal(service: IpvsServiceId, { family, address, port }: IpvsDestination): IpvsEdit {
  return { do: 'deleteDestination', service, destination: { family, address, port } };
}

/** True for an edit after which the service may have fewer servers: it waits until those that come are there. */
export function isTaking({ edit, destination = '' }: KeyedEdit, actual: ServiceEntry | undefined): boolean {
  if (edit.do === 'deleteDestination' || edit.do === 'deleteService') return true;
  if (edit.do !== 'editDestination' || edit.destination.weight > 0) return false;
  return (actual?.destinations.get(destination)?.weight ?? 0) > 0;
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
): readonly KeyedEdit[] {
  const edits = desired.flatMap((one) => serviceEdits(one, actual.get(one.key)));
  const deleted = gone.flatMap((key): KeyedEdit[] => {
    const entry = actual.get(key);
    return entry === undefined ? [] : [deletion(key, entry.service.id)];
  });
  return [...edits, ...deleted];
}
