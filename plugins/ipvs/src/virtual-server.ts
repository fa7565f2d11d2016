/**
 * From bound configuration to virtual servers: what the keywords mean together, in keepalived's way, with a word where that is not
 * what an operator would expect. Pure. Called by the plugin's check, at the start and at each reload.
 */
import { type ConfigEntry, type Family, type IpvsProtocol, uniqueNames } from '@mainstay/sdk';
import type { GlobalValue, GroupValue } from './config.js';
import { familyOfMarks } from './family-of-marks.js';
import type { GroupEntry } from './group-entry.js';
import type { RealServer, VirtualServer } from './model.js';
import { endpointText, serviceText } from './names.js';
import { type Around, realServers, sorryServer } from './real-servers.js';
import { protocolOf, servicesOf, targetsOf, type VirtualServerEntry } from './services.js';

export function virtualServers(
  entries: readonly VirtualServerEntry[],
  groups: readonly ConfigEntry<GroupValue>[],
  global: Pick<GlobalValue, 'checker_log_all_failures'>,
): readonly VirtualServer[] {
  const known = new Map(groups.map(({ name, value }) => [name, value['']]));
  const blocks = blocksOf(entries);
  const names = namesOf(entries);
  const made = entries.flatMap((entry, i) => {
    const server = virtualServer(entry, names[i] ?? entry.name, blocks[i] ?? noBlocks, known, global.checker_log_all_failures);
    return server === undefined ? [] : [{ entry, server }];
  });
  refuseTwins(made);
  warnOfNamesakes(made);
  return made.map(({ server }) => server);
}

interface Blocks {
  readonly own: string;
  readonly servers: readonly string[];
}

const noBlocks: Blocks = { own: '', servers: [] };

/** Names of blocks as those who extend them count them: over the whole configuration, whatever is dropped later. */
function blocksOf(entries: readonly VirtualServerEntry[]): readonly Blocks[] {
  const own = uniqueNames(entries.map(({ block }) => block));
  const all = uniqueNames(
    entries.flatMap(({ block, value }) => value.value.real_server.map(({ header }) => [block, header.words].join(' '))),
  );
  let at = 0;
  return entries.map(({ value }, i) => {
    const from = at;
    at += value.value.real_server.length;
    return { own: own[i] ?? '', servers: all.slice(from, at) };
  });
}

/** TCP and UDP of one address have the same words before the brace, as have both families of a mark. */
function namesOf(entries: readonly VirtualServerEntry[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { name } of entries) counts.set(name, (counts.get(name) ?? 0) + 1);
  return entries.map((entry) => {
    const { name, value } = entry;
    if (counts.get(name) === 1) return name;
    if (value.header.kind === 'fwmark') return `${name} ${familyOfMarks(entry, []) === 6 ? 'inet6' : 'inet'}`;
    return `${name} ${(value.value.protocol ?? 'UDP').toLowerCase()}`;
  });
}

function virtualServer(
  entry: VirtualServerEntry,
  name: string,
  blocks: Blocks,
  groups: ReadonlyMap<string, readonly GroupEntry[]>,
  logsAllFailures: boolean,
): VirtualServer | undefined {
  const { header, value } = entry.value;
  if (value.real_server.length === 0) {
    entry.report().warning('IPVS_EMPTY', `${name} has no real server and is ignored: nothing serves it`, 'write a real_server');
    return undefined;
  }
  const targets = targetsOf(header, groups);
  if (header.kind === 'group' && targets.length === 0) {
    const message = groups.has(header.group)
      ? `${name}: the group is empty, so nothing serves it`
      : `${name}: there is no virtual_server_group ${header.group}, so nothing serves it`;
    entry.report().error('IPVS_GROUP', message, `write: virtual_server_group ${header.group} { ADDR PORT }`);
    return undefined;
  }
  const protocol = protocolOf(entry, targets);
  const marks = familyOfMarks(entry, targets);
  warnOfFamily(entry);
  const services = servicesOf(entry, targets, protocol, marks);
  const ports = targets.flatMap((target) => (target.kind === 'addresses' ? [target.port] : []));
  const around: Around = {
    entry,
    key: keyOf(entry, protocol, marks),
    name,
    port: header.kind === 'address' ? header.port : undefined,
    ports: [...new Set(ports)],
    families: [...new Set(services.map(({ id }) => id.family))],
    logsAllFailures,
  };
  const servers = realServers(around, blocks.servers);
  const sorry = sorryServer(around, servers);
  warnOfAlpha(entry, name, servers);
  const suspended = suspension(entry, name);
  return {
    key: around.key,
    name,
    block: blocks.own,
    services,
    servers,
    ...(sorry === undefined ? {} : { sorry }),
    ...quorumOf(entry, name, servers),
    hasOmega: value.omega,
    ...(suspended === undefined ? {} : { probesOnlyWith: suspended }),
  };
}

function keyOf({ value: { header } }: VirtualServerEntry, protocol: IpvsProtocol | undefined, marks: Family): string {
  switch (header.kind) {
    case 'address':
      return `${(protocol ?? 'udp').toUpperCase()} ${endpointText(header.address, header.port)}`;
    case 'fwmark':
      return serviceText({ family: marks, fwmark: header.fwmark });
    case 'group':
      return `group ${header.group}${protocol === undefined ? '' : ` ${protocol.toUpperCase()}`}`;
  }
}

function warnOfFamily(entry: VirtualServerEntry): void {
  const { header, value } = entry.value;
  if (header.kind !== 'address' || value.ip_family === undefined) return;
  if ((value.ip_family === 'inet6') === header.address.includes(':')) return;
  entry
    .report('ip_family')
    .warning('IPVS_FAMILY', `${entry.name}: ip_family is ignored: the address is of the other family`, 'remove ip_family');
}

function quorumOf(
  entry: VirtualServerEntry,
  name: string,
  servers: readonly RealServer[],
): Pick<VirtualServer, 'quorum' | 'hysteresis'> {
  const { value } = entry.value;
  const total = servers.reduce((sum, { weight }) => sum + weight, 0);
  if (total === 0) reportNoWeight(entry, name, servers);
  const quorum = Math.max(1, Math.min(value.quorum, total));
  if (quorum < value.quorum)
    entry
      .report('quorum')
      .warning(
        'IPVS_QUORUM',
        `${name}: quorum ${value.quorum} is more than all real servers weigh together: ${quorum} is used`,
        `write at most ${quorum}`,
      );
  const hysteresis = Math.min(value.hysteresis, quorum - 1);
  if (hysteresis < value.hysteresis)
    entry
      .report('hysteresis')
      .warning(
        'IPVS_QUORUM',
        `${name}: hysteresis ${value.hysteresis} is not below the quorum of ${quorum}: ${hysteresis} is used`,
        `write at most ${hysteresis}`,
      );
  if (total > 0 && quorum + hysteresis > total)
    entry
      .report(value.hysteresis > 0 ? 'hysteresis' : 'quorum')
      .warning(
        'IPVS_QUORUM',
        `${name}: it begins without quorum and never gains it, because quorum and hysteresis are ${quorum + hysteresis} together and all real servers weigh ${total}`,
        'lower hysteresis or quorum',
      );
  return { quorum, hysteresis };
}

/** A check may raise a weight, and so may a lease or a tap; but who counts on these alone has no need of weight 0. */
function reportNoWeight(entry: VirtualServerEntry, name: string, servers: readonly RealServer[]): void {
  const fact = `${name}: every real server has weight 0, so none of them gets a connection`;
  if (servers.some(({ checks }) => checks.length > 0))
    entry
      .report()
      .warning(
        'IPVS_WEIGHT',
        `${fact} until a check raises one (misc_dynamic, FILE_CHECK), or a lease or a tap does`,
        'write a weight of 1 or more where connections are to go at once',
      );
  else entry.report().error('IPVS_WEIGHT', fact, 'raise a weight, write a checker that does, or remove the virtual server');
}

function warnOfAlpha(entry: VirtualServerEntry, name: string, servers: readonly RealServer[]): void {
  const { value } = entry.value;
  const bare = servers.filter(({ checks }) => checks.length === 0);
  const isAlpha = value.alpha || value.real_server.some(({ value: { alpha, checkers } }) => alpha && checkers.length === 0);
  const [first] = bare;
  if (!isAlpha || first === undefined) return;
  const what = bare.length === 1 ? `real server ${first.name} has` : `${bare.length} real servers, ${first.name} the first, have`;
  entry
    .report('alpha')
    .warning(
      'IPVS_ALPHA',
      `${name}: ${what} no checker, so alpha means nothing: it counts as up`,
      'write a checker, such as TCP_CHECK',
    );
}

/** The address that must be on this host. */
function suspension(entry: VirtualServerEntry, name: string): string | undefined {
  const { header, value } = entry.value;
  if (!value.ha_suspend) return undefined;
  if (header.kind === 'address') return header.address;
  const what = header.kind === 'group' ? 'a group' : 'a firewall mark';
  entry
    .report('ha_suspend')
    .warning('IPVS_SUSPEND', `${name}: ha_suspend is ignored: ${what} has no one address to wait for`, 'remove ha_suspend');
  return undefined;
}

/** Two blocks that would write the same entry of the kernel's table, each in its own way. */
function refuseTwins(made: readonly { readonly entry: VirtualServerEntry; readonly server: VirtualServer }[]): void {
  const owners = new Map<string, VirtualServer>();
  for (const { entry, server } of made) {
    for (const { id } of server.services) {
      const text = serviceText(id);
      const owner = owners.get(text);
      if (owner === undefined) owners.set(text, server);
      else {
        const whose = owner.name === server.name ? 'another block with the same address' : owner.name;
        const message = `${server.name}: ${text} is already served by ${whose}: the kernel has one list of servers for it`;
        entry.report().error('IPVS_DUPLICATE', message, 'put all real servers into one virtual_server');
        break;
      }
    }
  }
}

/** Two firewall marks of different families, where only the addresses of the servers say so: a reload of one could take it for the other. */
function warnOfNamesakes(made: readonly { readonly entry: VirtualServerEntry; readonly server: VirtualServer }[]): void {
  const keys = new Map<string, string>();
  for (const { entry, server } of made) {
    const other = keys.get(entry.block);
    if (other !== undefined && other !== server.key) {
      const message = `${server.name}: another block has the same words, so that after a reload which removes one of them the scripts of one may run for the other`;
      entry.report().warning('IPVS_NAMESAKE', message, 'write ip_family in both');
    }
    keys.set(entry.block, server.key);
  }
}
