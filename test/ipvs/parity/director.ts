/**
 * Places of the parity tests, for the guest of test/lab only: a namespace with real servers, and directors with a cable to it. Each
 * director has an IPVS table of its own; the first is the namespace that the tests themselves run in.
 */
import type { Shell } from '../../support/shell.js';

/** Where the real servers are: every address of 10.0.0.0/8 and of 2001:db8:1::/48. */
export const farmNamespace = 'parity-farm';

/** A host with an IPVS table. */
export class Director {
  constructor(
    readonly shell: Shell,
    /** Empty: the one of the tests. */
    readonly namespace: string,
    /** Towards the farm. */
    readonly address: string,
  ) {}

  /** The command, to be run there. */
  inside(command: string): string {
    return this.namespace === '' ? command : `nsenter --net=/run/netns/${this.namespace} ${command}`;
  }

  run(command: string): Promise<string> {
    return this.shell.run(this.inside(command));
  }

  /** Everything that ipvsadm tells of the table. */
  async listing(): Promise<string> {
    const told: string[] = [];
    for (const options of ['-Ln', '-Ln --thresholds', '-Sn']) told.push(await this.run(`ipvsadm ${options}`));
    return told.join('\n');
  }

  /**
   * Services by their first line, each with its destinations: `ipvsadm -Ln` without headings and counters, and thresholds behind what has
   * some.
   */
  async table(): Promise<ReadonlyMap<string, string>> {
    const [table = '', thresholds = ''] = (await this.run("sh -c 'ipvsadm -Ln; echo; ipvsadm -Ln --thresholds'")).split('\n\n');
    const services = new Map<string, string[]>();
    let last: string[] = [];
    const bounds = thresholds.split('\n');
    for (const [i, line] of table.split('\n').entries()) {
      if (i < 3) continue;
      const [arrow, address, method, weight] = line.trim().split(/\s+/);
      const [, , upper, lower] = bounds[i]?.trim().split(/\s+/) ?? [];
      const limits = upper === '0' && lower === '0' ? '' : ` uthreshold ${upper} lthreshold ${lower}`;
      if (arrow === '->') last.push(`  -> ${address} ${method} ${weight}${limits}`);
      else if (line.trim() !== '') {
        last = [];
        services.set(line.trim(), last);
      }
    }
    return new Map([...services].sort().map(([service, destinations]) => [service, destinations.sort().join('\n')]));
  }

  /** A server of the farm answers this director alone no more. */
  async cutOff(address: string): Promise<void> {
    await this.shell.run(`${this.#ip} route add unreachable ${address}/32`);
  }

  async reconnect(address: string): Promise<void> {
    await this.shell.run(`${this.#ip} route delete unreachable ${address}/32`);
  }

  /** An address of its own, as that of a virtual router. */
  async hold(address: string): Promise<void> {
    await this.shell.run(`${this.#ip} address add ${address}/32 dev lo`);
  }

  async drop(address: string): Promise<void> {
    await this.shell.run(`${this.#ip} address delete ${address}/32 dev lo`);
  }

  get #ip(): string {
    return this.namespace === '' ? 'ip' : `ip -n ${this.namespace}`;
  }
}

/** The listing, without all that it tells of these services, which are called as in `table`. */
export function withoutServices(listing: string, services: readonly string[]): string {
  const names = new Set(services.map((service) => service.split(/\s+/)[1]));
  let isWanted = true;
  const wanted = listing.split('\n').filter((line) => {
    const [, name] = /^(?:TCP|UDP|SCTP|FWM|-[Aa] -[tuf]) +(\S+)/.exec(line) ?? [];
    // Each listing has its headings.
    if (name !== undefined || line.startsWith('IP')) isWanted = name === undefined || !names.has(name);
    return isWanted && line !== '';
  });
  return wanted.join('\n');
}

/** Makes the farm and so many directors, the tests' own first; nothing where it fails. */
export async function makeDirectors(shell: Shell, count: number): Promise<readonly [Director, ...Director[]]> {
  try {
    return await make(shell, count);
  } catch (error) {
    const namespaces = Array.from({ length: count }, (_, i) => spaceOf(i));
    await remove(shell, namespaces);
    throw error;
  }
}

/** With all that is left in them. */
export async function removeDirectors(shell: Shell, directors: readonly Director[]): Promise<void> {
  await remove(
    shell,
    directors.map(({ namespace }) => namespace),
  );
}

const spaceOf = (i: number) => (i === 0 ? '' : `parity-${i}`);

async function make(shell: Shell, count: number): Promise<readonly [Director, ...Director[]]> {
  await shell.run(`ip netns add ${farmNamespace}`);
  const farm = ['link set lo up', 'route add local 10.0.0.0/8 dev lo', 'route add local 2001:db8:1::/48 dev lo'];
  const own = new Director(shell, '', '172.31.0.2');
  const others: Director[] = [];
  for (let i = 0; i < count; i++) {
    const director = i === 0 ? own : new Director(shell, spaceOf(i), `172.31.${i}.2`);
    const cable = `link add farm%I netns ${farmNamespace} type veth peer name eth-farm`.replace('%I', String(i));
    if (i > 0) {
      await shell.run(`ip netns add ${director.namespace}`);
      others.push(director);
    }
    const netns = i === 0 ? '' : `-n ${director.namespace}`;
    const lines = ['link set lo up', cable, `address add ${director.address}/24 dev eth-farm`, 'link set eth-farm up'];
    lines.push(`address add fd00:${i}::2/64 dev eth-farm nodad`);
    lines.push(`route add 10.0.0.0/8 via 172.31.${i}.1`, `route add 2001:db8:1::/48 via fd00:${i}::1`);
    await shell.run(`ip ${netns} -batch - <<'END'\n${lines.join('\n')}\nEND`);
    farm.push(`address add 172.31.${i}.1/24 dev farm${i}`, `address add fd00:${i}::1/64 dev farm${i} nodad`);
    farm.push(`link set farm${i} up`);
  }
  await shell.run(`ip -n ${farmNamespace} -batch - <<'END'\n${farm.join('\n')}\nEND`);
  return [own, ...others];
}

/**
 * As much of it as there is. The kernel takes a namespace apart some time after its name is gone: the cable in the tests' own namespace is
 * to be gone at once, so that the next one may have its name.
 */
async function remove(shell: Shell, namespaces: readonly string[]): Promise<void> {
  const names = [farmNamespace, ...namespaces.filter((name) => name !== '')];
  const commands = [
    'ip link delete eth-farm',
    'ip route flush type unreachable',
    ...names.map((name) => `ip netns delete ${name}`),
  ];
  await shell.run(`{ ${commands.join('; ')}; } >/dev/null 2>&1; true`);
}
