/** The port to the host's packet filter. It knows one thing: addresses of this host that it holds but does not answer for. */
import type { ChangeResult } from './network.js';

export interface Firewall {
  /**
   * From now on the host drops every packet to these addresses of its own, whoever sends it, except IPv6 neighbour
   * solicitations and advertisements; ARP is not touched either. So it can hold an address, and forward what others send
   * through it, without being reachable by it (RFC 9568 section 6.1, Accept_Mode false). Packets that are forwarded and
   * addresses that the host does not hold are not concerned: an address may be refused before it is assigned.
   *
   * `set` names the caller's addresses: lowercase letters, digits and hyphens, beginning with a letter, at most 24 characters.
   * What the set refused before is replaced, in one step and without a moment in between; other sets are untouched. No
   * address at all removes every trace of the set. The rules are the kernel's: they outlive this process, and go when somebody
   * empties the packet filter (`nft flush ruleset`), which a further call makes good.
   *
   * An address may be bound to the link on which packets arrive, as `fe80::1%eth0`; the link need not exist yet. A link-local
   * address should be, since other links may hold the same one.
   *
   * Calls take effect in their order, each in at most 3000 milliseconds. Never rejects: a `failed` result says why and what to
   * do, and whatever the set refused before is then still refused. `unchanged`: nothing was to be removed.
   */
  refuse(set: string, addresses: readonly string[]): Promise<ChangeResult>;
}
