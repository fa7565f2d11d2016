/** The real servers and the sorry server of one virtual_server: defaults, inheritance, corrections. Pure; used by virtual-server.ts. */
import {
  type CheckerFacts,
  type Family,
  isLinkLocal,
  type NetworkCheckerConfig,
  type Reporter,
  type SourcePosition,
} from '@mainstay/sdk';
import { inherited, plannedChecks } from './check-requests.js';
import type { RealServerValue } from './config.js';
import type { Forwarding, RealServer, Server } from './model.js';
import { endpointText } from './names.js';
import type { VirtualServerEntry } from './services.js';
import type { ServerAddress } from './values.js';

const nat: Forwarding = { method: 'nat' };

type Report = () => Reporter;

/** What the servers need to know of their virtual server. */
export interface Around {
  readonly entry: VirtualServerEntry;
  readonly key: string;
  readonly name: string;
  /** Port of the service; undefined for marks and groups. */
  readonly port: number | undefined;
  /** Ports of all its addresses. */
  readonly ports: readonly number[];
  readonly families: readonly Family[];
  readonly logsAllFailures: boolean;
}

/** `blocks`: unique names of the blocks, in order. A server that is written twice counts once. */
export function realServers(around: Around, blocks: readonly string[]): readonly RealServer[] {
  const { entry, name } = around;
  const found = new Map<string, RealServer>();
  for (const [i, { header, value, at }] of entry.value.value.real_server.entries()) {
    const server = realServer(around, header, value, at, blocks[i] ?? header.words);
    if (!found.has(server.key)) found.set(server.key, server);
    else
      entry
        .report(undefined, { at })
        .warning(
          'IPVS_DUPLICATE',
          `${name}: real server ${header.words} is written twice: the first counts, this one is ignored`,
          'remove one of them',
        );
  }
  return [...found.values()];
}

function realServer(
  around: Around,
  header: ServerAddress,
  value: RealServerValue,
  at: SourcePosition,
  block: string,
): RealServer {
  const { entry, key, name } = around;
  const above = entry.value.value;
  // Looking for the place costs more than all the rest, and most servers are as they should be.
  const report = (keyword?: string) => entry.report(keyword, { at });
  const server = serverOf(around, header, value.lvs_method ?? above.lb_kind ?? nat, `real server ${header.words}`, report);
  if (value.lthreshold > value.uthreshold)
    report('lthreshold').error(
      'IPVS_THRESHOLD',
      `${name}: real server ${header.words} has an lthreshold (${value.lthreshold}) above its uthreshold (${value.uthreshold}), which the kernel refuses`,
      value.uthreshold === 0 ? 'write uthreshold, or remove lthreshold' : 'lower lthreshold',
    );
  refuseChecksWithoutZone(around, header, value);
  const place = {
    virtualKey: key,
    realKey: server.key,
    virtualServer: name,
    realServer: header.words,
    address: header.address,
    port: header.port || (around.port ?? 0),
  };
  return {
    key: server.key,
    name: server.name,
    family: server.family,
    address: server.address,
    port: server.port,
    forwarding: server.forwarding,
    isInhibited: value.inhibit_on_failure ?? above.inhibit_on_failure,
    block,
    weight: value.weight ?? above.weight,
    upperThreshold: value.uthreshold,
    lowerThreshold: value.lthreshold,
    checks: plannedChecks(place, value.checkers, inherited(above, value), around.logsAllFailures),
  };
}

/** A link-local address is one of a link: without that, no packet to it can be sent, and the check would fail for ever. */
function refuseChecksWithoutZone(
  { entry, name }: Around,
  { address, words }: ServerAddress,
  { checkers }: RealServerValue,
): void {
  for (const { facts, keyword, value, at } of checkers) {
    if ((facts as CheckerFacts).target === 'none') continue;
    const { connect_ip, bind_if } = value as Partial<NetworkCheckerConfig>;
    const asked = connect_ip ?? address;
    if (bind_if !== undefined || !asked.startsWith('fe') || !isLinkLocal(asked)) continue;
    const message = `${name}: ${keyword} of real server ${words} asks ${asked}, a link-local address, and does not say on which link: it cannot be probed`;
    // ip_vs_new_dest: the answer would be EINVAL.
    const kernel = connect_ip === undefined ? '; and mind that IPVS takes no link-local server but this host itself' : '';
    entry.report('connect_ip', { at }).error('IPVS_ZONE', message, `write bind_if and the interface${kernel}`);
  }
}

export function sorryServer(around: Around, servers: readonly RealServer[]): Server | undefined {
  const { entry, name } = around;
  const { sorry_server: header, sorry_server_lvs_method: method, sorry_server_inhibit, lb_kind } = entry.value.value;
  if (header === undefined) return undefined;
  const report = () => entry.report('sorry_server');
  const server = serverOf(around, header, method ?? lb_kind ?? nat, 'the sorry server', report);
  const twin = servers.find(({ key }) => key === server.key);
  const isInhibited = twin?.isInhibited ?? sorry_server_inhibit;
  if (isInhibited !== sorry_server_inhibit)
    report().warning(
      'IPVS_SORRY',
      `${name}: the sorry server is a real server, too, whose inhibit_on_failure is ${isInhibited ? 'on' : 'off'}: that counts, not sorry_server_inhibit`,
      'write the same for both',
    );
  return { ...server, isInhibited };
}

function serverOf(around: Around, header: ServerAddress, forwarding: Forwarding, what: string, report: Report): Server {
  const { address, words } = header;
  const family: Family = address.includes(':') ? 6 : 4;
  if (forwarding.method !== 'tun' && around.families.some((one) => one !== family))
    report().error(
      'IPVS_FAMILY',
      `${around.name}: ${what} is an IPv${family} address, and the service is of the other family: only tunnels lead from one to the other`,
      'write lvs_method TUN, or an address of the family of the service',
    );
  const port = portOf(around, header.port, forwarding, what, report);
  return { key: endpointText(address, port), name: words, family, address, port, forwarding, isInhibited: false };
}

/** With DR and TUN the packet arrives as the client sent it, so the server's port is that of the service. */
function portOf(around: Around, written: number, { method }: Forwarding, what: string, report: Report): number {
  const { name, port } = around;
  if (method === 'nat') return written || (port ?? 0);
  const kind = method.toUpperCase();
  if (port === undefined && around.ports.length === 0) {
    if (written !== 0)
      report().warning(
        'IPVS_PORT',
        `${name}: the port of ${what} is ignored: with ${kind} packets of a firewall mark keep theirs`,
        'remove the port',
      );
  } else if (written !== 0 && around.ports.some((one) => one !== written)) {
    report().warning(
      'IPVS_PORT',
      `${name}: the port of ${what} is ${written}, and with ${kind} it is that of the service: ${around.ports.join(', ')} is used`,
      'write the same port, or lvs_method NAT',
    );
  }
  return port ?? 0;
}
