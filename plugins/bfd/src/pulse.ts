/**
 * What the pacemaker does for one session: it sends the periodic packets, hears the same packet of the peer again and again, and tells
 * when that stops. Follows the state of the machine, and tells the machine what it has heard in its name. Used by session.ts.
 */
import type { Beacon, BeaconEnd, HeardPacket, PacedPacket } from '@mainstay/sdk';
import { Alarm } from './alarm.js';
import { isMeticulous } from './authentication.js';
import { isSettled, step } from './machine.js';
import { type ControlPacket, encodeControl, trafficClass } from './packet.js';
import type { SessionConfig } from './session-config.js';
import type { Event, State } from './states.js';
import { deadlineOf, detectionMs, grainMs, type Rhythm, rhythmOf } from './timing.js';
import type { Voice } from './voice.js';
import type { Hearing, Mouth } from './wire.js';

/** The daemon may hang for so long before its sessions fall silent, and their peers take them as down. */
export const deadManMs = 2000;

interface Expected {
  readonly heard: HeardPacket;
  readonly packet: ControlPacket;
}

interface Said {
  readonly bytes: Uint8Array;
  readonly rhythm: Rhythm;
  readonly config: SessionConfig;
}

/** What a beacon says from silence on. */
interface Turn {
  readonly beacon: Beacon;
  readonly bytes: Uint8Array;
  readonly intervalUs: number;
}

export class Pulse {
  private beacon: Beacon | undefined;
  private said: Said | undefined;
  private expected: Expected | undefined;
  private readonly alarm = new Alarm();
  private turn: Turn | undefined;
  /** What the pacemaker has begun to say at silence, in the name of the machine. */
  private begun: Uint8Array | undefined;
  /** It has begun, even where what it says is not known any more: the turn was replaced while the news was on its way. */
  private hasBegun = false;
  private hearing: Hearing | undefined;
  private mouth: Mouth | undefined;
  private earlierTurns = 0;
  private earlierConsumed = 0;
  private answers = 0;

  constructor(
    private readonly voice: Voice,
    private readonly now: () => number,
    private readonly onEnd: (end: BeaconEnd) => void,
  ) {}

  /** Sockets to work on; undefined: none yet. */
  attach(hearing: Hearing | undefined, mouth: Mouth | undefined): void {
    if (this.mouth !== mouth) this.silence();
    this.mouth = mouth;
    if (this.hearing === hearing) return;
    this.earlierConsumed += this.hearing?.watch.consumed ?? 0;
    this.hearing = hearing;
    this.alarm.forget();
    this.turn = undefined;
    this.expected = undefined;
  }

  get sent(): number {
    return this.earlierTurns + (this.beacon?.turns ?? 0) + this.answers;
  }
  /** Packets that the pacemaker has heard and not told. */
  get heard(): number {
    return this.earlierConsumed + (this.hearing?.watch.consumed ?? 0);
  }

  /** A packet that the machine has been told of, and that may be believed again without a look while it would change nothing. */
  offer(heard: HeardPacket, packet: ControlPacket, { authentication }: SessionConfig): void {
    if (packet.isFinal) return;
    if (authentication !== undefined && isMeticulous(authentication.type)) return;
    if (!packet.isPoll) this.expected = { heard, packet };
    // When the poll is answered, the same comes without P: it need not wake anybody. A signature would be another one.
    else if (authentication === undefined) this.expected = withoutPoll(heard, packet);
  }

  /** What was believed is to be looked at again. */
  doubt(): void {
    this.expected = undefined;
  }

  /** What the pacemaker has heard in the name of the machine since it was last asked. */
  news(state: State): Event | undefined {
    const at = this.hearing?.watch.heardAt;
    if (at === undefined || !this.alarm.isExpecting) return undefined;
    return at > (state.detectingSince ?? Number.NEGATIVE_INFINITY) + grainMs ? { kind: 'heard', at } : undefined;
  }

  /** The watch has told of silence: it does so again only under new terms. `hasSaid`: and the beacon says so. */
  silenceTold(hasSaid: boolean): void {
    this.alarm.wentOff();
    this.hasBegun = hasSaid;
    this.begun = hasSaid ? this.turn?.bytes : undefined;
    if (hasSaid) this.turn = undefined;
  }

  /** Answers a poll. Where each packet has a sequence number of its own, the next periodic one must be later than this. */
  answer(state: State, config: SessionConfig): void {
    const { mouth } = this;
    if (mouth === undefined) return;
    mouth.socket.send(packetOf(this.voice.answer(state, config, config.authentication), config));
    this.answers++;
    if (config.authentication !== undefined && isMeticulous(config.authentication.type)) this.renew(state, config);
  }

  /** Says once more what is said periodically. */
  repeat(): void {
    const { mouth, said } = this;
    if (mouth === undefined || said === undefined) return;
    this.beacon?.set({ nextAt: this.now() });
  }

  /** Brings the pacemaker in line with the state. `isNews`: what the packets say has changed, and leaves at once. */
  follow(state: State, config: SessionConfig, isNews: boolean): void {
    const rhythm = this.mouth && rhythmOf(state, config);
    if (rhythm === undefined) this.silence();
    else this.speak(state, config, rhythm, isNews);
    this.begun = undefined;
    this.hasBegun = false;
    this.listen(state, config);
    this.foresee(state, config);
  }

  close(): void {
    this.silence();
    this.attach(undefined, undefined);
  }

  private speak(state: State, config: SessionConfig, rhythm: Rhythm, isNews: boolean): void {
    const { said, beacon } = this;
    const isMeticulousNow = config.authentication !== undefined && isMeticulous(config.authentication.type);
    if (beacon === undefined || said === undefined) {
      this.begin(state, config, rhythm, this.now());
      return;
    }
    // These are what a beacon keeps for its life.
    if (said.rhythm.jitter[1] !== rhythm.jitter[1] || said.config.authentication?.type !== config.authentication?.type) {
      const { nextAt } = beacon;
      this.silence();
      this.begin(state, config, rhythm, isNews ? this.now() : nextAt);
      return;
    }
    // The next number of a meticulous sequence is drawn when a packet has left, and where there is something new to say.
    const bytes = isMeticulousNow && !isNews ? said.bytes : this.voice.periodic(state, config, config.authentication);
    // What has begun at silence may have met with a change that was on its way: all is said anew, but not at once.
    const { hasBegun } = this;
    const isSame = bytes === said.bytes && !hasBegun;
    const isPaced = said.rhythm.intervalUs === rhythm.intervalUs && !hasBegun;
    if (isSame && isPaced && !isNews) return;
    beacon.set({
      ...(!isSame && { packets: [packetOf(bytes, config)] }),
      ...(!isPaced && { intervalUs: rhythm.intervalUs }),
      ...(isNews && this.begun !== bytes && { nextAt: this.now() }),
    });
    this.said = { bytes, rhythm, config };
  }

  private begin(state: State, config: SessionConfig, rhythm: Rhythm, firstAt: number): void {
    const { authentication } = config;
    const bytes = this.voice.periodic(state, config, authentication);
    const tellsTurns = authentication !== undefined && isMeticulous(authentication.type);
    this.said = { bytes, rhythm, config };
    this.latest = { state, config };
    this.beacon = this.mouth?.socket.beacon({
      packets: [packetOf(bytes, config)],
      intervalUs: rhythm.intervalUs,
      jitter: rhythm.jitter,
      firstAt,
      lease: { ms: deadManMs, last: [] },
      onEnd: (end) => {
        this.silence();
        this.onEnd(end);
      },
      ...(tellsTurns && { onTurn: () => this.renew(this.latest?.state, this.latest?.config) }),
    });
  }

  /** What a meticulous sequence goes on with. */
  private latest: { readonly state: State; readonly config: SessionConfig } | undefined;

  private renew(state: State | undefined, config: SessionConfig | undefined): void {
    if (state === undefined || config === undefined || this.beacon === undefined || this.said === undefined) return;
    const bytes = this.voice.periodic(state, config, config.authentication);
    this.beacon.set({ packets: [packetOf(bytes, config)] });
    this.said = { ...this.said, bytes, config };
  }

  private silence(): void {
    this.earlierTurns += this.beacon?.turns ?? 0;
    this.beacon?.close();
    this.beacon = undefined;
    this.said = undefined;
  }

  private listen(state: State, config: SessionConfig): void {
    this.latest = { state, config };
    const watch = this.hearing?.watch;
    if (watch === undefined) return;
    if (this.expected !== undefined && !isSettled(state, this.expected.packet, config)) this.doubt();
    const deadline = deadlineOf(state);
    const expected = this.expected?.heard;
    this.alarm.set(watch, deadline === undefined ? undefined : { deadline, expected, rearmMs: detectionMs(state) });
  }

  /** Silence means Down without doubt: the pacemaker says so at once, whatever JavaScript is doing then. */
  private foresee(state: State, config: SessionConfig): void {
    const { beacon } = this;
    const watch = this.hearing?.watch;
    if (watch === undefined) return;
    const turn = beacon && this.turnOf(beacon, state, config);
    const before = this.turn;
    if (turn?.beacon === before?.beacon && turn?.bytes === before?.bytes && turn?.intervalUs === before?.intervalUs) return;
    this.turn = turn;
    watch.turnAtSilence(turn && { ...turn, packets: [packetOf(turn.bytes, config)] });
  }

  private turnOf(beacon: Beacon, state: State, config: SessionConfig): Turn | undefined {
    const { authentication } = config;
    const deadline = deadlineOf(state);
    if (deadline === undefined || (state.kind !== 'up' && state.kind !== 'init')) return undefined;
    if (authentication !== undefined && isMeticulous(authentication.type)) return undefined;
    const silent = step(state, { kind: 'timer' }, config, deadline).state;
    const rhythm = rhythmOf(silent, config);
    if (rhythm === undefined) return undefined;
    return { beacon, bytes: this.voice.foreseen(silent, config, authentication), intervalUs: rhythm.intervalUs };
  }
}

function withoutPoll(heard: HeardPacket, packet: ControlPacket): Expected {
  const unpolled = { ...packet, isPoll: false };
  return { heard: { ...heard, payload: encodeControl(unpolled) }, packet: unpolled };
}

function packetOf(payload: Uint8Array, { neighbour, source, hopLimit, port }: SessionConfig): PacedPacket {
  return { source: source ?? '', destination: neighbour, destinationPort: port, hopLimit, trafficClass, payload };
}
