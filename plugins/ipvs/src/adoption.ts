/**
 * What an earlier life of the daemon left in the kernel's table tells which servers it had found to be down: they stay down until a
 * check succeeds. Pure; used by manager.ts at the start.
 */
import { portIn } from './desired.js';
import type { RealServer, VirtualServer } from './model.js';
import { destinationText, serviceText } from './names.js';
import type { ServiceEntry } from './table.js';

/** True: one of its services is there, and the server does not serve in any of them. */
export function wasDown(server: RealServer, config: VirtualServer, table: ReadonlyMap<string, ServiceEntry>): boolean {
  if (server.checks.length === 0) return false;
  let isKnown = false;
  for (const service of config.services) {
    const entry = table.get(serviceText(service.id));
    if (entry === undefined) continue;
    isKnown = true;
    const left = entry.destinations.get(destinationText({ ...server, port: portIn(service, server) }));
    const serves = left !== undefined && !(server.isInhibited && server.weight > 0 && left.weight === 0);
    if (serves) return false;
  }
  return isKnown;
}
