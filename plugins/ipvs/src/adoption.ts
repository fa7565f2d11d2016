/**
 * What an earlier life of the daemon left in the kernel's table tells which servers it had found to be up or down, and whether there was
 * a quorum: so it stays until a check says otherwise. Pure; used by manager.ts at the start.
 */
import { type IpvsDestination, ipvsTogether } from '@mainstay/sdk';
import { portIn } from './desired.js';
import type { RealServer, Server, VirtualServer } from './model.js';
import { destinationText, serviceText } from './names.js';
import type { ServiceEntry } from './table.js';

/**
 * How a server stood. `unwritten`: perhaps it was not judged, perhaps it was down, and the table looks the same: it begins as it is
 * written in the configuration, and is probed at once.
 */
export type Former = 'up' | 'down' | 'unwritten';

export interface Adopted {
  /** By the key of the server. Those of which the table says nothing are not in it. */
  readonly servers: ReadonlyMap<string, Former>;
  /** Undefined: the table does not say. */
  readonly quorum: 'gained' | undefined;
}

/** A service of the virtual server as it was found, with where to look for a server in it. */
interface Found {
  readonly of: (server: Server) => IpvsDestination | undefined;
  /** False: what stands there is not ours, so that absence says nothing. */
  readonly knowsUs: boolean;
  /** An inhibited server stands there that is down: one that is not there at all was not judged. */
  readonly inhibits: boolean;
  /** Servers that it may not have lived to write: then it had not judged them either. */
  readonly unwritten: ReadonlySet<Server>;
}

export function adopted(config: VirtualServer, table: ReadonlyMap<string, ServiceEntry>): Adopted {
  const entries = config.services.flatMap((service): Found[] => {
    const entry = table.get(serviceText(service.id));
    if (entry === undefined) return [];
    const of = (server: Server) => entry.destinations.get(destinationText({ ...server, port: portIn(service, server) }));
    // Whether they were inhibited then is not known: the keyword may be new, and they were taken out as others are.
    const inhibits = config.servers.some((server) => isDownThere(server, of(server)));
    return [{ of, knowsUs: knowsPool(config, entry, of), inhibits, unwritten: unwrittenOf(config, entry, of) }];
  });
  const servers = new Map<string, Former>();
  for (const server of config.servers) {
    const state = stateOf(server, entries);
    if (state !== undefined) servers.set(server.key, state);
  }
  return { servers, quorum: quorumOf(config, entries) };
}

/** False where the servers were replaced while the daemon was away: those of others are there, and none of ours serves. */
function knowsPool({ servers, sorry }: VirtualServer, { destinations }: ServiceEntry, of: Found['of']): boolean {
  const ours = new Set((sorry === undefined ? servers : [...servers, sorry]).flatMap((server) => of(server) ?? []));
  if ([...ours].some(({ weight }) => weight > 0)) return true;
  const others = [...destinations.values()].filter((one) => !ours.has(one));
  return others.length === 0 || (ours.size > 0 && others.every(({ weight }) => weight === 0));
}

/**
 * A daemon that is killed while it adds a service with more servers than go together leaves the first ones, in the order of the
 * configuration, to a number that this makes likely (`apply` of the port). Smaller services are there whole, or not at all. The same is left
 * where just the last servers of so large a service are down.
 */
function unwrittenOf({ servers }: VirtualServer, { destinations }: ServiceEntry, of: Found['of']): ReadonlySet<Server> {
  const written = destinations.size + 1;
  if (written < ipvsTogether || written % ipvsTogether !== 0) return new Set();
  const first = servers.filter(({ isInhibited, checks }) => isInhibited || checks.every(({ initial }) => initial === 'up'));
  const end = first.findLastIndex((server) => of(server) !== undefined) + 1;
  return new Set(first.slice(0, end).every((server) => of(server) !== undefined) ? first.slice(end) : []);
}

/** One that is inhibited and down is there, without weight. */
function isDownThere({ isInhibited, weight }: RealServer, left: IpvsDestination | undefined): boolean {
  return left !== undefined && isInhibited && weight > 0 && left.weight === 0;
}

/** `up`: it serves in one of the services. `down`: one of them is there that would have it, and was written to its end. */
function stateOf(server: RealServer, entries: readonly Found[]): Former | undefined {
  if (server.checks.length === 0) return undefined;
  let isKnown = false;
  for (const { of, knowsUs, inhibits, unwritten } of entries) {
    const left = of(server);
    if (left !== undefined && !isDownThere(server, left)) return 'up';
    isKnown ||= left !== undefined || (knowsUs && !(server.isInhibited && inhibits) && !unwritten.has(server));
  }
  if (isKnown) return 'down';
  return entries.some(({ unwritten }) => unwritten.has(server)) ? 'unwritten' : undefined;
}

/** Real servers serve together with the sorry server only where it is one of them: then it says nothing. */
function quorumOf({ servers, sorry }: VirtualServer, entries: readonly Found[]): 'gained' | undefined {
  const isServing = (server: Server) => entries.some(({ of }) => (of(server)?.weight ?? 0) > 0);
  const isTwin = servers.some(({ key }) => key === sorry?.key);
  if (sorry !== undefined && !isTwin && isServing(sorry)) return undefined;
  return servers.some((server) => server.key !== sorry?.key && isServing(server)) ? 'gained' : undefined;
}
