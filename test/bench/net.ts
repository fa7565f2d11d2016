/**
 * The network of one measurement: hosts with several links each (eth0, eth1, ...), every link of that number on a bridge of its own,
 * all bridges in one namespace, the switch. Made and removed by the benchmarks; leftovers of killed runs are swept.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { atExit } from '../support/at-exit.js';
import { Background, run } from '../support/command.js';
import { operational, removeNamespaces } from '../support/netns.js';
import { helper } from './native.js';

const prefix = 'mainstay-b';
let made = 0;
let swept = false;

/** A virtual router has an address of the link that it is on. */
export function virtualAddress(link: number, vrid: number): string {
  return `10.${9 + link}.1.${vrid}`;
}

export class BenchHost {
  constructor(
    readonly name: string,
    readonly namespace: string,
    /** Its place on every link, from 1. */
    readonly number: number,
    readonly links: number,
  ) {}

  address(link: number): string {
    return `10.${9 + link}.0.${this.number}`;
  }

  /** The switch's end of a link. */
  port(link: number): string {
    return `${this.name}${link}`;
  }

  get ports(): string[] {
    return Array.from({ length: this.links }, (_, link) => this.port(link));
  }

  start(command: string, args: readonly string[], options?: { env?: NodeJS.ProcessEnv }): Background {
    // `ip netns exec` becomes the program: the process started is the daemon.
    return new Background('ip', ['netns', 'exec', this.namespace, command, ...args], options);
  }

  batch(lines: readonly string[], ...options: string[]): Promise<string> {
    return run('ip', ['-n', this.namespace, ...options, '-batch', '-'], lines.join('\n'));
  }

  /** IPv4 addresses of the host, without those of lo. */
  async addresses(): Promise<Set<string>> {
    const rows = JSON.parse(await run('ip', ['-n', this.namespace, '-4', '-j', 'addr', 'show'])) as {
      ifname?: string;
      addr_info?: { local: string }[];
    }[];
    return new Set(rows.filter((row) => row.ifname !== 'lo').flatMap((row) => row.addr_info?.map(({ local }) => local) ?? []));
  }

  /** Takes away what a dead daemon left: virtual addresses on the links. */
  async forgetVirtualAddresses(): Promise<void> {
    const lines = Array.from({ length: this.links }, (_, link) => `addr flush dev eth${link} to 10.${9 + link}.1.0/24`);
    await this.batch(lines, '-force');
  }
}

export class BenchNet {
  private constructor(
    readonly switchNamespace: string,
    readonly hosts: readonly BenchHost[],
    private readonly giveUp: () => void,
  ) {}

  static async create(names: readonly string[], links = 1): Promise<BenchNet> {
    sweep();
    const id = `${prefix}${process.pid}-${++made}`;
    const switchNamespace = `${id}-sw`;
    const hosts = names.map((name, i) => new BenchHost(name, `${id}-${name}`, i + 1, links));
    const all = [switchNamespace, ...hosts.map((host) => host.namespace)];
    const net = new BenchNet(
      switchNamespace,
      hosts,
      atExit(() => removeNamespaces(all)),
    );
    try {
      await run('ip', ['-batch', '-'], all.map((name) => `netns add ${name}`).join('\n'));
      await Promise.all(all.map(settings));
      const bridges = Array.from({ length: links }, (_, k) => `link add br${k} type bridge mcast_snooping 0`);
      const ups = Array.from({ length: links }, (_, k) => `link set br${k} up`);
      await run('ip', ['-n', switchNamespace, '-batch', '-'], ['link set lo up', ...bridges, ...ups].join('\n'));
      for (const host of hosts) await net.#plug(host);
      for (const name of all) await operational(name, 10_000);
      return net;
    } catch (error) {
      net.destroy();
      throw error;
    }
  }

  host(name: string): BenchHost {
    const found = this.hosts.find((host) => host.name === name);
    if (found === undefined) throw new Error(`no host ${name} in this network`);
    return found;
  }

  /** Takes the host's power away: `pids` freeze, its ports go black. Answers the moment, milliseconds since the epoch. */
  async blackout(host: BenchHost, pids: readonly number[]): Promise<number> {
    const text = await run(helper('blackout'), [this.switchNamespace, host.ports.join(','), pids.join(',')]);
    return Number(text.split(' ')[0]) / 1000;
  }

  /** The ports of the host forward again. */
  async restore(host: BenchHost): Promise<void> {
    const lines = host.ports.map((port) => `link set dev ${port} state 3`);
    await run('bridge', ['-n', this.switchNamespace, '-batch', '-'], lines.join('\n'));
  }

  destroy(): void {
    this.giveUp();
    removeNamespaces([this.switchNamespace, ...this.hosts.map((host) => host.namespace)]);
  }

  async #plug(host: BenchHost): Promise<void> {
    const numbers = Array.from({ length: host.links }, (_, k) => k);
    const byte = host.number.toString(16).padStart(2, '0');
    const cables = numbers.map(
      (k) =>
        `link add eth${k} netns ${host.namespace} address 02:00:00:00:0${k}:${byte} type veth peer name ${host.port(k)} netns ${this.switchNamespace}`,
    );
    await run('ip', ['-batch', '-'], cables.join('\n'));
    const ports = numbers.flatMap((k) => [`link set ${host.port(k)} master br${k}`, `link set ${host.port(k)} up`]);
    await run('ip', ['-n', this.switchNamespace, '-batch', '-'], ports.join('\n'));
    const own = numbers.flatMap((k) => [`addr add ${host.address(k)}/16 dev eth${k}`, `link set eth${k} up`]);
    await host.batch(['link set lo up', ...own]);
  }
}

/** No IPv6, of which nothing is measured; a link answers ARP for its own addresses only, as FRR's documentation wants. */
async function settings(namespace: string): Promise<void> {
  const values = ['net.ipv6.conf.all.disable_ipv6=1', 'net.ipv6.conf.default.disable_ipv6=1', 'net.ipv4.conf.all.arp_ignore=1'];
  await run('ip', ['netns', 'exec', namespace, 'sysctl', '-q', '-e', '-w', ...values]);
}

/** Removes what a killed run left behind. */
function sweep(): void {
  if (swept) return;
  swept = true;
  const names = execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '');
  const stale = (name: string) => {
    const pid = new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1];
    return pid !== undefined && !existsSync(`/proc/${pid}`);
  };
  removeNamespaces(names.filter(stale));
}
