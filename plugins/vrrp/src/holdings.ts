/**
 * The virtual addresses of one instance in the kernel: taken as master, released otherwise, exactly. Knows which are there on
 * our account, so that a removal by somebody else is told apart from our own. Used by instance.ts.
 */
import type { AddressEvent, AddressKey, ChangeResult, NewAddress, Ports } from '@mainstay/sdk';
import type { VirtualAddress } from './address-entry.js';
import type { InstanceConfig } from './instance-config.js';

interface Held {
  readonly address: NewAddress;
  readonly isTracked: boolean;
  /** An address owner's own address, there before us: it stays when we go. */
  readonly wasThere: boolean;
}

export interface TakeResult {
  /** False when the addresses were released while the kernel was at work. */
  readonly isCurrent: boolean;
  /** How many were added now. */
  readonly added: number;
  readonly held: readonly NewAddress[];
  readonly failures: readonly string[];
}

function keyOf({ link, address, prefixLength }: AddressKey): string {
  return `${link} ${address}/${prefixLength}`;
}

export function textOf({ address, prefixLength }: Pick<VirtualAddress, 'address' | 'prefixLength'>): string {
  return `${address}/${prefixLength}`;
}

function toKernel(vip: VirtualAddress, link: number): NewAddress {
  const { address, family, prefixLength, scope, broadcast, label, peer, preferredLifetime } = vip;
  return {
    link,
    address,
    family,
    prefixLength,
    scope,
    ...(broadcast !== undefined && { broadcast }),
    ...(label !== undefined && { label }),
    ...(peer !== undefined && { peer }),
    ...(preferredLifetime !== undefined && { preferredLifetime }),
    ...(vip.home && { home: true }),
    ...(vip.manageTemporary && { manageTemporary: true }),
    ...(vip.noPrefixRoute && { noPrefixRoute: true }),
    ...(vip.autoJoin && { autoJoin: true }),
    // A takeover cannot wait for duplicate address detection, which would find the old master (RFC 9568 section 8.2.3).
    ...(family === 6 && !vip.detectsDuplicates && { noDad: true }),
  };
}

export class Holdings {
  private readonly held = new Map<string, Held>();
  /** Asked of the kernel and not answered yet; the last request for an address counts. */
  private readonly underWay = new Map<string, Held>();
  private epoch = 0;
  private partialReleases = 0;

  constructor(private readonly ports: Pick<Ports, 'addresses' | 'links'>) {}

  /** Addresses that are in the kernel on our account, each with its link. */
  get current(): readonly NewAddress[] {
    return [...this.held.values()].map(({ address }) => address);
  }

  /** Adds what the configuration lists and is not held; answers when the kernel has answered. */
  async take(config: InstanceConfig): Promise<TakeResult> {
    const epoch = ++this.epoch;
    const { wanted, missing } = this.resolve(config);
    const fresh = wanted
      .filter(({ address }) => !this.held.has(keyOf(address)))
      .map(({ address, isTracked }): Held => {
        const key = keyOf(address);
        return { address, isTracked, wasThere: this.underWay.get(key)?.wasThere ?? this.isForeign(address, config) };
      });
    for (const asked of fresh) this.underWay.set(keyOf(asked.address), asked);
    const results = await this.ports.addresses.add(fresh.map(({ address }) => address));
    const failures = fresh.flatMap((asked, i) => this.settle(asked, results[i] ?? { outcome: 'failed', error: 'no answer' }));
    return { isCurrent: epoch === this.epoch, added: fresh.length, held: this.current, failures: [...missing, ...failures] };
  }

  /** Removes everything that is held, and what a `take` under way will have added: the kernel gets the requests in order. */
  release(): Promise<readonly string[]> {
    this.epoch++;
    const gone = [...this.held.values(), ...this.underWay.values()];
    this.held.clear();
    this.underWay.clear();
    return this.remove(gone.filter(({ wasThere }) => !wasThere).map(({ address }) => address));
  }

  /** What `take` would ask for now. */
  missing(config: InstanceConfig): readonly NewAddress[] {
    const wanted = this.resolve(config).wanted.map(({ address }) => address);
    return wanted.filter((address) => !this.held.has(keyOf(address)));
  }

  /** Removes what was added in our name although we do not hold it: a takeover that was begun and did not come. */
  withdraw(config: InstanceConfig): Promise<readonly string[]> {
    return this.remove(this.missing(config).filter((address) => !this.isForeign(address, config)));
  }

  /** Removes what a crash left behind: a backup must not hold a virtual address, whoever put it there. */
  async clean(config: InstanceConfig): Promise<{ readonly removed: readonly string[]; readonly failures: readonly string[] }> {
    const leftovers = this.present(config);
    const results = leftovers.length === 0 ? [] : await this.ports.addresses.remove(leftovers);
    const removed = leftovers.filter((_, i) => results[i]?.outcome !== 'failed').map(textOf);
    return { removed, failures: failuresOf(leftovers, results) };
  }

  /** What is there and not the host's own: before anything is taken, an earlier process left it. */
  leftovers(config: InstanceConfig): readonly string[] {
    return this.present(config).map(textOf);
  }

  private present(config: InstanceConfig): readonly NewAddress[] {
    return this.resolve(config)
      .wanted.map(({ address }) => address)
      .filter((address) => this.ports.addresses.get(address) !== undefined && !this.isForeign(address, config));
  }

  /** The host's own: only an address owner shares its addresses with the host's configuration (RFC 9568 section 6.1). */
  private isForeign(address: AddressKey, config: InstanceConfig): boolean {
    return config.basePriority === 255 && this.ports.addresses.get(address)?.isOurs === false;
  }

  /** Releases addresses that the configuration no longer lists, or lists with other options (a reload). */
  async releaseUnlisted(config: InstanceConfig): Promise<readonly string[]> {
    const wanted = new Map(this.resolve(config).wanted.map(({ address }) => [keyOf(address), JSON.stringify(address)]));
    const gone = [...this.held, ...this.underWay].filter(([key, { address }]) => wanted.get(key) !== JSON.stringify(address));
    for (const [key] of gone) {
      this.held.delete(key);
      this.underWay.delete(key);
    }
    this.partialReleases++;
    const failures = await this.remove(gone.filter(([, { wasThere }]) => !wasThere).map(([, { address }]) => address));
    this.partialReleases--;
    return failures;
  }

  /**
   * Our tracked address, where the event says that somebody else removed one; forgets it. With a subnet's first address the
   * kernel may remove the others of that subnet (promote_secondaries off): while we release some, that is our own doing, and
   * the `take` that follows puts the others back.
   */
  lostBy(event: AddressEvent): string | undefined {
    if (event.kind !== 'removed') return undefined;
    const key = keyOf(event.address);
    const held = this.held.get(key);
    if (held === undefined) return undefined;
    this.held.delete(key);
    return held.isTracked && this.partialReleases === 0 ? textOf(event.address) : undefined;
  }

  /** The kernel's answer about one address: held from now on, unless it was released or asked for again meanwhile. */
  private settle(asked: Held, result: ChangeResult): readonly string[] {
    const key = keyOf(asked.address);
    const isWanted = this.underWay.get(key) === asked;
    if (isWanted) this.underWay.delete(key);
    if (result.outcome === 'failed') return [`${textOf(asked.address)}: ${result.error}`];
    if (isWanted) this.held.set(key, asked);
    return [];
  }

  private async remove(addresses: readonly AddressKey[]): Promise<readonly string[]> {
    if (addresses.length === 0) return [];
    return failuresOf(addresses, await this.ports.addresses.remove(addresses));
  }

  /** Configured addresses with the links they go to; those whose link is missing are named. */
  private resolve(config: InstanceConfig): { wanted: { address: NewAddress; isTracked: boolean }[]; missing: string[] } {
    const wanted: { address: NewAddress; isTracked: boolean }[] = [];
    const missing: string[] = [];
    for (const vip of [...config.addresses, ...config.excluded]) {
      const name = vip.dev ?? config.interface;
      const link = this.ports.links.get(name);
      if (link === undefined) missing.push(`${textOf(vip)}: interface ${name} does not exist`);
      else wanted.push({ address: toKernel(vip, link.index), isTracked: vip.isTracked });
    }
    return { wanted, missing };
  }
}

function failuresOf(addresses: readonly AddressKey[], results: readonly ChangeResult[]): readonly string[] {
  return addresses.flatMap((address, i) => {
    const result = results[i];
    return result?.outcome === 'failed' ? [`${textOf(address)}: ${result.error}`] : [];
  });
}
