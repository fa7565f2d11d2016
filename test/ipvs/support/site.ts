/**
 * A site with a load balancer, for tests in the lab: this process is on the director, clients and real servers have namespaces of
 * their own. What stands where, and by which way answers come back, is said at `Site`.
 */
import { writeFileSync } from 'node:fs';
import { run } from '../../support/command.js';
import { operational, removeNamespaces } from '../../support/netns.js';

/** The client asks from `through` to be answered by way of the director (NAT), from `direct` to be answered directly (DR, TUN). */
export const client = {
  4: { through: '10.1.0.2', direct: '10.1.0.3' },
  6: { through: 'fd01::2', direct: 'fd01::3' },
} as const;
const clientMac = '02:00:00:00:01:02';
/** The client's namespace. */
export const clientSpace = 'client';

/** A host of real servers: the namespace `name`. */
export interface RealHost {
  readonly name: string;
  readonly 4: string;
  readonly 6: string;
}

/**
 *     client ── front (10.1.0.0/24, fd01::/64) ── director ── back (10.2.0.0/24, fd02::/64) ── one, two, three...
 *                 └────────────── eth1 of each real server: the direct way to 10.1.0.3 and fd01::3 ──────┘
 *
 * Front and back are bridges of the director. It has the virtual addresses, and so have the hosts, on links where nobody asks for
 * them: on `lo` for what is routed to them directly, on `tunl0` for what comes through a tunnel.
 */
export class Site {
  readonly hosts: readonly RealHost[];

  private constructor(names: readonly string[]) {
    this.hosts = names.map((name, i) => ({ name, 4: `10.2.0.${11 + i}`, 6: `fd02::${11 + i}` }));
  }

  /** Leaves nothing where it fails: the next site has the same names and addresses. */
  static async build(...names: readonly string[]): Promise<Site> {
    const site = new Site(names);
    try {
      await site.#build();
    } catch (error) {
      // What went wrong first is what matters.
      await site.destroy().catch(() => undefined);
      throw error;
    }
    return site;
  }

  host(name: string): RealHost {
    const found = this.hosts.find((host) => host.name === name);
    if (found === undefined) throw new Error(`no host ${name} at this site`);
    return found;
  }

  /** Virtual addresses of the director alone: what comes for them is translated. */
  async balance(...addresses: readonly string[]): Promise<void> {
    await batch('', addresses.map(onLink('lo')));
  }

  /** Virtual addresses that the hosts accept, too: on `lo`, or on the end of a tunnel. */
  async share(link: 'lo' | 'tunl0', ...addresses: readonly string[]): Promise<void> {
    await this.balance(...addresses);
    const up = link === 'lo' ? [] : [`link set ${link} up`];
    for (const { name } of this.hosts) await batch(name, [...up, ...addresses.map(onLink(link))]);
  }

  /** Packets of clients for this address get a firewall mark when they come to the director. */
  async mark(address: string, mark: number): Promise<void> {
    const [protocol, match] = address.includes(':') ? ['ipv6', 'ip6'] : ['ip', 'ip'];
    await run('tc', ['qdisc', 'replace', 'dev', 'front', 'ingress']);
    const rule = `u32 match ${match} dst ${address} action skbedit mark ${mark}`.split(' ');
    await run('tc', ['filter', 'add', 'dev', 'front', 'parent', 'ffff:', 'protocol', protocol ?? 'ip', ...rule]);
  }

  /** The cable of a host at the switch `back`: nothing comes through, and nobody says so. */
  async cable(host: string, state: 'up' | 'down'): Promise<void> {
    await batch('', [`link set back-${host} ${state}`]);
  }

  /** Removes all of it, or as much as there is. */
  async destroy(): Promise<void> {
    const cables = [`front-${clientSpace}`, ...this.hosts.flatMap(({ name }) => [`back-${name}`, `front-${name}`])];
    const there = new Set(
      (JSON.parse(await run('ip', ['-j', 'link', 'show'])) as { ifname: string }[]).map(({ ifname }) => ifname),
    );
    // The kernel takes a namespace apart some time after its name is gone; its cables are to be gone at once.
    const links = [...cables, 'front', 'back'].filter((name) => there.has(name)).map((name) => `link delete ${name}`);
    await batch('', [...links, 'address flush dev lo scope global']);
    removeNamespaces(this.#spaces);
  }

  get #spaces(): readonly string[] {
    return [clientSpace, ...this.hosts.map(({ name }) => name)];
  }

  async #build(): Promise<void> {
    const spaces = this.#spaces;
    await batch('', [
      'link set lo up',
      ...switched('front', ['10.1.0.1/24', 'fd01::1/64']),
      ...switched('back', ['10.2.0.1/24', 'fd02::1/64']),
      ...spaces.map((name) => `netns add ${name}`),
      ...cabled('front', clientSpace, `eth0 address ${clientMac}`),
      ...this.hosts.flatMap(({ name }) => [...cabled('back', name, 'eth0'), ...cabled('front', name, 'eth1')]),
    ]);
    for (const file of ['ipv4/ip_forward', 'ipv6/conf/all/forwarding']) writeFileSync(`/proc/sys/net/${file}`, '1');
    const addresses = ([4, 6] as const).flatMap((family) => Object.values(client[family]));
    await batch(clientSpace, [
      ...['lo', 'eth0'].map((link) => `link set ${link} up`),
      ...addresses.map((address) => `address add ${address}/${address.includes(':') ? '64' : '24'} dev eth0${noWait(address)}`),
      'route add default via 10.1.0.1',
      'route add default via fd01::1',
    ]);
    for (const host of this.hosts) await batch(host.name, hosted(host));
    for (const name of spaces) await operational(name, 60_000);
  }
}

const noWait = (address: string) => (address.includes(':') ? ' nodad' : '');
const onLink = (link: string) => (address: string) =>
  `address add ${address}/${address.includes(':') ? 128 : 32} dev ${link}${noWait(address)}`;

function switched(name: string, addresses: readonly string[]): readonly string[] {
  return [
    `link add ${name} type bridge mcast_snooping 0`,
    ...addresses.map((address) => `address add ${address} dev ${name}${noWait(address)}`),
    `link set ${name} up`,
  ];
}

/** `end`: the link in the namespace. */
function cabled(place: 'front' | 'back', space: string, end: string): readonly string[] {
  const port = `${place}-${space}`;
  return [`link add ${port} type veth peer name ${end} netns ${space}`, `link set ${port} master ${place} up`];
}

function hosted(host: RealHost): readonly string[] {
  const { direct } = client[4];
  const direct6 = client[6].direct;
  return [
    ...['lo', 'eth0', 'eth1'].map((link) => `link set ${link} up`),
    `address add ${host[4]}/24 dev eth0`,
    `address add ${host[6]}/64 dev eth0 nodad`,
    'route add default via 10.2.0.1',
    'route add default via fd02::1',
    `route add ${direct}/32 dev eth1`,
    `route add ${direct6}/128 dev eth1`,
    ...[direct, direct6].map((address) => `neighbour replace ${address} lladdr ${clientMac} dev eth1 nud permanent`),
  ];
}

/** Commands of `ip` in one process; `space`: the namespace, or '' for the director. */
async function batch(space: string, lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return;
  await run('ip', [...(space === '' ? [] : ['-n', space]), '-batch', '-'], `${lines.join('\n')}\n`);
}
