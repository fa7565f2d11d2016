/**
 * What the pacemaker does for one virtual router: it advertises while the router is master, hears the same advertisement again and
 * again while it is backup, and tells when that stops. Follows the state of the machine, and tells the machine what happened in its
 * name. Used by instance.ts.
 */
import type { Beacon, BeaconEnd, Clock, Foreseen, HeardPacket, PacedPacket } from '@mainstay/sdk';
import { advertsOf } from './adverts.js';
import type { InstanceConfig } from './instance-config.js';
import { deadlineOf } from './machine.js';
import type { ChecksumForm } from './packet.js';
import type { Event, State } from './states.js';
import { masterDownInterval } from './timers.js';
import type { Attachment } from './wire.js';

/** What the advertisements are made of. */
export interface Voice {
  readonly config: InstanceConfig;
  readonly source: string;
  readonly checksum: ChecksumForm;
}

export interface PulseListener {
  /** The pacemaker has stopped advertising. */
  onEnd(end: BeaconEnd): void;
  /** Advertisements have left; told only while somebody wants to see each one. */
  onSent(packets: readonly PacedPacket[], priority: number): void;
  /** Somebody wants to see each advertisement that is sent or received. */
  isSeen(): boolean;
}

/** A packet that was believed, by a router of this priority. */
interface Expected {
  readonly packet: HeardPacket;
  readonly ownPriority: number;
}

/** The terms of the watch. `isTold`: it has told of silence, and does so again only under new terms. */
interface Armed {
  deadline: number;
  readonly expected: HeardPacket | undefined;
  readonly rearmMs: number;
  isTold: boolean;
}

/** What a takeover begins with. */
interface Plan {
  readonly voice: Voice;
  readonly priority: number;
}

/**
 * So long before a takeover the machine is asked what it will do: time for a busy event loop with a thousand of them, but not while
 * advertisements come, even if one of them is half an interval late.
 */
const warnMs = 200;
const toleratedIntervals = 1.5;

/** A consent that came too late to be taken back has been acted on by then. */
const actingMs = 20;

/** Times are equal when they differ by less than the clock's grain: they went through microseconds. */
export const grainMs = 0.01;

export class Pulse {
  private beacon: Beacon | undefined;
  /** What the beacon sends. */
  private said: { readonly voice: Voice; readonly priority: number; readonly isSeen: boolean } | undefined;
  private expected: Expected | undefined;
  private armed: Armed | undefined;
  private made: { readonly voice: Voice; readonly packets: Map<number, readonly PacedPacket[]> } | undefined;
  /** What the watch has been given to do at silence. */
  private plan: Plan | undefined;
  /** What it may be doing at this moment, by consent. */
  private acting: Plan | undefined;
  /** What it has done, and nobody has answered for yet. */
  private spoken: Plan | undefined;
  private endedTurns = 0;
  private wire: Attachment | undefined;
  private earlierConsumed = 0;

  constructor(private readonly listener: PulseListener) {}

  /** The socket to work on; undefined: none, and nothing is sent or heard. */
  attach(wire: Attachment | undefined): void {
    if (this.wire === wire) return;
    this.silence();
    this.earlierConsumed += this.wire?.watch.consumed ?? 0;
    this.endedTurns += this.wire?.watch.repeats ?? 0;
    this.wire = wire;
    this.armed = undefined;
    this.plan = undefined;
    this.acting = undefined;
    this.doubt();
  }

  /** Turns of advertisements that the pacemaker has sent. */
  get sent(): number {
    return this.endedTurns + (this.beacon?.turns ?? 0) + (this.wire?.watch.repeats ?? 0);
  }
  /** Advertisements that it has heard and not told. */
  get heard(): number {
    return this.earlierConsumed + (this.wire?.watch.consumed ?? 0);
  }

  /**
   * A packet that the machine is about to be told of. If it makes the router follow its sender, the same packet may be believed again
   * without a look, until anything changes that the judgement rests on.
   */
  offer(packet: HeardPacket, ownPriority: number): void {
    this.expected = { packet, ownPriority };
  }

  /** What was believed is to be looked at again. */
  doubt(): void {
    this.expected = undefined;
  }

  /** What the pacemaker did in the name of the machine since it was last asked. */
  news(state: State): Event | undefined {
    if (state.kind === 'master' && this.beacon !== undefined) {
      const { nextAt } = this.beacon;
      return Math.abs(nextAt - state.advertAt) > grainMs ? { kind: 'advertised', nextAt } : undefined;
    }
    const { armed } = this;
    const heardAt = state.kind === 'backup' ? this.wire?.watch.heardAt : undefined;
    if (heardAt === undefined || armed?.expected === undefined) return undefined;
    const deadline = heardAt + armed.rearmMs;
    if (deadline <= armed.deadline + grainMs) return undefined;
    armed.deadline = deadline;
    return { kind: 'heard', at: heardAt };
  }

  /** Sends once, now. */
  send(voice: Voice, priority: number): void {
    const packets = this.packetsOf(voice, priority);
    const isSaid = this.spoken?.priority === priority && isSame(this.spoken.voice, voice);
    this.spoken = undefined;
    if (!isSaid) for (const packet of packets) this.wire?.send(packet);
    if (this.wire !== undefined) this.listener.onSent(packets, priority);
  }

  /** What a takeover with this priority begins with is made ready; done at once where it is needed at once. */
  prepare(voice: Voice, priority: number, deeds: () => Pick<Foreseen, 'addresses' | 'frames'>): void {
    const { plan } = this;
    if (this.wire === undefined || (plan?.priority === priority && isSame(plan.voice, voice))) return;
    this.plan = { voice, priority };
    // The resignation belongs to the advertisement: it is encoded before it is needed, too.
    this.packetsOf(voice, 0);
    const repeat = { everyUs: voice.config.advertIntervalMs * 1000, forMs: voice.config.deadManMs };
    this.wire.watch.foresee({ packets: this.packetsOf(voice, priority), ...deeds(), repeat });
  }

  get isPrepared(): boolean {
    return this.plan !== undefined;
  }

  /** Links, addresses or the configuration have changed. A consent to the plan ends with new terms. */
  forgetPlan(): void {
    this.plan = undefined;
    if (this.acting !== undefined) this.armed = undefined;
  }

  /** Should silence be noticed before anything changes, the plan is what the machine will do. */
  consent(): void {
    if (this.plan === undefined) return;
    this.wire?.watch.consent();
    this.acting = this.plan;
  }

  /** The watch has told of silence. */
  silenceTold(hasActed: boolean): void {
    if (this.armed !== undefined) this.armed.isTold = true;
    this.spoken = hasActed ? this.acting : undefined;
    this.acting = undefined;
    if (hasActed) this.plan = undefined;
  }

  /** True: what was foreseen has been said and done, and did not come: it must be undone. */
  takeBack(state: State): boolean {
    const { spoken } = this;
    this.spoken = undefined;
    return spoken !== undefined && state.kind !== 'master';
  }

  /** Settles when it is told what the pacemaker may be doing at this moment, by consent. */
  async settled(clock: Clock): Promise<void> {
    if (this.acting !== undefined) await new Promise<void>((resolve) => void clock.after(actingMs, resolve));
  }

  /** Brings the pacemaker in line with the state. `voice` undefined: there is no address to speak from. */
  follow(state: State, voice: Voice | undefined): void {
    // While a master reads what came during a sleep, nothing is sent: the watch tells when it has.
    const isPaced = state.kind === 'master' && !state.hasDrained && voice !== undefined;
    if (isPaced) this.advertise(state, voice);
    else this.silence();
    this.listen(state, isPaced ? undefined : deadlineOf(state), voice?.config);
  }

  close(): void {
    this.attach(undefined);
  }

  private advertise({ priority, advertAt }: Extract<State, { kind: 'master' }>, voice: Voice): void {
    const { said } = this;
    if (said === undefined || !isSame(said.voice, voice) || said.isSeen !== this.listener.isSeen()) this.silence();
    if (this.beacon === undefined) {
      this.begin(voice, priority, advertAt);
      return;
    }
    const isOnTime = Math.abs(this.beacon.nextAt - advertAt) <= grainMs;
    if (said?.priority === priority && isOnTime) return;
    this.beacon.set({
      ...(said?.priority !== priority && { packets: this.packetsOf(voice, priority) }),
      ...(!isOnTime && { nextAt: advertAt }),
    });
    this.said = { voice, priority, isSeen: this.listener.isSeen() };
  }

  private begin(voice: Voice, priority: number, firstAt: number): void {
    const { advertIntervalMs, deadManMs, downAdverts } = voice.config;
    const isSeen = this.listener.isSeen();
    this.said = { voice, priority, isSeen };
    const beacon = this.wire?.beacon({
      packets: this.packetsOf(voice, priority),
      intervalUs: advertIntervalMs * 1000,
      // What was foreseen goes on by itself until now, and the beacon with it.
      firstAt: this.wire?.watch.repeatsAt ?? firstAt,
      lease: { ms: deadManMs, last: this.packetsOf(voice, 0) },
      latestMs: downAdverts * advertIntervalMs,
      onEnd: (end) => {
        this.silence();
        this.listener.onEnd(end);
      },
      ...(isSeen && { onTurn: () => this.told() }),
    });
    this.beacon = beacon;
  }

  private told(): void {
    if (this.said !== undefined) this.listener.onSent(this.packetsOf(this.said.voice, this.said.priority), this.said.priority);
  }

  /** Made once for each priority: a takeover does not wait for the encoder. */
  private packetsOf(voice: Voice, priority: number): readonly PacedPacket[] {
    if (this.made === undefined || !isSame(this.made.voice, voice)) this.made = { voice, packets: new Map() };
    const { packets } = this.made;
    const known = packets.get(priority);
    if (known !== undefined) return known;
    const fresh = advertsOf(voice.config, priority, voice.source, voice.checksum);
    packets.set(priority, fresh);
    return fresh;
  }

  private silence(): void {
    this.endedTurns += this.beacon?.turns ?? 0;
    this.beacon?.close();
    this.beacon = undefined;
    this.said = undefined;
  }

  private listen(state: State, deadline: number | undefined, config: InstanceConfig | undefined): void {
    const watch = this.wire?.watch;
    if (watch === undefined) return;
    if (this.expected !== undefined && !isFollowed(this.expected, state)) this.doubt();
    if (deadline === undefined) {
      if (this.armed !== undefined) watch.disarm();
      this.armed = undefined;
      return;
    }
    const expected = this.listener.isSeen() ? undefined : this.expected?.packet;
    const rearmMs =
      state.kind === 'backup' && config !== undefined
        ? masterDownInterval(config.version, state.priority, state.masterIntervalMs, config.downAdverts)
        : 0;
    const { armed } = this;
    const isArmed =
      armed !== undefined &&
      !armed.isTold &&
      Math.abs(armed.deadline - deadline) <= grainMs &&
      armed.expected === expected &&
      armed.rearmMs === rearmMs;
    if (isArmed) return;
    const warning = state.kind === 'backup' ? { warnMs: warningOf(rearmMs, state.masterIntervalMs) } : {};
    watch.arm({ deadline, rearmUs: rearmMs * 1000, ...warning, ...(expected && { expected }) });
    this.armed = { deadline, expected, rearmMs, isTold: false };
  }
}

function warningOf(masterDownMs: number, intervalMs: number): number {
  return Math.min(warnMs, Math.max(intervalMs / 2, masterDownMs - toleratedIntervals * intervalMs));
}

function isFollowed({ packet, ownPriority }: Expected, state: State): boolean {
  return (
    state.kind === 'backup' &&
    state.expiry === 'master-down' &&
    state.preemptAt === undefined &&
    state.priority === ownPriority &&
    state.master?.address === packet.source
  );
}

function isSame(a: Voice, b: Voice): boolean {
  return a.config === b.config && a.source === b.source && a.checksum === b.checksum;
}
