/** Why a virtual server or a real server is as it is: the answer of `mainstay explain`. Pure reading; asked by index.ts. */
import type { CheckReport, Contributor, Explanation, Run } from '@mainstay/sdk';
import type { Manager } from './manager.js';
import type { RealServer } from './model.js';
import { serviceText } from './names.js';
import type { Pool } from './pool.js';
import { probeTimes } from './probe-times.js';
import { reasonOf, reasonOfServer, refusalFor, stateOf } from './report.js';

export async function explain(manager: Manager, name: string, { ports }: Run): Promise<Explanation | undefined> {
  for (const pool of manager.pools) {
    const { config } = pool;
    if (config.name === name) return explainVirtual(manager, pool, await reportsOf(config.servers, ports));
    if (!name.startsWith(`${config.name} `)) continue;
    const server = config.servers.find((one) => `${config.name} ${one.name}` === name);
    if (server === undefined) continue;
    return explainReal(manager, pool, server, await reportsOf([server], ports));
  }
  return undefined;
}

/** What the lanes that check know now, by check. */
type Reports = ReadonlyMap<string, CheckReport>;

async function reportsOf(servers: readonly RealServer[], { checks }: Run['ports']): Promise<Reports> {
  const ids = servers.flatMap((server) => server.checks.map(({ id }) => id));
  const reports = await checks.report(ids).catch(() => []);
  return new Map(reports.map((report) => [report.id, report]));
}

function times(reports: Reports, checks: RealServer['checks']): Pick<Contributor, 'lastAt' | 'nextAt'> {
  const { last, next } = probeTimes(checks.map(({ id }) => reports.get(id)));
  return { ...(last !== undefined && { lastAt: last }), ...(next !== undefined && { nextAt: next }) };
}

function explainVirtual(manager: Manager, pool: Pool, reports: Reports): Explanation {
  const { config, quorum } = pool;
  const { state, weight, since } = quorum;
  const has = state === 'gained';
  const margin = config.hysteresis === 0 ? '' : `, hysteresis ${config.hysteresis}`;
  const rule = `real servers that are up weigh ${weight}, quorum ${config.quorum}${margin}`;
  const refused = config.services.flatMap(({ id }) => manager.keeper.refusalOf(serviceText(id)) ?? []);
  const { blindness } = manager.keeper;
  const servers = config.servers.map((server): Contributor => {
    const standing = pool.standingOf(server.key);
    return {
      of: 'weight',
      source: server.name,
      effect: standing?.isUp === true ? `+${standing.weight}` : '0',
      why: reasonOfServer(manager, pool, server, reports),
      ...(standing === undefined ? {} : { since: standing.since }),
      ...times(reports, server.checks),
    };
  });
  const sorry: Contributor[] =
    config.sorry === undefined || has
      ? []
      : [{ of: 'state', source: 'sorry_server', effect: `${config.sorry.name} serves`, why: 'there is no quorum', since }];
  return {
    kind: 'virtual_server',
    name: config.name,
    state: stateOf(manager, config, has, refused.length > 0),
    because: blindness?.message ?? refused[0]?.message ?? `${has ? 'it has its quorum' : 'it lacks its quorum'}: ${rule}`,
    contributors: [
      { of: 'state', source: 'quorum', effect: has ? 'gained' : 'lost', why: rule, since },
      ...sorry,
      ...suspended(manager, pool),
      ...[...(blindness === undefined ? [] : [blindness]), ...refused].map(
        (one): Contributor => ({ of: 'state', source: 'kernel', effect: 'refuses', why: one.message, since: one.since }),
      ),
      ...servers,
    ],
  };
}

function suspended(manager: Manager, { config }: Pool): readonly Contributor[] {
  if (!manager.isSuspended(config)) return [];
  const why = `ha_suspend: ${config.probesOnlyWith} is not on this host`;
  return [{ of: 'state', source: 'ha_suspend', effect: 'no probes: states stay as they are', why }];
}

function explainReal(manager: Manager, pool: Pool, server: RealServer, reports: Reports): Explanation {
  const { config } = pool;
  const standing = pool.standingOf(server.key);
  const isUp = standing?.isUp === true;
  const checks = server.checks.map((check): Contributor => {
    const standing = manager.checks.of(check.id);
    const { isUp, since } = standing;
    const why = reasonOf(standing, reports.get(check.id));
    const { checker: source } = check.identity;
    return { of: 'state', source, effect: isUp ? 'up' : 'down', why, since, ...times(reports, [check]) };
  });
  const parts = (standing?.parts ?? []).map(
    ({ source, delta, why }): Contributor => ({
      of: 'weight',
      source,
      effect: why === 'configured' || delta < 0 ? `${delta}` : `+${delta}`,
      why,
    }),
  );
  const withoutQuorum = partWithoutQuorum(pool, server, isUp);
  const inhibited: Contributor[] =
    !isUp && server.isInhibited && withoutQuorum.length === 0
      ? [{ of: 'weight', source: 'inhibit_on_failure', effect: '0 instead of removal', why: 'configured' }]
      : [];
  const refused = config.services.flatMap((service) => refusalFor(manager, service, server) ?? []);
  return {
    kind: 'real_server',
    name: `${config.name} ${server.name}`,
    state: isUp ? 'up' : 'down',
    because: refused[0] ?? reasonOfServer(manager, pool, server, reports),
    contributors: [
      ...(checks.length > 0 ? checks : [{ of: 'state', source: 'configuration', effect: 'up', why: 'it has no checker' }]),
      ...withoutQuorum,
      ...inhibited,
      ...suspended(manager, pool),
      ...refused.map((why): Contributor => ({ of: 'state', source: 'kernel', effect: 'refuses', why })),
      ...parts,
    ],
  };
}

/** The sorry server may be one of the real servers: as that it serves whatever its checks say. */
function partWithoutQuorum({ config: { sorry }, quorum }: Pool, { key }: RealServer, isUp: boolean): readonly Contributor[] {
  if (quorum.state === 'gained' || sorry === undefined) return [];
  const { since } = quorum;
  if (sorry.key === key)
    return [
      { of: 'state', source: 'quorum', effect: 'serves', why: 'without quorum it is the sorry server, with weight 1', since },
    ];
  if (!isUp) return [];
  const why = `without quorum the sorry server ${sorry.name} serves`;
  return [{ of: 'state', source: 'quorum', effect: 'takes no part', why, since }];
}
