/** The kernel's table as maps, and when two entries of it say the same. Pure; used by whoever compares or changes tables. */
import type { IpvsDestination, IpvsService, KnownIpvsDestination, KnownIpvsService } from '@mainstay/sdk';
import type { KeyedEdit } from './edits.js';
import { destinationText, serviceText } from './names.js';

/** A service with its destinations by key. */
export interface ServiceEntry {
  readonly service: IpvsService;
  readonly destinations: Map<string, IpvsDestination>;
}

export interface DesiredService {
  readonly key: string;
  readonly service: IpvsService;
  readonly destinations: ReadonlyMap<string, IpvsDestination>;
  /** Key of the sorry server: it is put in before anything else. */
  readonly sorry: string | undefined;
}

/** By the text of the service. */
export type Table = ReadonlyMap<string, ServiceEntry>;

export function tableOf(services: readonly KnownIpvsService[]): Map<string, ServiceEntry> {
  return new Map(
    services.map(({ destinations, statistics: _, ...service }) => [
      serviceText(service.id),
      { service, destinations: new Map(destinations.map((one) => [destinationText(one), withoutCounters(one)])) },
    ]),
  );
}

function withoutCounters(known: KnownIpvsDestination): IpvsDestination {
  const { activeConnections: _, inactiveConnections: __, persistentConnections: ___, statistics: ____, ...destination } = known;
  return destination;
}

/** Everything about a service but its identity, in one form for each meaning. */
export function serviceContent(service: IpvsService): string {
  const { scheduler, persistence = 0, persistenceEngine = '', isOnePacket = false, schedulerFlags = [] } = service;
  const flags = [...schedulerFlags].sort().join();
  return [scheduler, persistence, granularityOf(service), persistenceEngine, isOnePacket, flags].join(' ');
}

/** Which clients are the same client: a mask with holes, or a prefix length; without persistence, each by itself. */
export function granularityOf({ id, persistence = 0, persistencePrefix, persistenceMask }: IpvsService): string | number {
  const whole = id.family === 4 ? 32 : 128;
  return persistence === 0 ? whole : (persistenceMask ?? persistencePrefix ?? whole);
}

/** How a destination is reached, in one form for each meaning. */
export function forwardingText({ method, tunnel }: Pick<IpvsDestination, 'method' | 'tunnel'>): string {
  if (method !== 'tun') return method;
  const { type = 'ipip', port = 0, checksum = 'none' } = tunnel ?? {};
  return `tun ${type} ${port} ${checksum}`;
}

export function isSameService(a: IpvsService, b: IpvsService): boolean {
  return serviceContent(a) === serviceContent(b);
}

/** `actual` as the kernel tells it: a destination that is this host itself is `local` whatever was asked for. */
export function isSameDestination(desired: IpvsDestination, actual: IpvsDestination): boolean {
  return (
    desired.weight === actual.weight &&
    desired.upperThreshold === actual.upperThreshold &&
    desired.lowerThreshold === actual.lowerThreshold &&
    (actual.method === 'local' || forwardingText(desired) === forwardingText(actual))
  );
}

/** What the table holds after an edit that the kernel has carried out. */
export function carryOut(table: Map<string, ServiceEntry>, { edit, service, destination = '' }: KeyedEdit): void {
  switch (edit.do) {
    case 'addService':
    case 'editService':
      table.set(service, { service: edit.service, destinations: table.get(service)?.destinations ?? new Map() });
      return;
    case 'deleteService':
      table.delete(service);
      return;
    case 'deleteDestination':
      table.get(service)?.destinations.delete(destination);
      return;
    case 'addDestination':
    case 'editDestination':
      table.get(service)?.destinations.set(destination, edit.destination);
  }
}
