/**
 * One virtual router at work: feeds the pure machine with packets, timers, links and addresses, commits its transitions in one
 * place, and performs its effects through ports. Created and configured by manager.ts.
 */
import { type ActionResult, type AddressEvent, type BeaconEnd, type Clock, type HeardPacket, messageOf } from '@mainstay/sdk';
import { Chronicle } from './chronicle.js';
import { Faults, type Views } from './faults.js';
import { handedOver, refusalToHandOver } from './hand-over.js';
import { Hints } from './hints.js';
import { HoldLimit } from './hold.js';
import type { InstanceConfig } from './instance-config.js';
import { deadlineOf, initialState } from './machine.js';
import type { ChecksumForm } from './packet.js';
import { Possession } from './possession.js';
import { type EffectivePriority, effectivePriority } from './priority.js';
import { grainMs, Pulse, type Voice } from './pulse.js';
import { hopLimitsOf, receive } from './receive.js';
import { mayChangeSource, sourceAddress } from './source.js';
import { type Effect, type Event, type Occurrence, type State, visible } from './states.js';
import type { Statistics } from './statistics.js';
import type { Surroundings } from './surroundings.js';
import type { Attachment } from './wire.js';

export class Instance {
  private readonly clock: Clock;
  readonly possession: Possession;
  private readonly queue: Occurrence[] = [];
  private isStepping = false;
  private state: State;
  private readonly pulse: Pulse;
  private wire: Attachment | undefined;
  /** Whether hooks see each advertisement, as the pacemaker was told last. */
  private wasSeen = false;
  /** Who waits for the end of a resignation. */
  private readonly whenLetGo: (() => void)[] = [];
  private checksum: ChecksumForm;
  private readonly faulty: Faults;
  private readonly hold: HoldLimit;
  private readonly hints: Hints;
  private readonly views: Views;
  private isStarted = false;
  private isStopped = false;
  /** What the status page and `explain` read. */
  readonly chronicle: Chronicle;
  priority: EffectivePriority;
  source: string | undefined;

  constructor(
    public config: InstanceConfig,
    private readonly around: Surroundings,
  ) {
    const { run } = around;
    this.clock = run.clock;
    this.chronicle = new Chronicle(run, around.afterwards, () => this.config);
    this.views = { linkOf: this.linkOf, sessionOf: around.sessionOf };
    this.possession = new Possession(around, this.possessor());
    this.faulty = new Faults(this.clock, this.views, () => this.refresh());
    this.pulse = new Pulse({
      isSeen: () => this.chronicle.isSeen,
      onEnd: (end) => this.onEnd(end),
      onSent: (packets, priority) => this.chronicle.sent(packets, priority),
    });
    this.hold = new HoldLimit(run, (level, message) => this.chronicle.log(level, message));
    this.hints = new Hints((message) => this.chronicle.log('warn', message));
    this.checksum = config.checksum;
    this.priority = effectivePriority(config, this.chronicle.identity, this.views, run);
    this.state = initialState(this.priority.value);
  }

  /** With what the pacemaker sent and heard in the name of this router. */
  get statistics(): Statistics {
    return this.chronicle.countedWith(this.pulse);
  }

  /** Has said priority 0, and answers on the addresses until another router does. */
  get isResigning(): boolean {
    return this.state.kind === 'resigning';
  }

  /** Why this router cannot serve; empty when it can. */
  get faults(): readonly string[] {
    return this.faulty.list(this.config, this.source);
  }

  /** Clears what a crash left, then listens (or, as the owner, takes over). */
  async start(): Promise<void> {
    await this.possession.clean();
    if (this.isStopped) return;
    this.isStarted = true;
    this.attach();
    const { faults } = this;
    this.dispatch(faults.length === 0 ? { kind: 'start' } : { kind: 'fault', why: faults.join('; ') });
  }

  /**
   * Resigns, releases the addresses and closes; `removed` when a reload took the instance out of the configuration. Answers the addresses
   * that the kernel keeps.
   */
  async stop(reason: 'shutdown' | 'removed', keepAddresses = false): Promise<readonly string[]> {
    this.isStopped = true;
    const { isStarted } = this;
    if (!keepAddresses) {
      this.dispatch({ kind: 'stop', reason });
      await this.letGoOf();
      // A fault may have ended the resignation.
      if (this.state.kind === 'fault') this.dispatch({ kind: 'stop', reason });
    }
    // What the pacemaker may be doing at this moment must be undone.
    await this.pulse.settled(this.clock);
    this.isStarted = false;
    this.closeTimers();
    const stays = await this.possession.end(isStarted, keepAddresses);
    this.wire?.detach();
    this.wire = undefined;
    return stays;
  }

  /** Gives mastership to another router; answers what came of it. */
  async handOver(): Promise<ActionResult> {
    const { last } = this.chronicle;
    const refusal = refusalToHandOver(this.config.name, this.state, last);
    if (refusal !== undefined) return refusal;
    this.dispatch({ kind: 'handOver' });
    await this.letGoOf();
    return handedOver(this.config.name, this.chronicle.last);
  }

  /** Settles when a resignation under way has come to its end. */
  private async letGoOf(): Promise<void> {
    if (this.isResigning) await new Promise<void>((resolve) => this.whenLetGo.push(resolve));
  }

  /** After `releaseUnlisted`: takes over a configuration of the same identity (interface, family, VRID, transport); mastership stays. */
  async update(config: InstanceConfig): Promise<void> {
    const isSameAnnouncing = JSON.stringify(config.announce) === JSON.stringify(this.config.announce);
    this.config = config;
    this.checksum = config.checksum;
    this.pulse.forgetPlan();
    // What was believed under the old configuration is looked at again under the new one.
    this.pulse.doubt();
    this.refresh();
    this.follow();
    if (this.state.kind === 'master') await this.possession.take(!isSameAnnouncing);
  }

  /** A link changed, or addresses did: source, faults and priority follow. */
  refresh(): void {
    if (!this.isStarted) return;
    this.pulse.forgetPlan();
    this.attach();
    this.refreshPriority();
    this.refreshFaults();
  }

  onAddress(event: AddressEvent): void {
    if (!this.isStarted) return;
    const lost = this.possession.lostBy(event);
    if (lost !== undefined) this.dispatch({ kind: 'addressLost', address: lost });
    if (event.address.link === this.wire?.link && mayChangeSource(this.config, this.source, event)) this.refreshSource();
  }

  /** BFD hears nothing of the router at `address`. */
  masterLost(address: string, why: string): void {
    if (this.isStarted && this.hints.mayBelieve(address, this.clock.now())) this.dispatch({ kind: 'masterLost', address, why });
  }

  /** Asks for the effective priority again; hooks may answer differently as time goes by. */
  refreshPriority(): void {
    const before = this.state.priority;
    this.priority = effectivePriority(this.config, this.chronicle.identity, this.views, this.around.run);
    const to = this.priority.value;
    if (to === before) return;
    this.dispatch({ kind: 'priority', priority: to });
    this.chronicle.priorityChanged(visible(this.state), before, to);
  }

  /** Hooks on each advertisement may have come or gone. */
  refreshSight(): void {
    if (this.isStarted && this.chronicle.isSeen !== this.wasSeen) this.follow();
  }

  private possessor(): ConstructorParameters<typeof Possession>[1] {
    const self = this;
    return {
      get config() {
        return self.config;
      },
      get isMaster() {
        return self.state.kind === 'master';
      },
      log: (level, message) => this.chronicle.log(level, message),
      refused: (why) => {
        this.faulty.refuse('kernel', why);
        this.refreshFaults();
      },
    };
  }

  private readonly linkOf = (name: string) => this.around.run.ports.links.get(name);

  /** Opens the wire on the link as it is now; the link may have been deleted and made again with another index. */
  private attach(): void {
    const link = this.linkOf(this.config.interface);
    if (this.wire !== undefined && this.wire.link !== link?.index) {
      this.pulse.attach(undefined);
      this.wire.detach();
      this.wire = undefined;
    }
    if (link?.isUp === true && this.wire === undefined) {
      const { virtualRouterId, family, isUnicast, group } = this.config;
      const hopLimit = hopLimitsOf(this.config);
      const receiver = { virtualRouterId, ...this.ears, ...(!isUnicast && { group }), ...(hopLimit && { hopLimit }) };
      try {
        this.wire = this.around.wires.attach(link.index, family, receiver);
        this.pulse.attach(this.wire);
        this.faulty.forgive('socket');
      } catch (error) {
        this.faulty.refuse('socket', `no socket on ${link.name}: ${messageOf(error)}`);
      }
    }
    const before = this.source;
    this.source = link && sourceAddress(this.config, link.index, this.around.run.ports.addresses.onLink(link.index));
    // Our own packets are told by their source, so what was believed is looked at again.
    if (this.source !== before) this.pulse.doubt();
  }

  private readonly ears = {
    onPacket: (packet: HeardPacket) => this.onPacket(packet),
    onImminent: (deadline: number) => this.onImminent(deadline),
    onSilence: (at: number, hasActed: boolean) => this.onSilence(at, hasActed),
  };

  private refreshSource(): void {
    const before = this.source;
    this.attach();
    if (before === this.source) return;
    this.refreshFaults();
    this.follow();
  }

  private refreshFaults(): void {
    const faults = this.faults;
    if (faults.length > 0) this.dispatch({ kind: 'fault', why: faults.join('; ') });
    else this.dispatch({ kind: 'faultCleared' });
  }

  /** Events raised while one is handled wait their turn. */
  private dispatch(event: Event, at?: number): void {
    this.queue.push(at === undefined ? { event } : { event, at });
    if (this.isStepping) return;
    this.isStepping = true;
    try {
      for (let next = this.queue.shift(); next !== undefined; next = this.queue.shift()) this.commit(next);
    } finally {
      this.isStepping = false;
    }
    this.follow();
  }

  /** The pacemaker does what the state says. */
  private follow(): void {
    this.wasSeen = this.chronicle.isSeen;
    const { state, voice } = this;
    this.pulse.follow(state, voice);
    if (state.kind !== 'backup' || voice === undefined || this.pulse.isPrepared) return;
    this.around.afterwards.do(() => {
      if (this.state.kind === 'backup' && this.voice !== undefined) this.prepare(this.voice, this.state.priority);
    });
  }

  private get voice(): Voice | undefined {
    const { config, source, checksum } = this;
    return source === undefined ? undefined : { config, source, checksum };
  }

  /** The one door through which the state changes. `at`: when it happened, which may be a moment ago. */
  private commit({ event, at }: Occurrence): void {
    const now = at ?? this.clock.now();
    this.catchUp();
    const before = this.state;
    let result = this.around.step(before, event, this.config, now);
    const becoming = result.effects.find((effect) => effect.kind === 'transitioned');
    if (before.kind === 'backup' && becoming?.to === 'master') {
      const until = this.hold.heldUntil(this.chronicle.identity, becoming.reason, before.priority, now);
      if (until !== undefined) result = this.around.step(before, { kind: 'hold', until }, this.config, now);
    }
    // A router that restarts its Master_Down_Timer follows a master again: the next hold is a new one.
    if (event.kind === 'advert' && result.state.kind === 'backup' && result.state.expiry === 'master-down') this.hold.reset();
    this.state = result.state;
    this.hints.stepped(before, result, now);
    for (const effect of result.effects) this.perform(effect);
    if (before.kind === 'resigning' && !this.isResigning) for (const tell of this.whenLetGo.splice(0)) tell();
  }

  /** The machine learns what the pacemaker did in its name, so that it decides on what is. */
  private catchUp(): void {
    const news = this.pulse.news(this.state);
    if (news === undefined) return;
    if (news.kind === 'heard') this.hold.reset();
    this.state = this.around.step(this.state, news, this.config, this.clock.now()).state;
  }

  /** What the machine will do if nothing is heard: known already, unless somebody else has a say in it. */
  private onImminent(warnedOf: number): void {
    this.catchUp();
    const { voice, state } = this;
    const deadline = deadlineOf(state);
    // What was heard since may have put it off: the next warning asks again.
    if (state.kind !== 'backup' || deadline === undefined || deadline > warnedOf + grainMs || voice === undefined) return;
    if (this.around.run.hooks.isTapped('vrrp.mayBecomeMaster', this.config.name)) return;
    const [first] = this.around.step(state, { kind: 'timer' }, this.config, deadline).effects;
    if (first?.kind !== 'sendAdvert') return;
    this.prepare(voice, first.priority);
    this.pulse.consent();
  }

  /** What a takeover begins with, so that it need not wait for this side. */
  private prepare(voice: Voice, priority: number): void {
    this.pulse.prepare(voice, priority, () => this.possession.beginning());
  }

  private onSilence(at: number, hasActed: boolean): void {
    this.pulse.silenceTold(hasActed);
    // Where it has acted it was master from then on; otherwise what counts is when it can act.
    const due = deadlineOf(this.state) ?? at;
    this.dispatch({ kind: 'timer' }, hasActed ? Math.max(at, Math.min(due, at + grainMs)) : undefined);
    if (!this.pulse.takeBack(this.state)) return;
    this.chronicle.advertised(this.state.priority);
    this.sendAdvert(0);
    this.possession.withdraw();
  }

  private onEnd({ why }: BeaconEnd): void {
    if (why === 'overslept') {
      this.dispatch({ kind: 'timer' });
      return;
    }
    this.chronicle.advertised(0);
    this.dispatch({ kind: 'lapsed', afterMs: this.config.deadManMs });
  }

  private closeTimers(): void {
    this.pulse.close();
    this.faulty.close();
    this.possession.close();
  }

  private perform(effect: Effect): void {
    switch (effect.kind) {
      case 'sendAdvert':
        this.sendAdvert(effect.priority);
        break;
      case 'addAddresses':
        void this.possession.take(true);
        break;
      case 'removeAddresses':
        this.possession.release();
        break;
      case 'announceAgain':
        this.possession.announceAgain();
        break;
      case 'lowerPriorityReceived':
        this.chronicle.lowerPriorityReceived(effect.source, effect.priority, this.state.priority);
        break;
      case 'masterSeen':
        this.chronicle.masterSeen(effect.master);
        break;
      case 'transitioned':
        this.hold.reset();
        this.chronicle.transitioned(effect, this.state.priority);
        break;
      default:
        effect satisfies never;
    }
  }

  private sendAdvert(priority: number): void {
    const { voice } = this;
    if (this.wire === undefined || voice === undefined) return;
    this.pulse.send(voice, priority);
    this.chronicle.advertised(priority);
  }

  private onPacket(packet: HeardPacket): void {
    const receipt = receive(packet, this.config, this.source, this.isResigning);
    this.chronicle.received(packet, receipt);
    if (!receipt.ok) return;
    if (receipt.checksum === 'multicast' && this.config.isUnicast) this.checksum = 'multicast';
    const { priority, intervalMs } = receipt.advert;
    const { source, receivedAt: at } = packet;
    // A mismatch is counted each time, and so told each time.
    if (receipt.isAddressListDifferent || priority === 0) this.pulse.doubt();
    else this.pulse.offer(packet, this.state.priority);
    this.dispatch({ kind: 'advert', source, priority, intervalMs, ownSource: this.source ?? packet.destination }, at);
  }
}
