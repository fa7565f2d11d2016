/**
 * One virtual router at work: feeds the pure machine with packets, timers, links and addresses, commits its transitions in one
 * place, and performs its effects through ports. Created and configured by manager.ts.
 */
import {
  type AddressEvent,
  type Clock,
  type HookNameOf,
  messageOf,
  type PayloadOf,
  type RawIpPacket,
  type Timer,
  type VrrpIdentity,
  type VrrpState,
} from '@mainstay/sdk';
import { sendAdverts } from './adverts.js';
import { Announcer } from './announcer.js';
import { Faults } from './faults.js';
import { HoldLimit } from './hold.js';
import { Holdings, textOf } from './holdings.js';
import type { InstanceConfig } from './instance-config.js';
import { deadlineOf, type Effect, type Event, initialState, type MasterSeen, type State } from './machine.js';
import type { ChecksumForm } from './packet.js';
import { type EffectivePriority, effectivePriority } from './priority.js';
import { type DropCause, receive } from './receive.js';
import { mayChangeSource, sourceAddress } from './source.js';
import { newStatistics } from './statistics.js';
import type { Surroundings, Transition } from './surroundings.js';
import type { Attachment } from './wire.js';

export class Instance {
  readonly statistics = newStatistics();
  private readonly clock: Clock;
  private readonly holdings: Holdings;
  private readonly announcer: Announcer;
  private readonly queue: Event[] = [];
  private isStepping = false;
  private state: State;
  private timer: Timer | undefined;
  private timerAt: number | undefined;
  private wire: Attachment | undefined;
  private checksum: ChecksumForm;
  private readonly faulty: Faults;
  private readonly hold: HoldLimit;
  private releasing: Promise<void> = Promise.resolve();
  private isStarted = false;
  private isStopped = false;
  private readonly warned = new Set<DropCause | 'address-list'>();
  /** What the status page and `explain` read. */
  last: Transition;
  priority: EffectivePriority;
  master: { readonly address: string; readonly priority: number; readonly since: number } | undefined;
  source: string | undefined;

  constructor(
    public config: InstanceConfig,
    private readonly around: Surroundings,
  ) {
    const { run } = around;
    this.clock = run.clock;
    this.holdings = new Holdings(run.ports);
    this.faulty = new Faults(this.clock, this.linkOf, () => this.refresh());
    this.announcer = new Announcer(this.clock, (times) => this.announceAll(times));
    this.hold = new HoldLimit(run, (level, message) => this.log(level, message));
    this.checksum = config.checksum;
    this.priority = effectivePriority(config, this.identity, this.linkOf, run);
    this.state = initialState(this.priority.value);
    this.last = { state: 'initialize', reason: 'startup', detail: 'starting', at: this.clock.wall() };
  }

  get identity(): VrrpIdentity {
    const { name, interface: link, virtualRouterId, family } = this.config;
    return { instance: name, interface: link, virtualRouterId, family };
  }

  get heldAddresses(): readonly string[] {
    return this.holdings.current.map(textOf);
  }

  /** Why this router cannot serve; empty when it can. */
  get faults(): readonly string[] {
    return this.faulty.list(this.config, this.source);
  }

  /** Clears what a crash left, then listens (or, as the owner, takes over). */
  async start(): Promise<void> {
    const leftovers = await this.holdings.clean(this.config);
    if (leftovers.length > 0) this.log('warn', `removed ${leftovers.join(', ')}, left over from an earlier run`);
    if (this.isStopped) return;
    this.isStarted = true;
    this.attach();
    const { faults } = this;
    this.dispatch(faults.length === 0 ? { kind: 'start' } : { kind: 'fault', why: faults.join('; ') });
  }

  /** Resigns, releases the addresses and closes; `removed` when a reload took the instance out of the configuration. */
  async stop(reason: 'shutdown' | 'removed', keepAddresses = false): Promise<void> {
    if (keepAddresses) this.closeTimers();
    else this.dispatch({ kind: 'stop', reason });
    this.isStarted = false;
    this.isStopped = true;
    this.closeTimers();
    await this.releasing;
    this.wire?.detach();
    this.wire = undefined;
  }

  /** Releases what a new configuration no longer lists, before `update`: another instance may take it over. */
  letGo(config: InstanceConfig): Promise<void> {
    return this.holdings.releaseUnlisted(config);
  }

  /** After `letGo`: takes over a configuration of the same identity (interface, family, VRID, transport); mastership stays. */
  async update(config: InstanceConfig): Promise<void> {
    const isSameAnnouncing = JSON.stringify(config.announce) === JSON.stringify(this.config.announce);
    this.config = config;
    this.checksum = config.checksum;
    this.refresh();
    if (this.state.kind === 'master') await this.takeAddresses(!isSameAnnouncing);
  }

  /** A link changed, or addresses did: source, faults and priority follow. */
  refresh(): void {
    if (!this.isStarted) return;
    this.attach();
    this.refreshPriority();
    this.refreshFaults();
  }

  onAddress(event: AddressEvent): void {
    if (!this.isStarted) return;
    const lost = this.holdings.lostBy(event);
    if (lost !== undefined) this.dispatch({ kind: 'addressLost', address: lost });
    if (event.address.link === this.wire?.link && mayChangeSource(this.config, this.source, event)) this.refreshSource();
  }

  /** Asks for the effective priority again; hooks may answer differently as time goes by. */
  refreshPriority(): void {
    const before = this.state.priority;
    this.priority = effectivePriority(this.config, this.identity, this.linkOf, this.around.run);
    const to = this.priority.value;
    if (to === before) return;
    this.log('info', `Effective priority is now ${to}, was ${before}`);
    this.dispatch({ kind: 'priority', priority: to });
    this.emit('vrrp.priorityChanged', { ...this.identity, state: this.state.kind, from: before, to, at: this.clock.wall() });
  }

  private readonly linkOf = (name: string) => this.around.run.ports.links.get(name);

  /** Opens the wire on the link as it is now; the link may have been deleted and made again with another index. */
  private attach(): void {
    const link = this.linkOf(this.config.interface);
    if (this.wire !== undefined && this.wire.link !== link?.index) {
      this.wire.detach();
      this.wire = undefined;
    }
    if (link?.isUp === true && this.wire === undefined) {
      const { virtualRouterId, family, isUnicast, group } = this.config;
      const receiver = {
        virtualRouterId,
        onPacket: (packet: RawIpPacket) => this.onPacket(packet),
        ...(!isUnicast && { group }),
      };
      try {
        this.wire = this.around.wires.attach(link.index, family, receiver);
        this.faulty.forgive('socket');
      } catch (error) {
        this.faulty.refuse('socket', `no socket on ${link.name}: ${messageOf(error)}`);
      }
    }
    this.source = link && sourceAddress(this.config, link.index, this.around.run.ports.addresses.onLink(link.index));
  }

  private refreshSource(): void {
    const before = this.source;
    this.attach();
    if (before !== this.source) this.refreshFaults();
  }

  private refreshFaults(): void {
    const faults = this.faults;
    if (faults.length > 0) this.dispatch({ kind: 'fault', why: faults.join('; ') });
    else this.dispatch({ kind: 'faultCleared' });
  }

  /** Events raised while one is handled wait their turn. */
  private dispatch(event: Event): void {
    this.queue.push(event);
    if (this.isStepping) return;
    this.isStepping = true;
    try {
      for (let next = this.queue.shift(); next !== undefined; next = this.queue.shift()) this.commit(next);
    } finally {
      this.isStepping = false;
    }
    this.armTimer();
  }

  /** The one door through which the state changes. */
  private commit(event: Event): void {
    const now = this.clock.now();
    const before = this.state;
    let result = this.around.step(before, event, this.config, now);
    const becoming = result.effects.find((effect) => effect.kind === 'transitioned');
    if (before.kind === 'backup' && becoming?.to === 'master') {
      const until = this.hold.heldUntil(this.identity, becoming.reason, before.priority, now);
      if (until !== undefined) result = this.around.step(before, { kind: 'hold', until }, this.config, now);
    }
    // A router that restarts its Master_Down_Timer follows a master again: the next hold is a new one.
    if (event.kind === 'advert' && result.state.kind === 'backup' && result.state.expiry === 'master-down') this.hold.reset();
    this.state = result.state;
    for (const effect of result.effects) this.perform(effect);
  }

  private armTimer(): void {
    const deadline = deadlineOf(this.state);
    if (deadline === this.timerAt) return;
    this.timer?.cancel();
    this.timerAt = deadline;
    this.timer =
      deadline === undefined
        ? undefined
        : this.clock.at(deadline, () => {
            this.timerAt = undefined;
            if (this.state.kind === 'master') this.refreshPriority();
            this.dispatch({ kind: 'timer' });
          });
  }

  private closeTimers(): void {
    this.timer?.cancel();
    this.faulty.close();
    this.announcer.stop();
  }

  private perform(effect: Effect): void {
    switch (effect.kind) {
      case 'sendAdvert':
        this.sendAdvert(effect.priority);
        break;
      case 'addAddresses':
        void this.takeAddresses(true);
        break;
      case 'removeAddresses':
        this.announcer.stop();
        this.releasing = this.logFailures(this.holdings.release());
        break;
      case 'announceAgain':
        this.announcer.again(this.config.announce);
        break;
      case 'lowerPriorityReceived':
        this.lowerPriorityReceived(effect.source, effect.priority);
        break;
      case 'masterSeen':
        this.masterSeen(effect.master);
        break;
      case 'transitioned':
        this.transitioned(effect);
        break;
      default:
        effect satisfies never;
    }
  }

  private sendAdvert(priority: number): void {
    if (this.wire === undefined || this.source === undefined) return;
    for (const ends of sendAdverts(this.wire, this.config, priority, this.source, this.checksum)) {
      this.adverted('sent', priority, this.config.advertIntervalMs, ends);
    }
    this.statistics.advertsSent++;
    if (priority === 0) this.statistics.priorityZeroSent++;
  }

  /** `announcesAll`: also where nothing was added. */
  private async takeAddresses(announcesAll: boolean): Promise<void> {
    const { isCurrent, added, held, failures } = await this.holdings.take(this.config);
    for (const failure of failures) this.log('error', `virtual address not added: ${failure}`);
    if (!isCurrent || this.state.kind !== 'master') return;
    const wanted = this.config.addresses.length + this.config.excluded.length;
    if (wanted > 0 && held.length === 0) {
      this.faulty.refuse('kernel', `the kernel refused every virtual address: ${failures.join('; ')}`);
      this.refreshFaults();
    } else if (announcesAll || added > 0) this.announcer.start(this.config.announce);
  }

  private announceAll(times: number): void {
    for (const address of this.holdings.current) {
      this.around.neighbours.announce(address, this.config.announce, times, () => this.state.kind === 'master');
    }
  }

  private async logFailures(release: Promise<readonly string[]>): Promise<void> {
    for (const failure of await release)
      this.log('error', `virtual address not removed: ${failure}: another router may hold it too`);
  }

  private onPacket(packet: RawIpPacket): void {
    const receipt = receive(packet, this.config, this.source);
    if (!receipt.ok) {
      this.statistics.dropped[receipt.cause]++;
      this.warnOnce(receipt.cause, `advertisement from ${packet.source} dropped: ${receipt.detail}`);
      return;
    }
    const { advert } = receipt;
    this.statistics.advertsReceived++;
    if (advert.priority === 0) this.statistics.priorityZeroReceived++;
    if (receipt.isAddressListDifferent) {
      this.statistics.addressListMismatches++;
      this.warnOnce(
        'address-list',
        `${packet.source} advertises other addresses (${advert.addresses.join(', ')}) than are configured here`,
      );
    }
    if (receipt.checksum === 'multicast' && this.config.isUnicast) this.checksum = 'multicast';
    this.adverted('received', advert.priority, advert.intervalMs, packet);
    const { priority, intervalMs } = advert;
    this.dispatch({ kind: 'advert', source: packet.source, priority, intervalMs, ownSource: this.source ?? packet.destination });
  }

  private adverted(
    direction: 'sent' | 'received',
    priority: number,
    intervalMs: number,
    ends: { source: string; destination: string },
  ): void {
    const { source, destination } = ends;
    if (!this.around.run.hooks.isTapped('vrrp.advert', this.config.name)) return;
    const { version } = this.config;
    this.emit('vrrp.advert', {
      ...this.identity,
      direction,
      version,
      priority,
      intervalMs,
      source,
      destination,
      at: this.clock.wall(),
    });
  }

  private masterSeen(master: MasterSeen | undefined): void {
    const before = this.master;
    const since = before !== undefined && before.address === master?.address ? before.since : this.clock.wall();
    this.master = master && { ...master, since };
    const about = master ?? before;
    if (about === undefined) return;
    const change = master === undefined ? 'vanished' : before?.address === master.address ? 'changed' : 'appeared';
    const { address: peer, priority } = about;
    this.emit('vrrp.peerChanged', { ...this.identity, peer, priority, change, at: this.clock.wall() });
  }

  private lowerPriorityReceived(peer: string, peerPriority: number): void {
    const { priority } = this.state;
    this.log('warn', `${peer} advertises the lower priority ${peerPriority} as master: answered, addresses announced again`);
    this.emit('vrrp.lowerPriorityReceived', { ...this.identity, peer, peerPriority, priority, at: this.clock.wall() });
  }

  private transitioned({ from, to, reason, detail }: Extract<Effect, { kind: 'transitioned' }>): void {
    const state: VrrpState = to === 'stopped' && reason === 'removed' ? 'deleted' : to;
    const at = this.clock.wall();
    this.last = { state, reason, detail, at };
    if (to === 'fault' || to === 'stopped') this.master = undefined;
    this.warned.clear();
    if (to === 'master') this.statistics.becameMaster++;
    if (from === 'master') this.statistics.releasedMaster++;
    this.hold.reset();
    this.log(state === 'fault' ? 'error' : 'info', `Entering ${state.toUpperCase()} STATE (was ${from}): ${detail}`);
    this.emit('vrrp.transitioned', { ...this.identity, from, to: state, reason, detail, priority: this.state.priority, at });
  }

  private emit<Name extends Extract<HookNameOf<'observe'>, `vrrp.${string}`>>(name: Name, payload: PayloadOf<Name>): void {
    this.around.run.hooks.observe(name, this.config.name, payload);
  }

  /** Said once for each cause and state, as a flood of bad packets must not become a flood of lines. */
  private warnOnce(cause: DropCause | 'address-list', message: string): void {
    if (this.warned.has(cause)) return;
    this.warned.add(cause);
    this.log('warn', message);
  }

  private log(level: 'info' | 'warn' | 'error', message: string): void {
    this.around.run.log[level](`(${this.config.name}) ${message}`);
  }
}
