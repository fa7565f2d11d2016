/** The `addresses` port on rtnetlink. */
import { errnoName } from '@mainstay/pacemaker';
import {
  type Addresses,
  type AddressKey,
  addressBytes,
  type ChangeResult,
  canonicalAddress,
  type InterfaceAddress,
  type NewAddress,
} from '@mainstay/sdk';
import { additionOf, addressKeyOf, removalOf } from './address-format.js';
import { failed, refusalText } from './refusal.js';
import type { Answer, Request, RequestChannel } from './request-channel.js';
import { flag, messageType } from './rtnetlink.js';
import type { Table, TableIndex } from './table.js';

const done: ChangeResult = { outcome: 'done' };
const unchanged: ChangeResult = { outcome: 'unchanged' };

export class LinuxAddresses implements Addresses {
  /** Peers of what was added and not removed since: a removal may be asked for before the copy shows the addition. */
  readonly #peers = new Map<string, string>();

  readonly #byLink: TableIndex<number, InterfaceAddress>;

  constructor(
    private readonly table: Table<InterfaceAddress>,
    private readonly channel: RequestChannel,
  ) {
    this.#byLink = table.indexBy(({ link }) => link);
  }

  list(): readonly InterfaceAddress[] {
    return this.table.values();
  }

  get(key: AddressKey): InterfaceAddress | undefined {
    const found = this.table.get(addressKeyOf(key)) ?? this.table.get(keyOf(key));
    return found?.prefixLength === key.prefixLength ? found : undefined;
  }

  onLink(link: number): readonly InterfaceAddress[] {
    return this.#byLink.of(link);
  }

  watch(listener: Parameters<Addresses['watch']>[0]): () => void {
    return this.table.watch(({ kind, value }) => listener({ kind, address: value }));
  }

  add(addresses: readonly NewAddress[]): Promise<readonly ChangeResult[]> {
    return this.#submit(addresses, ['EEXIST'], (wanted) => {
      if (wanted.peer !== undefined) this.#peers.set(keyOf(wanted), wanted.peer);
      return { type: messageType.newAddress, flags: flag.create | flag.exclusive, body: additionOf(wanted) };
    });
  }

  remove(addresses: readonly AddressKey[]): Promise<readonly ChangeResult[]> {
    // A link that is gone took its addresses along.
    return this.#submit(addresses, ['EADDRNOTAVAIL', 'ENODEV'], (key) => ({
      type: messageType.delAddress,
      flags: 0,
      body: removalOf(key, this.#forgetPeer(keyOf(key))),
    }));
  }

  #forgetPeer(key: string): string | undefined {
    const peer = this.#peers.get(key) ?? this.table.get(key)?.peer;
    this.#peers.delete(key);
    return peer;
  }

  /** Requests that cannot be written at all fail without being sent; the others keep their order. */
  async #submit<Key extends AddressKey>(
    keys: readonly Key[],
    harmless: readonly string[],
    requestFor: (key: Key) => Request,
  ): Promise<readonly ChangeResult[]> {
    const problems = keys.map(problemOf);
    const sound = keys.filter((_, i) => problems[i] === undefined);
    const answers = await this.channel.submit(sound.map(requestFor));
    let next = 0;
    return problems.map((problem) => problem ?? resultOf(answers[next++], harmless));
  }
}

/** The key of the copy, however the address is written. */
function keyOf(key: AddressKey): string {
  return addressKeyOf({ ...key, address: canonicalAddress(key.address) ?? key.address });
}

function resultOf(answer: Answer | undefined, harmless: readonly string[]): ChangeResult {
  if (answer === undefined || answer.errno === 0) return done;
  return harmless.includes(errnoName(answer.errno)) ? unchanged : failed(answer.errno, answer.text);
}

/** What the kernel would misread: an address of the wrong family, or a prefix longer than the address. */
function problemOf(key: AddressKey & Partial<NewAddress>): ChangeResult | undefined {
  const length = key.family === 4 ? 4 : 16;
  const texts = [key.address, key.peer, key.broadcast].filter((address) => address !== undefined);
  for (const address of texts) {
    if (canonicalAddress(address) === undefined || addressBytes(address).length !== length) {
      return { outcome: 'failed', error: refusalText('EINVAL', `"${address}" is not an IPv${key.family} address`) };
    }
  }
  if (key.prefixLength >= 0 && key.prefixLength <= length * 8) return undefined;
  return { outcome: 'failed', error: refusalText('EINVAL', `/${key.prefixLength} is no prefix length of IPv${key.family}`) };
}
