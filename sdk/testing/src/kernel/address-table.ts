/** The addresses of one simulated kernel, with Linux's rules for duplicates, secondaries and IPv6. */
import type { AddressEvent, AddressKey, ChangeResult, InterfaceAddress, NewAddress } from '@mainstay/sdk';
import { canonicalAddress, parseAddress } from '@mainstay/sdk';
import { inPrefix } from '../network/prefix.js';
import { type Errno, errnoTexts } from './errno.js';

export interface AddressRules {
  /** net.ipv4.conf.all.promote_secondaries: off, as Linux has it, a removed primary takes its secondaries along. */
  readonly promoteSecondaries: boolean;
}

export function failed(errno: Errno): ChangeResult {
  return { outcome: 'failed', error: `${errnoTexts[errno]} [${errno}]` };
}

const done: ChangeResult = { outcome: 'done' };
const unchanged: ChangeResult = { outcome: 'unchanged' };

function keyOf(a: AddressKey): string {
  // Linux keeps an IPv6 address once per link, whatever its prefix length; an IPv4 address once per prefix length.
  return a.family === 6 ? `${a.link} ${a.address}` : `${a.link} ${a.address}/${a.prefixLength}`;
}

/** Addresses of the family that they say, and a prefix that fits. */
function isSound({ family, prefixLength, address, peer, broadcast }: AddressKey & Partial<NewAddress>): boolean {
  const bits = family === 4 ? 32 : 128;
  if (!(prefixLength >= 0 && prefixLength <= bits)) return false;
  return [address, peer, broadcast].every((text) => text === undefined || parseAddress(text)?.length === bits / 8);
}

export class AddressTable {
  readonly #addresses = new Map<string, InterfaceAddress>();

  constructor(
    private readonly rules: AddressRules,
    private readonly notify: (event: AddressEvent) => void,
  ) {}

  list(): InterfaceAddress[] {
    return [...this.#addresses.values()];
  }
  all(): Iterable<InterfaceAddress> {
    return this.#addresses.values();
  }

  add(wanted: NewAddress, isOurs: boolean, isTentative: boolean): ChangeResult {
    if (!isSound(wanted)) return failed('EINVAL');
    const address: InterfaceAddress = {
      ...wanted,
      address: canonicalAddress(wanted.address) ?? wanted.address,
      isOurs,
      ...(isTentative ? { isTentative } : {}),
    };
    if (this.#addresses.has(keyOf(address))) return unchanged;
    this.#addresses.set(keyOf(address), address);
    this.notify({ kind: 'added', address });
    return done;
  }

  remove(key: AddressKey): ChangeResult {
    if (!isSound(key)) return failed('EINVAL');
    const found = this.#addresses.get(keyOf({ ...key, address: canonicalAddress(key.address) ?? key.address }));
    if (found === undefined || found.prefixLength !== key.prefixLength) return unchanged;
    const secondaries = this.rules.promoteSecondaries ? [] : this.#secondariesOf(found);
    for (const address of [...secondaries, found]) this.#drop(address);
    return done;
  }

  /** Removes whatever `test` picks, as a kernel does when a link goes away. */
  removeWhere(test: (address: InterfaceAddress) => boolean): void {
    for (const address of this.list()) if (test(address)) this.#drop(address);
  }

  /** Duplicate address detection ended without a duplicate. */
  confirm(key: AddressKey): void {
    const found = this.#addresses.get(keyOf(key));
    if (found?.isTentative !== true) return;
    const { isTentative: _, ...address } = found;
    this.#addresses.set(keyOf(key), address);
    this.notify({ kind: 'changed', address });
  }

  #drop(address: InterfaceAddress): void {
    this.#addresses.delete(keyOf(address));
    this.notify({ kind: 'removed', address });
  }

  /** IPv4 addresses that live on another one of the same network: those after the first. */
  #secondariesOf(primary: InterfaceAddress): InterfaceAddress[] {
    if (primary.family !== 4) return [];
    const sameNetwork = this.list().filter(
      (a) =>
        a.family === 4 &&
        a.link === primary.link &&
        a.prefixLength === primary.prefixLength &&
        inPrefix(a.address, primary.address, a.prefixLength),
    );
    return sameNetwork[0] === primary ? sameNetwork.slice(1) : [];
  }
}
