/** What a virtual_server is in the kernel: its addresses and marks, its scheduler and persistence. Pure; used by virtual-server.ts. */
import type { ConfigEntry, Family, IpvsProtocol, IpvsService, IpvsServiceId, SourcePosition } from '@mainstay/sdk';
import type { VirtualServerValue } from './config.js';
import { addressesOf, type GroupEntry } from './group-entry.js';
import { defaultPersistence, type Granularity, type VirtualServerHeader } from './values.js';

export type VirtualServerEntry = ConfigEntry<{
  readonly header: VirtualServerHeader;
  readonly value: VirtualServerValue;
  readonly at: SourcePosition;
}>;

/** What the header stands for; a group is an entry for each of its lines. */
export function targetsOf(
  header: VirtualServerHeader,
  groups: ReadonlyMap<string, readonly GroupEntry[]>,
): readonly GroupEntry[] {
  switch (header.kind) {
    case 'address':
      return [{ kind: 'addresses', first: header.address, last: header.address, port: header.port }];
    case 'fwmark':
      return [{ kind: 'fwmark', fwmark: header.fwmark }];
    case 'group':
      return groups.get(header.group) ?? [];
  }
}

/** The protocol; undefined where there are only marks, which have none. */
export function protocolOf(entry: VirtualServerEntry, targets: readonly GroupEntry[]): IpvsProtocol | undefined {
  const { protocol } = entry.value.value;
  if (targets.every(({ kind }) => kind === 'fwmark')) {
    if (protocol !== undefined)
      entry
        .report('protocol')
        .warning('IPVS_PROTOCOL', `${entry.name}: a firewall mark has no protocol, so protocol is ignored`, 'remove the keyword');
    return undefined;
  }
  if (protocol !== undefined) return protocol.toLowerCase() as IpvsProtocol;
  entry
    .report()
    .warning(
      'IPVS_PROTOCOL',
      `${entry.name} has no protocol and serves UDP, as in keepalived: TCP connections do not reach it`,
      'write protocol TCP or protocol UDP',
    );
  return 'udp';
}

export function servicesOf(
  entry: VirtualServerEntry,
  targets: readonly GroupEntry[],
  protocol: IpvsProtocol | undefined,
  familyOfMarks: Family,
): readonly IpvsService[] {
  const common = { ...schedulerOf(entry), ...onePacket(entry, protocol), ...persistenceOf(entry, targets, familyOfMarks) };
  const seen = new Set<string>();
  return targets.flatMap((target) => {
    const ids = idsOf(target, protocol, familyOfMarks);
    // Lines of a group may overlap.
    const fresh = ids.filter((id) => !seen.has(JSON.stringify(id)));
    for (const id of fresh) seen.add(JSON.stringify(id));
    return fresh.map((id) => ({ id, ...common }));
  });
}

function idsOf(target: GroupEntry, protocol: IpvsProtocol = 'udp', familyOfMarks: Family): readonly IpvsServiceId[] {
  if (target.kind === 'fwmark') return [{ family: target.family ?? familyOfMarks, fwmark: target.fwmark }];
  const family: Family = target.first.includes(':') ? 6 : 4;
  return addressesOf(target).map((address) => ({ family, protocol, address, port: target.port }));
}

const schedulerFlags = [
  { keyword: 'sh-fallback', scheduler: 'sh', flag: 1 },
  { keyword: 'sh-port', scheduler: 'sh', flag: 2 },
  { keyword: 'mh-fallback', scheduler: 'mh', flag: 1 },
  { keyword: 'mh-port', scheduler: 'mh', flag: 2 },
] as const;

function schedulerOf(entry: VirtualServerEntry): Pick<IpvsService, 'scheduler' | 'schedulerFlags'> {
  const { value } = entry.value;
  const scheduler = value.lb_algo?.name ?? 'wlc';
  const flags = new Set<1 | 2 | 3>(([1, 2, 3] as const).filter((n) => value[`flag-${n}`]));
  for (const { keyword, scheduler: of, flag } of schedulerFlags) {
    const at = value[keyword];
    if (at === undefined) continue;
    if (scheduler !== of) {
      const message = `${entry.name}: ${keyword} is ignored, because the scheduler is ${scheduler}`;
      entry.report(keyword).warning('IPVS_SCHEDULER', message, `it is for lb_algo ${of}`);
    } else if (value.lb_algo !== undefined && isBefore(at, value.lb_algo.at)) {
      const message = `${entry.name}: ${keyword} stands before lb_algo ${of} and is ignored, as keepalived does`;
      entry.report(keyword).warning('IPVS_SCHEDULER', message, 'write it after the scheduler');
    } else flags.add(flag);
  }
  return { scheduler, ...(flags.size === 0 ? {} : { schedulerFlags: [...flags].sort() }) };
}

function isBefore(a: SourcePosition, b: SourcePosition): boolean {
  return a.file === b.file && (a.line < b.line || (a.line === b.line && a.column < b.column));
}

function onePacket(entry: VirtualServerEntry, protocol: IpvsProtocol | undefined): Pick<IpvsService, 'isOnePacket'> {
  if (!entry.value.value.ops) return {};
  if (protocol === undefined || protocol === 'udp') return { isOnePacket: true };
  entry
    .report('ops')
    .warning('IPVS_OPS', `${entry.name}: ops is for UDP and ignored with ${protocol.toUpperCase()}`, 'remove ops');
  return {};
}

type Persistence = Pick<IpvsService, 'persistence' | 'persistencePrefix' | 'persistenceMask' | 'persistenceEngine'>;

function persistenceOf(entry: VirtualServerEntry, targets: readonly GroupEntry[], familyOfMarks: Family): Persistence {
  const { value } = entry.value;
  const { persistence_granularity: granularity, persistence_engine: engine } = value;
  const persistence = value.persistence_timeout ?? impliedPersistence(entry, targets);
  if (persistence === undefined) {
    if (engine !== undefined)
      entry
        .report('persistence_engine')
        .warning(
          'IPVS_PERSISTENCE',
          `${entry.name}: persistence_engine does nothing without persistence_timeout`,
          'write persistence_timeout',
        );
    return {};
  }
  return {
    persistence,
    ...(granularity && clientsOf(entry, granularity, familyOfTargets(targets, familyOfMarks))),
    ...(engine === undefined ? {} : { persistenceEngine: engine }),
  };
}

/** Without persistence_timeout: what other keywords make of it. */
function impliedPersistence(entry: VirtualServerEntry, targets: readonly GroupEntry[]): number | undefined {
  if (entry.value.value.persistence_granularity !== undefined) return defaultPersistence;
  if (!targets.some((target) => target.kind === 'addresses' && target.port === 0)) return undefined;
  entry
    .report()
    .warning(
      'IPVS_PORT',
      `${entry.name} has no port, so it serves all of them, which the kernel does for persistent services only: each client stays with its server for ${defaultPersistence} seconds`,
      'write a port, or persistence_timeout',
    );
  return defaultPersistence;
}

/** The one family of all, if there is one. */
function familyOfTargets(targets: readonly GroupEntry[], familyOfMarks: Family): Family | undefined {
  const families = new Set(
    targets.map(
      (target): Family => (target.kind === 'fwmark' ? (target.family ?? familyOfMarks) : target.first.includes(':') ? 6 : 4),
    ),
  );
  const [only] = families;
  return families.size === 1 ? only : undefined;
}

/** Which clients are the same client. */
function clientsOf(entry: VirtualServerEntry, granularity: Granularity, family: Family | undefined): Partial<Persistence> {
  if (family === granularity.family) {
    if ('mask' in granularity) return { persistenceMask: granularity.mask };
    return granularity.prefix === (family === 4 ? 32 : 128) ? {} : { persistencePrefix: granularity.prefix };
  }
  const message =
    family === 4
      ? `${entry.name}: persistence_granularity of an IPv4 service is a mask`
      : family === 6
        ? `${entry.name}: persistence_granularity of an IPv6 service is a prefix length`
        : `${entry.name}: persistence_granularity can not be of both families`;
  const hint = family === 4 ? 'such as 255.255.255.0' : family === 6 ? 'such as 64' : 'make two virtual servers';
  entry.report('persistence_granularity').error('IPVS_PERSISTENCE', message, hint);
  return {};
}
