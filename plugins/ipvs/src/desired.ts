/** What the kernel's table should hold of one virtual server, given which real servers are up. Pure; used by pool.ts. */
import type { IpvsDestination, IpvsService } from '@mainstay/sdk';
import type { RealServer, Server, VirtualServer } from './model.js';
import { destinationText, serviceText } from './names.js';
import type { DesiredService } from './table.js';

/** How a real server stands. */
export interface Standing {
  readonly isUp: boolean;
  readonly weight: number;
}

export function desiredServices(
  config: VirtualServer,
  standingOf: (key: string) => Standing,
  hasQuorum: boolean,
): readonly DesiredService[] {
  const sorryServes = !hasQuorum && config.sorry !== undefined;
  const placed = [...placedServers(config, standingOf, sorryServes)];
  return config.services.map((service) => ({
    key: serviceText(service.id),
    service,
    destinations: destinationsOf(service, placed),
    sorry: config.sorry && destinationText({ ...config.sorry, port: portIn(service, config.sorry) }),
  }));
}

interface Placed {
  readonly server: Server;
  readonly weight: number;
  readonly upperThreshold: number;
  readonly lowerThreshold: number;
}

/** Without quorum the sorry server takes the place of all; without a sorry server those that are up stay. */
function* placedServers(
  { servers, sorry }: VirtualServer,
  standingOf: (key: string) => Standing,
  sorryServes: boolean,
): Generator<Placed> {
  let isSorryPlaced = false;
  for (const server of servers) {
    const isSorry = sorry?.key === server.key;
    const { isUp, weight } = standingOf(server.key);
    const works = isUp && !sorryServes;
    isSorryPlaced ||= isSorry && (works || sorryServes || server.isInhibited);
    if (works) yield placed(server, weight);
    // The same server in both roles: as a sorry server it serves whatever its checks say.
    else if (isSorry && sorryServes) yield placed(server, 1);
    else if (server.isInhibited) yield placed(server, 0);
  }
  if (sorry === undefined || isSorryPlaced) return;
  if (sorryServes) yield { server: sorry, weight: 1, upperThreshold: 0, lowerThreshold: 0 };
  else if (sorry.isInhibited) yield { server: sorry, weight: 0, upperThreshold: 0, lowerThreshold: 0 };
}

function placed(server: RealServer, weight: number): Placed {
  const { upperThreshold, lowerThreshold } = server;
  return { server, weight, upperThreshold, lowerThreshold };
}

/** With NAT a server has a port of its own; else packets keep that of the service. */
export function portIn({ id }: Pick<IpvsService, 'id'>, { port, forwarding }: Pick<Server, 'port' | 'forwarding'>): number {
  if (forwarding.method === 'nat') return port;
  return 'fwmark' in id ? 0 : id.port;
}

function destinationsOf(service: IpvsService, servers: readonly Placed[]): ReadonlyMap<string, IpvsDestination> {
  const found = new Map<string, IpvsDestination>();
  for (const { server, weight, upperThreshold, lowerThreshold } of servers) {
    const { family, address, forwarding } = server;
    const { method, tunnel } = forwarding;
    const port = portIn(service, server);
    const plain: IpvsDestination = { family, address, port, method, weight, upperThreshold, lowerThreshold };
    const destination = tunnel === undefined ? plain : { ...plain, tunnel };
    // Of a server with a port of its own that is its key, kept once.
    const key = port === server.port ? server.key : destinationText(destination);
    if (!found.has(key)) found.set(key, destination);
  }
  return found;
}
