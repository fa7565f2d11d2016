/**
 * Which instances a change of a link, of an address or of a BFD session concerns, without asking each: with a thousand instances, a thousand
 * addresses that come at once would be a million questions. Kept and asked by manager.ts.
 */
import type { AddressEvent, LinkEvent, Links } from '@mainstay/sdk';
import type { InstanceConfig } from './instance-config.js';

interface Member {
  readonly config: InstanceConfig;
}

/** Sets of members by a text, such as the name of a link. */
class ByText<M> {
  private readonly sets = new Map<string, Set<M>>();

  of(text: string): Iterable<M> {
    return this.sets.get(text) ?? [];
  }
  add(text: string, member: M): void {
    const set = this.sets.get(text) ?? new Set<M>();
    this.sets.set(text, set.add(member));
  }
  delete(text: string, member: M): void {
    const set = this.sets.get(text);
    set?.delete(member);
    if (set?.size === 0) this.sets.delete(text);
  }
}

export class Concerns<M extends Member> {
  /** Members with the configuration under which they are filed. */
  private readonly members = new Map<M, InstanceConfig>();
  /** By the link that they are on, and by those that they track. */
  private readonly byInterface = new ByText<M>();
  private readonly byTracked = new ByText<M>();
  /** By the BFD sessions that they track. */
  private readonly bySession = new ByText<M>();
  /** By virtual addresses, and by the source address where that is tracked; on whatever link and with whatever length. */
  private readonly byAddress = new ByText<M>();
  /** A renamed link concerns those who know it by its old name, too. */
  private readonly names: Map<number, string>;

  constructor(private readonly links: Pick<Links, 'list' | 'byIndex'>) {
    this.names = new Map(links.list().map(({ index, name }) => [index, name]));
  }

  /** Files a member, or files it anew under a changed configuration. */
  set(member: M): void {
    if (this.members.get(member) === member.config) return;
    this.delete(member);
    this.members.set(member, member.config);
    this.file(member.config, (index, text) => index.add(text, member));
  }

  delete(member: M): void {
    const config = this.members.get(member);
    if (config === undefined) return;
    this.members.delete(member);
    this.file(config, (index, text) => index.delete(text, member));
  }

  ofLink({ kind, link }: LinkEvent): ReadonlySet<M> {
    const before = this.names.get(link.index) ?? link.name;
    if (kind === 'removed') this.names.delete(link.index);
    else this.names.set(link.index, link.name);
    const concerned = new Set<M>();
    for (const name of [before, link.name]) {
      for (const index of [this.byInterface, this.byTracked]) for (const member of index.of(name)) concerned.add(member);
    }
    return concerned;
  }

  /** An address of ours that comes or goes concerns only those who have it; any other may be somebody's source address. */
  ofAddress({ kind, address }: AddressEvent): Iterable<M> {
    const having = this.byAddress.of(address.address);
    if (address.isOurs && kind !== 'changed') return [...having];
    const name = this.names.get(address.link) ?? this.links.byIndex(address.link)?.name;
    if (name === undefined) return [...this.members.keys()];
    return new Set([...having, ...this.byInterface.of(name)]);
  }

  ofSession(name: string): readonly M[] {
    return [...this.bySession.of(name)];
  }

  private file(config: InstanceConfig, each: (index: ByText<M>, text: string) => void): void {
    each(this.byInterface, config.interface);
    for (const { name } of config.tracked) each(this.byTracked, name);
    for (const { name } of config.trackedSessions) each(this.bySession, name);
    for (const name of config.hints) each(this.bySession, name);
    for (const { address } of [...config.addresses, ...config.excluded]) each(this.byAddress, address);
    if (config.trackSource && config.source !== undefined) each(this.byAddress, config.source);
  }
}
