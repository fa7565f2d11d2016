/** What operators see: virtual servers and real servers with their connections, as objects of `mainstay status`. Asked by index.ts. */
import type { CheckReport, KnownIpvsDestination, KnownIpvsService, ObjectStatus } from '@mainstay/sdk';
import type { CheckStanding } from './check-states.js';
import { portIn } from './desired.js';
import type { Manager } from './manager.js';
import type { RealServer, VirtualServer } from './model.js';
import { endpointText, serviceText } from './names.js';
import type { Pool } from './pool.js';
import { probeTimes } from './probe-times.js';
import type { Snapshot } from './snapshot.js';
import { forwardingText } from './table.js';

const momentsOfVirtual = ['quorum_since'];
const momentsOfReal = ['last', 'next', 'since', 'last_probe', 'next_probe'];

export async function objects(manager: Manager): Promise<readonly ObjectStatus[]> {
  const snapshot = await manager.snapshots.take();
  return manager.pools.flatMap((pool) => [
    virtualServerStatus(manager, pool, snapshot),
    ...pool.config.servers.map((server) => realServerStatus(manager, pool, server, snapshot)),
  ]);
}

function virtualServerStatus(manager: Manager, pool: Pool, snapshot: Snapshot): ObjectStatus {
  const { config, quorum } = pool;
  const { servers, sorry } = config;
  const known = config.services.flatMap(({ id }) => snapshot.services.get(serviceText(id)) ?? []);
  const active = known.flatMap(({ destinations }) => destinations).reduce((sum, one) => sum + one.activeConnections, 0);
  const up = servers.filter(({ key }) => pool.standingOf(key)?.isUp === true).length;
  const refusals = config.services.flatMap(({ id }) => manager.keeper.refusalOf(serviceText(id))?.message ?? []);
  const [service] = config.services;
  return {
    kind: 'virtual_server',
    name: config.name,
    state: stateOf(manager, config, quorum.state === 'gained', refusals.length > 0),
    summary: {
      service:
        config.services.length === 1 && service !== undefined ? serviceText(service.id) : `${config.services.length} services`,
      scheduler: service?.scheduler ?? null,
      up: `${up}/${servers.length}`,
      weight: quorum.weight,
      quorum: config.quorum,
      connections: snapshot.problem === undefined ? active : null,
    },
    detail: {
      services: config.services.map(({ id }) => serviceText(id)),
      hysteresis: config.hysteresis,
      quorum_since: quorum.since,
      sorry_server: sorry?.name ?? null,
      sorry_serves: sorry !== undefined && quorum.state !== 'gained',
      suspended: manager.isSuspended(config),
      persistence: service?.persistence ?? null,
      refusals,
      statistics: statisticsOf(known),
      ...(snapshot.problem === undefined ? {} : { problem: snapshot.problem }),
    },
    moments: momentsOfVirtual,
  };
}

export function stateOf(manager: Manager, config: VirtualServer, hasQuorum: boolean, isRefused: boolean): string {
  if (manager.keeper.blindness !== undefined) return 'unknown';
  if (isRefused) return 'refused';
  if (hasQuorum) return 'up';
  return config.sorry === undefined ? 'no quorum' : 'sorry';
}

/** Counters beyond 2^53 are told as text: JSON has no such numbers. */
function statisticsOf(known: readonly KnownIpvsService[]): Readonly<Record<string, number | string>> {
  const total = (of: (service: KnownIpvsService) => bigint) => {
    const sum = known.reduce((before, service) => before + of(service), 0n);
    return sum <= Number.MAX_SAFE_INTEGER ? Number(sum) : sum.toString();
  };
  return {
    connections: total(({ statistics }) => statistics.connections),
    packets_in: total(({ statistics }) => statistics.inPackets),
    packets_out: total(({ statistics }) => statistics.outPackets),
    bytes_in: total(({ statistics }) => statistics.inBytes),
    bytes_out: total(({ statistics }) => statistics.outBytes),
  };
}

function realServerStatus(manager: Manager, pool: Pool, server: RealServer, snapshot: Snapshot): ObjectStatus {
  const { config } = pool;
  const standing = pool.standingOf(server.key);
  const places = config.services.map(
    (service) => `${serviceText(service.id)} > ${endpointText(server.address, portIn(service, server))}`,
  );
  const known = places.flatMap((place) => snapshot.destinations.get(place) ?? []);
  const count = (of: (one: KnownIpvsDestination) => number) =>
    snapshot.problem === undefined ? known.reduce((sum, one) => sum + of(one), 0) : null;
  const refusals = config.services.flatMap((service) => refusalFor(manager, service, server) ?? []);
  const { last, next } = probeTimes(server.checks.map(({ id }) => snapshot.checks.get(id)));
  return {
    kind: 'real_server',
    name: `${config.name} ${server.name}`,
    state: standing?.isUp === true ? 'up' : 'down',
    summary: {
      weight: standing?.weight ?? 0,
      in_table: known[0]?.weight ?? null,
      active: count((one) => one.activeConnections),
      inactive: count((one) => one.inactiveConnections),
      last: last ?? null,
      next: next ?? null,
      reason: reasonOfServer(manager, pool, server, snapshot.checks),
    },
    detail: {
      virtual_server: config.name,
      address: server.address,
      port: server.port,
      method: forwardingText(server.forwarding),
      configured_weight: server.weight,
      since: standing?.since ?? null,
      persistent: count((one) => one.persistentConnections),
      refusals,
      checks: server.checks.map((check) => checkDetail(manager, check.id, check.identity.checker, snapshot.checks.get(check.id))),
    },
    moments: momentsOfReal,
  };
}

export function refusalFor(manager: Manager, service: VirtualServer['services'][number], server: RealServer): string | undefined {
  return manager.keeper.refusalOf(serviceText(service.id), endpointText(server.address, portIn(service, server)))?.message;
}

/** Only turns are told: what the last probe found is newer than what the last turn was for. */
export function reasonOf({ isUp, reason }: CheckStanding, report: CheckReport | undefined): string {
  return report !== undefined && report.isUp === isUp && report.probes > 0 ? report.reason : reason;
}

/** Why it is up or down: in the words of its newest probe where one check decides. `reports`: what the lanes that check know, by check. */
export function reasonOfServer(
  { checks }: Manager,
  pool: Pool,
  server: RealServer,
  reports: ReadonlyMap<string, CheckReport>,
): string {
  const standing = pool.standingOf(server.key);
  if (standing === undefined) return 'not evaluated yet';
  const failed = server.checks.find(({ id }) => !checks.of(id).isUp);
  const decisive = failed ?? (server.checks.length === 1 ? server.checks[0] : undefined);
  if (decisive === undefined) return standing.reason;
  return `${decisive.identity.checker}: ${reasonOf(checks.of(decisive.id), reports.get(decisive.id))}`;
}

function checkDetail(manager: Manager, id: string, checker: string, report: CheckReport | undefined) {
  const standing = manager.checks.of(id);
  return {
    checker,
    state: standing.isUp ? 'up' : 'down',
    reason: reasonOf(standing, report),
    since: standing.since,
    ...(report !== undefined && {
      attempt: report.attempt,
      ...(report.rising !== undefined && { rising: `${report.rising.successes} of ${report.rising.of}` }),
      last_probe: report.lastProbeAt ?? null,
      next_probe: report.nextProbeAt ?? null,
      last_duration_ms: report.lastDurationMs === undefined ? null : Math.round(report.lastDurationMs * 1000) / 1000,
      probes: report.probes,
      failures: report.failures,
    }),
  };
}
