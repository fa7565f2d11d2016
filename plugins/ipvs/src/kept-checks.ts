/**
 * Which check of a real server is which after a reload. Their ids count the blocks of one keyword, and a block that goes would hand its
 * state to the next: what is written as before keeps its id, wherever it stands now. Pure; used by manager.ts.
 */
import { isDeepStrictEqual } from 'node:util';
import type { PlannedCheck, VirtualServer } from './model.js';

/** The virtual server as it is to be, with the ids of checks that go on. */
export function withKeptChecks(before: VirtualServer, now: VirtualServer): VirtualServer {
  const known = new Map(before.servers.map(({ key, checks }) => [key, checks]));
  const servers = now.servers.map((server) => {
    const old = known.get(server.key) ?? [];
    if (old.length < 2 && server.checks.length < 2 && old[0]?.id === server.checks[0]?.id) return server;
    const checks = withKeptIds(old, server.checks);
    return checks === server.checks ? server : { ...server, checks };
  });
  return { ...now, servers };
}

function withKeptIds(before: readonly PlannedCheck[], now: readonly PlannedCheck[]): readonly PlannedCheck[] {
  const old = new Map(before.map((check) => [check.id, check]));
  if (now.every((check) => isSame(old.get(check.id), check))) return now;
  const ids = now.map((check) => take(old, (one) => isSame(one, check)));
  // What has changed goes on from the state of one that is gone: the server keeps its state until the first verdict.
  for (const [i, check] of now.entries()) ids[i] ??= take(old, (one) => kindOf(one) === kindOf(check));
  const taken = new Set(ids);
  return now.map((check, i) => {
    const id = ids[i] ?? freeId(kindOf(check), taken);
    taken.add(id);
    return id === check.id ? check : { ...check, id };
  });
}

function take(old: Map<string, PlannedCheck>, isIt: (check: PlannedCheck) => boolean): string | undefined {
  for (const [id, check] of old) {
    if (!isIt(check)) continue;
    old.delete(id);
    return id;
  }
  return undefined;
}

function isSame(a: PlannedCheck | undefined, b: PlannedCheck): boolean {
  const content = ({ target, config, virtualHost }: PlannedCheck) => [target, config, virtualHost];
  return a !== undefined && kindOf(a) === kindOf(b) && isDeepStrictEqual(content(a), content(b));
}

/** The id without its number. */
function kindOf({ id }: PlannedCheck): string {
  return id.slice(0, id.lastIndexOf(' '));
}

function freeId(kind: string, taken: ReadonlySet<string | undefined>): string {
  let n = 1;
  while (taken.has(`${kind} ${n}`)) n++;
  return `${kind} ${n}`;
}
