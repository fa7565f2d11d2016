/** The packet filter of one simulated kernel: the addresses of the host that it refuses, by set. Kept over a crash of a process. */
import { type ChangeResult, canonicalAddress, familyOf } from '@mainstay/sdk';
import { failed } from './address-table.js';

const setName = /^[a-z][a-z0-9-]{0,23}$/;
const linkName = /^(?!\.\.?$)[^\s/:"*\\%]{1,15}$/;

export class Firewall {
  readonly #sets = new Map<string, ReadonlySet<string>>();

  /** Names of the sets that refuse something. */
  get sets(): readonly string[] {
    return [...this.#sets.keys()];
  }

  /** The addresses that a set refuses, in their canonical text. */
  refusedBy(set: string): readonly string[] {
    return [...(this.#sets.get(set) ?? [])];
  }

  refuse(set: string, addresses: readonly string[]): ChangeResult {
    if (!setName.test(set)) return failed('EINVAL');
    const canonical = addresses.map(canonicalScoped);
    if (canonical.includes(undefined)) return failed('EINVAL');
    if (addresses.length === 0) return { outcome: this.#sets.delete(set) ? 'done' : 'unchanged' };
    this.#sets.set(set, new Set(canonical.flatMap((address) => address ?? [])));
    return { outcome: 'done' };
  }

  /** True where packets to this address that arrive on this link are dropped. */
  refuses(address: string, link: string): boolean {
    for (const refused of this.#sets.values()) if (refused.has(address) || refused.has(`${address}%${link}`)) return true;
    return false;
  }

  /** `nft flush ruleset`, or a power cut. */
  flush(): void {
    this.#sets.clear();
  }
}

/** `ADDRESS` or, of IPv6, `ADDRESS%LINK`. */
function canonicalScoped(text: string): string | undefined {
  const [written = '', link, more] = text.split('%');
  const address = canonicalAddress(written);
  if (address === undefined || link === undefined) return more === undefined ? address : undefined;
  return familyOf(address) === 6 && more === undefined && linkName.test(link) ? `${address}%${link}` : undefined;
}
