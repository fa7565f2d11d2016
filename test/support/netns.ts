/**
 * A LAN in network namespaces: hosts with one interface `eth0` each, on a bridge in a namespace of its own. Names carry this
 * process's id; everything is removed by `destroy`, at the latest when the process ends, and leftovers of killed runs are
 * swept before the first LAN is made.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { atExit } from './at-exit.js';
import { Background, run, until } from './command.js';

/** One row of `ip -j addr`. */
export interface KernelAddress {
  readonly family: string;
  readonly local: string;
  readonly prefixlen: number;
  readonly scope: string;
  readonly label?: string;
  readonly broadcast?: string;
  readonly address?: string;
  readonly [flag: string]: unknown;
}

/** One row of `ip -j link`. */
interface Link {
  readonly ifname: string;
  readonly operstate: string;
  readonly flags: readonly string[];
}

const prefix = 'mainstay-t';
const alive = new Set<Lan>();
let made = 0;
let swept = false;

/** A host of a LAN: a namespace with `eth0` in it. */
export class Host {
  constructor(
    readonly name: string,
    readonly namespace: string,
    readonly address4: string,
    readonly address6: string,
    /** Its link-local address on eth0. */
    readonly linkLocal: string,
    readonly mac: string,
    /** The switch's end of its cable, in the namespace of the switch. */
    readonly port: string,
    private readonly lan: Lan,
  ) {}

  run(command: string, args: readonly string[], input?: string): Promise<string> {
    return run('ip', ['netns', 'exec', this.namespace, command, ...args], input);
  }

  start(command: string, args: readonly string[], options?: { env?: NodeJS.ProcessEnv }): Background {
    return new Background('ip', ['netns', 'exec', this.namespace, command, ...args], options);
  }

  ip(...args: string[]): Promise<string> {
    return run('ip', ['-n', this.namespace, ...args]);
  }

  async addresses(dev = 'eth0'): Promise<KernelAddress[]> {
    const [link] = JSON.parse(await this.ip('-j', 'addr', 'show', 'dev', dev)) as { addr_info: KernelAddress[] }[];
    return link?.addr_info ?? [];
  }

  async holds(address: string): Promise<boolean> {
    return (await this.addresses()).some((held) => held.local === address);
  }

  /** The hardware address that it knows for a neighbour on eth0. */
  async neighbour(address: string): Promise<string | undefined> {
    const rows = JSON.parse((await this.ip('-j', 'neighbour', 'show', 'to', address, 'dev', 'eth0')) || '[]') as {
      lladdr?: string;
    }[];
    return rows[0]?.lladdr;
  }

  /** The packet filter tables that are ours: `mainstay-SET` each. */
  async filters(): Promise<readonly string[]> {
    const tables = (await this.run('nft', ['list', 'tables'])).split('\n');
    return tables.flatMap((line) => /^table inet mainstay-(\S+)$/.exec(line)?.[1] ?? []);
  }

  /** Pulls or plugs the cable at the switch: the host sees its carrier go or come. */
  async cable(state: 'up' | 'down'): Promise<void> {
    await run('ip', ['-n', this.lan.switchNamespace, 'link', 'set', this.port, state]);
  }
}

export class Lan {
  private constructor(
    readonly switchNamespace: string,
    readonly hosts: readonly Host[],
  ) {}

  /** Builds a LAN. Hosts get 10.9.0.N/24 and fd09::N/64 in the order of their names, N from 1. */
  static async create(...names: string[]): Promise<Lan> {
    sweep();
    const id = `${prefix}${process.pid}-${++made}`;
    const hosts: Host[] = [];
    const lan = new Lan(`${id}-sw`, hosts);
    alive.add(lan);
    const root = [`netns add ${lan.switchNamespace}`];
    for (const [i, name] of names.entries()) {
      const n = i + 1;
      const hex = n.toString(16).padStart(2, '0');
      const namespace = `${id}-${name}`;
      const port = `to-${name}`;
      const mac = `02:00:00:00:00:${hex}`;
      hosts.push(
        new Host(name, namespace, `10.9.0.${n}`, `fd09::${hex.replace(/^0/, '')}`, `fe80::ff:fe00:${n}`, mac, port, lan),
      );
      root.push(`netns add ${namespace}`);
      root.push(`link add eth0 netns ${namespace} address ${mac} type veth peer name ${port} netns ${lan.switchNamespace}`);
    }
    await run('ip', ['-batch', '-'], root.join('\n'));
    await Promise.all([lan.#buildSwitch(), ...hosts.map((host) => buildHost(host))]);
    await Promise.all([operational(lan.switchNamespace), ...hosts.map((host) => operational(host.namespace))]);
    return lan;
  }

  host(name: string): Host {
    const found = this.hosts.find((host) => host.name === name);
    if (found === undefined) throw new Error(`no host ${name} on this LAN`);
    return found;
  }

  /** Removes the namespaces and kills what is left running in them. */
  destroy(): void {
    if (alive.delete(this)) removeNamespaces([this.switchNamespace, ...this.hosts.map((host) => host.namespace)]);
  }

  async #buildSwitch(): Promise<void> {
    const lines = ['link add br0 type bridge mcast_snooping 0', 'link set br0 up', 'link set lo up'];
    for (const { port } of this.hosts) lines.push(`link set ${port} master br0`, `link set ${port} up`);
    await withoutDad(this.switchNamespace);
    await run('ip', ['-n', this.switchNamespace, '-batch', '-'], lines.join('\n'));
  }
}

async function buildHost(host: Host): Promise<void> {
  await withoutDad(host.namespace);
  const lines = [
    'link set lo up',
    'link set eth0 up',
    `addr add ${host.address4}/24 dev eth0`,
    `addr add ${host.address6}/64 dev eth0 nodad`,
  ];
  await run('ip', ['-n', host.namespace, '-batch', '-'], lines.join('\n'));
}

/**
 * The kernel may take a second to notice a carrier, and a bridge to forward; until then the first packets would be lost. Only links
 * that were set up count: others, as the `tunl0` that every new namespace has once the module for tunnels is loaded, stay down.
 */
export async function operational(namespace: string, withinMs = 5000): Promise<void> {
  let missing: readonly Link[] = [];
  await until(`every link of ${namespace} is operational`, withinMs, async () => {
    // Not `link show up`: of what is down, that tells an empty object.
    const links = JSON.parse(await run('ip', ['-n', namespace, '-j', 'link', 'show'])) as Link[];
    missing = links.filter(({ ifname, flags, operstate }) => ifname !== 'lo' && flags.includes('UP') && operstate !== 'UP');
    return missing.length === 0;
  }).catch((error: Error) => {
    throw new Error(`${error.message}; ${missing.map(({ ifname, operstate }) => `${ifname} is ${operstate}`).join(', ')}`);
  });
}

/** The hosts' own addresses are unique by construction; waiting for duplicate address detection would only cost time. */
async function withoutDad(namespace: string): Promise<void> {
  const files = ['all', 'default', 'eth0'].map((name) => `/proc/sys/net/ipv6/conf/${name}/accept_dad`);
  const script = `for file in ${files.join(' ')}; do [ ! -e $file ] || echo 0 > $file; done`;
  await run('ip', ['netns', 'exec', namespace, 'sh', '-c', script]);
}

export function removeNamespaces(names: readonly string[]): void {
  for (const name of names) {
    const pids = spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8' }).stdout ?? '';
    for (const pid of pids.split('\n').filter(Boolean)) kill(Number(pid));
    spawnSync('ip', ['netns', 'del', name]);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended in between.
  }
}

/** Removes what a killed test run left behind, and sees to it that this one leaves nothing. */
function sweep(): void {
  if (swept) return;
  swept = true;
  const names = execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '');
  removeNamespaces(names.filter((name) => isStale(name)));
  atExit(() => {
    for (const lan of [...alive]) lan.destroy();
  });
}

function isStale(name: string): boolean {
  const pid = new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1];
  return pid !== undefined && !existsSync(`/proc/${pid}`);
}
