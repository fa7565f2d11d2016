/** Of which family firewall marks are, which have no address to tell it: keepalived 2.2.7's rules. Pure; used by virtual-server.ts. */
import { type Family, familyOf } from '@mainstay/sdk';
import type { GroupEntry } from './group-entry.js';
import type { VirtualServerEntry } from './services.js';

/**
 * What the operator says (`ip_family`); else the first server that is no tunnel, the sorry server among them; else
 * `persistence_granularity`. Where only tunnels are left, marks of a group go by its other lines, or are IPv4, and a mark by itself is
 * IPv6 only where all of its servers are. `targets`: the lines of the group, of which those that name their family do not ask this.
 */
export function familyOfMarks({ value: { header, value } }: VirtualServerEntry, targets: readonly GroupEntry[]): Family {
  if (header.kind === 'address') return familyOf(header.address);
  if (value.ip_family !== undefined) return value.ip_family === 'inet6' ? 6 : 4;
  const servers = value.real_server.map(({ header, value: { lvs_method } }) => ({ header, method: lvs_method }));
  const { sorry_server, sorry_server_lvs_method } = value;
  if (sorry_server !== undefined) servers.push({ header: sorry_server, method: sorry_server_lvs_method });
  const direct = servers.find(({ method }) => (method ?? value.lb_kind)?.method !== 'tun');
  if (direct !== undefined) return familyOf(direct.header.address);
  if (value.persistence_granularity !== undefined) return value.persistence_granularity.family;
  if (header.kind === 'group') return familyOfLines(targets) ?? 4;
  return servers.every(({ header }) => familyOf(header.address) === 6) ? 6 : 4;
}

/** The one family of all that have one, if there is one. */
function familyOfLines(targets: readonly GroupEntry[]): Family | undefined {
  const families = new Set(targets.flatMap((one) => (one.kind === 'addresses' ? familyOf(one.first) : (one.family ?? []))));
  const [only] = families;
  return families.size === 1 ? only : undefined;
}
