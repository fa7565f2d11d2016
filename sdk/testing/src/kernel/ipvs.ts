/**
 * The IPVS table of one simulated kernel: it answers as Linux does. Kept over a crash of a process, gone with the power. Tests act on
 * it as ipvsadm or traffic would; plugins reach it through the port `ipvs`.
 */
import {
  type IpvsDestination,
  type IpvsDestinationId,
  type IpvsEdit,
  type IpvsResult,
  type IpvsService,
  type IpvsServiceId,
  type IpvsStatistics,
  type IpvsSyncDaemon,
  type IpvsTimeouts,
  type KnownIpvsDestination,
  type KnownIpvsService,
  longestIpvsTimeout,
} from '@mainstay/sdk';
import { type Errno, errnoTexts } from './errno.js';
import * as form from './ipvs-form.js';

const done: IpvsResult = { outcome: 'done' };
const unchanged: IpvsResult = { outcome: 'unchanged' };
const none: IpvsStatistics = {
  connections: 0n,
  inPackets: 0n,
  outPackets: 0n,
  inBytes: 0n,
  outBytes: 0n,
  connectionRate: 0,
  inPacketRate: 0,
  outPacketRate: 0,
  inByteRate: 0,
  outByteRate: 0,
};

type Connections = Pick<KnownIpvsDestination, 'activeConnections' | 'inactiveConnections' | 'persistentConnections'>;
/** What a test says of a service's or destination's traffic. */
export type IpvsTraffic = Partial<IpvsStatistics & Connections>;

interface DestinationEntry {
  destination: IpvsDestination;
  connections: Connections;
  statistics: IpvsStatistics;
}
interface ServiceEntry {
  service: IpvsService;
  statistics: IpvsStatistics;
  readonly destinations: Map<string, DestinationEntry>;
}

export function ipvsFailed(errno: Errno): IpvsResult {
  return { outcome: 'failed', code: errno, error: `${errnoTexts[errno]} [${errno}]` };
}

export class IpvsTable {
  /** Turned off, the kernel has no IPVS and none to load. */
  isAvailable = true;
  /** Services and destinations together that the kernel has memory for. */
  room = Number.POSITIVE_INFINITY;
  readonly schedulers = new Set('rr wrr lc wlc lblc lblcr sh mh dh fo ovf sed nq twos'.split(' '));
  readonly engines = new Set(['sip']);
  readonly #services = new Map<string, ServiceEntry>();
  readonly #daemons = new Map<IpvsSyncDaemon['role'], IpvsSyncDaemon>();
  #timeouts: IpvsTimeouts = { tcp: 900, tcpFin: 120, udp: 300 };

  constructor(private readonly hasLink: (name: string) => boolean) {}

  get timeouts(): IpvsTimeouts {
    return this.#timeouts;
  }
  get daemons(): readonly IpvsSyncDaemon[] {
    return [...this.#daemons.values()];
  }

  /** As Linux tells it: the destinations that were added last come first. */
  list(): readonly KnownIpvsService[] {
    return [...this.#services.values()].map(({ service, statistics, destinations }) => ({
      ...service,
      statistics,
      destinations: [...destinations.values()]
        .reverse()
        .map((entry) => ({ ...entry.destination, ...entry.connections, statistics: entry.statistics })),
    }));
  }

  /** By the port, or by somebody else. */
  apply(edit: IpvsEdit): IpvsResult {
    switch (edit.do) {
      case 'addService':
        return this.#addService(edit.service);
      case 'editService':
        return this.#editService(edit.service);
      case 'deleteService':
        if (!form.isSoundId(edit.service)) return ipvsFailed('EINVAL');
        return this.#services.delete(form.serviceKey(edit.service)) ? done : unchanged;
      case 'addDestination':
      case 'editDestination':
        return this.#setDestination(edit.do === 'addDestination', edit.service, edit.destination);
      case 'deleteDestination':
        if (!form.isSoundId(edit.service) || !form.isSoundDestinationId(edit.destination)) return ipvsFailed('EINVAL');
        return this.#entry(edit.service)?.destinations.delete(form.destinationKey(edit.destination)) === true ? done : unchanged;
    }
  }

  flush(): IpvsResult {
    this.#services.clear();
    return done;
  }

  zero(service?: IpvsServiceId): IpvsResult {
    if (service !== undefined && !form.isSoundId(service)) return ipvsFailed('EINVAL');
    const found = service === undefined ? [...this.#services.values()] : [this.#entry(service)];
    if (found.includes(undefined)) return ipvsFailed('ESRCH');
    for (const entry of found) {
      if (entry === undefined) continue;
      entry.statistics = none;
      for (const destination of entry.destinations.values()) destination.statistics = none;
    }
    return done;
  }

  setTimeouts(wanted: Partial<IpvsTimeouts>): IpvsResult {
    const { tcp = 0, tcpFin = 0, udp = 0 } = wanted;
    if (![tcp, tcpFin, udp].every((seconds) => Number.isInteger(seconds) && seconds >= 0 && seconds <= longestIpvsTimeout))
      return ipvsFailed('EINVAL');
    const { tcp: oldTcp, tcpFin: oldFin, udp: oldUdp } = this.#timeouts;
    this.#timeouts = { tcp: tcp || oldTcp, tcpFin: tcpFin || oldFin, udp: udp || oldUdp };
    return done;
  }

  startDaemon(daemon: IpvsSyncDaemon): IpvsResult {
    if (!Number.isInteger(daemon.syncId) || daemon.syncId < 0 || daemon.syncId > 255) return ipvsFailed('EINVAL');
    if (this.#hasMixedFamilies()) return ipvsFailed('EINVAL');
    if (this.#daemons.has(daemon.role)) return unchanged;
    if (!this.hasLink(daemon.link)) return ipvsFailed('ENODEV');
    this.#daemons.set(daemon.role, { maxLength: 1472, group: '224.0.0.81', port: 8848, ttl: 1, ...daemon });
    return done;
  }

  stopDaemon(role: IpvsSyncDaemon['role']): IpvsResult {
    return this.#daemons.delete(role) ? done : unchanged;
  }

  /** What traffic has done to the counters of a service, or of one of its destinations. Throws where that is not in the table. */
  setTraffic(service: IpvsServiceId, traffic: IpvsTraffic, destination?: IpvsDestinationId): void {
    const entry = this.#entry(service);
    const found = destination === undefined ? entry : entry?.destinations.get(form.destinationKey(destination));
    if (found === undefined) throw new Error(`${form.serviceKey(service)} has no such entry in the simulated IPVS table`);
    const { activeConnections, inactiveConnections, persistentConnections, ...counters } = traffic;
    found.statistics = { ...found.statistics, ...counters };
    if (!('connections' in found)) return;
    found.connections = {
      activeConnections: activeConnections ?? found.connections.activeConnections,
      inactiveConnections: inactiveConnections ?? found.connections.inactiveConnections,
      persistentConnections: persistentConnections ?? found.connections.persistentConnections,
    };
  }

  /** A power cut. */
  reset(): void {
    this.#services.clear();
    this.#daemons.clear();
    this.#timeouts = { tcp: 900, tcpFin: 120, udp: 300 };
  }

  #entry(id: IpvsServiceId): ServiceEntry | undefined {
    return this.#services.get(form.serviceKey(id));
  }

  #addService(service: IpvsService): IpvsResult {
    if (!form.isSoundService(service)) return ipvsFailed('EINVAL');
    if (this.#entry(service.id) !== undefined) return unchanged;
    if (this.#lacksPart(service)) return ipvsFailed('ENOENT');
    if (this.#isFull()) return ipvsFailed('ENOMEM');
    const entry: ServiceEntry = { service: form.canonicalService(service), statistics: none, destinations: new Map() };
    this.#services.set(form.serviceKey(service.id), entry);
    return done;
  }

  #editService(service: IpvsService): IpvsResult {
    if (!form.isSoundService(service)) return ipvsFailed('EINVAL');
    const entry = this.#entry(service.id);
    if (entry === undefined) return ipvsFailed('ESRCH');
    if (this.#lacksPart(service)) return ipvsFailed('ENOENT');
    entry.service = form.canonicalService(service);
    return done;
  }

  #setDestination(isNew: boolean, id: IpvsServiceId, destination: IpvsDestination): IpvsResult {
    if (!form.isSoundId(id) || !form.isSoundDestination(destination)) return ipvsFailed('EINVAL');
    const entry = this.#entry(id);
    if (entry === undefined) return ipvsFailed('ESRCH');
    const isMixed = destination.family !== id.family;
    if (isMixed && (destination.method !== 'tun' || this.#daemons.size > 0)) return ipvsFailed('EINVAL');
    if (destination.lowerThreshold > destination.upperThreshold) return ipvsFailed('ERANGE');
    const key = form.destinationKey(destination);
    const found = entry.destinations.get(key);
    const known = form.canonicalDestination(destination);
    if (isNew && found !== undefined) return unchanged;
    if (!isNew && found === undefined) return ipvsFailed('ENOENT');
    if (found !== undefined) found.destination = known;
    else if (this.#isFull()) return ipvsFailed('ENOMEM');
    else entry.destinations.set(key, { destination: known, connections: noConnections, statistics: none });
    return done;
  }

  #lacksPart({ scheduler, persistenceEngine }: IpvsService): boolean {
    return !this.schedulers.has(scheduler) || (persistenceEngine !== undefined && !this.engines.has(persistenceEngine));
  }

  #isFull(): boolean {
    if (this.room === Number.POSITIVE_INFINITY) return false;
    let size = this.#services.size;
    for (const { destinations } of this.#services.values()) size += destinations.size;
    return size >= this.room;
  }

  #hasMixedFamilies(): boolean {
    return this.list().some(({ id, destinations }) => destinations.some(({ family }) => family !== id.family));
  }
}

const noConnections: Connections = { activeConnections: 0, inactiveConnections: 0, persistentConnections: 0 };
