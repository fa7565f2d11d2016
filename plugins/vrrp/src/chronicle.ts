/** What one virtual router tells of itself: events for hooks, lines for the log, counters, and what was last. Kept by instance.ts. */
import type { HookNameOf, PayloadOf, Run, VrrpIdentity, VrrpReason, VrrpState } from '@mainstay/sdk';
import type { Afterwards } from './afterwards.js';
import type { InstanceConfig } from './instance-config.js';
import type { DropCause, Receipt } from './receive.js';
import type { Effect, MasterSeen } from './states.js';
import { newStatistics, type Statistics } from './statistics.js';

export interface Transition {
  readonly state: VrrpState;
  readonly reason: VrrpReason;
  readonly detail: string;
  readonly at: number;
}

type ObserveName = Extract<HookNameOf<'observe'>, `vrrp.${string}`>;

export class Chronicle {
  readonly counted = newStatistics();
  last: Transition;
  master: (MasterSeen & { readonly since: number }) | undefined;
  private readonly warned = new Set<DropCause | 'address-list'>();

  constructor(
    private readonly run: Run,
    private readonly afterwards: Afterwards,
    private readonly configOf: () => InstanceConfig,
  ) {
    this.last = { state: 'initialize', reason: 'startup', detail: 'starting', at: run.clock.wall() };
  }

  get identity(): VrrpIdentity {
    const { name, interface: link, virtualRouterId, family } = this.configOf();
    return { instance: name, interface: link, virtualRouterId, family };
  }

  /** Somebody wants to see each advertisement. */
  get isSeen(): boolean {
    return this.run.hooks.isTapped('vrrp.advert', this.configOf().name);
  }

  /** With what the pacemaker sent and heard in the name of this router. */
  countedWith({ sent, heard }: { readonly sent: number; readonly heard: number }): Statistics {
    const { advertsSent, advertsReceived } = this.counted;
    return { ...this.counted, advertsSent: advertsSent + sent, advertsReceived: advertsReceived + heard };
  }

  /** An advertisement has left, to every destination. */
  advertised(priority: number): void {
    this.counted.advertsSent++;
    if (priority === 0) this.counted.priorityZeroSent++;
  }

  /** Advertisements have left, one for each destination. */
  sent(packets: readonly { readonly source: string; readonly destination: string }[], priority: number): void {
    for (const ends of packets) this.adverted('sent', priority, this.configOf().advertIntervalMs, ends);
  }

  private adverted(
    direction: 'sent' | 'received',
    priority: number,
    intervalMs: number,
    { source, destination }: { readonly source: string; readonly destination: string },
  ): void {
    if (!this.isSeen) return;
    const { version } = this.configOf();
    this.emit('vrrp.advert', {
      ...this.identity,
      direction,
      version,
      priority,
      intervalMs,
      source,
      destination,
      at: this.now,
    });
  }

  masterSeen(master: MasterSeen | undefined): void {
    const before = this.master;
    const since = before !== undefined && before.address === master?.address ? before.since : this.now;
    this.master = master && { ...master, since };
    const about = master ?? before;
    if (about === undefined) return;
    const change = master === undefined ? 'vanished' : before?.address === master.address ? 'changed' : 'appeared';
    const { address: peer, priority } = about;
    this.emit('vrrp.peerChanged', { ...this.identity, peer, priority, change, at: this.now });
  }

  lowerPriorityReceived(peer: string, peerPriority: number, priority: number): void {
    this.log('warn', `${peer} advertises the lower priority ${peerPriority} as master: answered, addresses announced again`);
    this.emit('vrrp.lowerPriorityReceived', { ...this.identity, peer, peerPriority, priority, at: this.now });
  }

  priorityChanged(state: VrrpState, from: number, to: number): void {
    this.log('info', `Effective priority is now ${to}, was ${from}`);
    this.emit('vrrp.priorityChanged', { ...this.identity, state, from, to, at: this.now });
  }

  transitioned({ from, to, reason, detail }: Extract<Effect, { kind: 'transitioned' }>, priority: number): void {
    const state: VrrpState = to === 'stopped' && reason === 'removed' ? 'deleted' : to;
    const at = this.now;
    this.last = { state, reason, detail, at };
    if (to === 'fault' || to === 'stopped') this.master = undefined;
    this.warned.clear();
    if (to === 'master') this.counted.becameMaster++;
    if (from === 'master') this.counted.releasedMaster++;
    this.log(state === 'fault' ? 'error' : 'info', `Entering ${state.toUpperCase()} STATE (was ${from}): ${detail}`);
    this.emit('vrrp.transitioned', { ...this.identity, from, to: state, reason, detail, priority, at });
    if (state === 'deleted') this.forget();
  }

  /** A packet and what was thought of it. */
  received(packet: { readonly source: string; readonly destination: string }, receipt: Receipt): void {
    const { source } = packet;
    if (!receipt.ok) {
      this.counted.dropped[receipt.cause]++;
      this.warnOnce(receipt.cause, `advertisement from ${source} dropped: ${receipt.detail}`);
      return;
    }
    const { priority, intervalMs, addresses } = receipt.advert;
    this.counted.advertsReceived++;
    if (priority === 0) this.counted.priorityZeroReceived++;
    if (receipt.isAddressListDifferent) {
      this.counted.addressListMismatches++;
      const message = `${source} advertises other addresses (${addresses.join(', ')}) than are configured here`;
      this.warnOnce('address-list', message);
    }
    this.adverted('received', priority, intervalMs, packet);
  }

  log(level: 'info' | 'warn' | 'error', message: string): void {
    const line = `(${this.configOf().name}) ${message}`;
    this.afterwards.do(() => this.run.log[level](line));
  }

  private get now(): number {
    return this.run.clock.wall();
  }

  private emit<Name extends ObserveName>(name: Name, payload: PayloadOf<Name>): void {
    const key = this.configOf().name;
    this.afterwards.do(() => this.run.hooks.observe(name, key, payload));
  }

  /** Whoever starts later does not hear of it. */
  private forget(): void {
    const key = this.configOf().name;
    this.afterwards.do(() => this.run.hooks.forget('vrrp.transitioned', key));
  }

  /** Said once for each cause and state, as a flood of bad packets must not become a flood of lines. */
  private warnOnce(cause: DropCause | 'address-list', message: string): void {
    if (this.warned.has(cause)) return;
    this.warned.add(cause);
    this.log('warn', message);
  }
}
