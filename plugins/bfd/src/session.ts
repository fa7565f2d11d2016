/**
 * One BFD session at work: feeds the pure machine with packets, silence and configuration, commits its changes in one place, and has
 * the pacemaker do what the state says. Created and configured by manager.ts.
 */
import { type Clock, type HeardPacket, messageOf, PortError, type Run, type Timer } from '@mainstay/sdk';
import { Chronicle, type Statistics } from './chronicle.js';
import { Echo, type EchoCounters } from './echo.js';
import type { EchoWires } from './echo-wire.js';
import { initialState, step } from './machine.js';
import type { ControlPacket } from './packet.js';
import { Pulse } from './pulse.js';
import { receive } from './receive.js';
import { isSameSession, type SessionConfig } from './session-config.js';
import type { Effect, Event, State } from './states.js';
import { detectionMs } from './timing.js';
import { Voice } from './voice.js';
import type { Hearing, Listener, Mouth, Wires } from './wire.js';

export interface Surroundings {
  readonly run: Run;
  readonly wires: Wires;
  readonly echoWires: EchoWires;
  /** A number in these bounds, drawn anew each time. */
  readonly draw: (least: number, most: number) => number;
}

/** What the kernel has refused is tried again. */
const retryMs = 1000;
/** A session that was Up in an earlier life has the time of so many idle packets to come up again. */
const returnIntervals = 5;
/** A stop waits no longer for the peer to have noticed. */
const farewellMs = 1000;

export class Session implements Listener {
  state: State;
  readonly chronicle: Chronicle;
  private readonly clock: Clock;
  private readonly pulse: Pulse;
  private readonly echo: Echo;
  private hearing: Hearing | undefined;
  private mouth: Mouth | undefined;
  /** The port that it spoke from, which it keeps. */
  private port: number | undefined;
  private trouble: { readonly kind: string; readonly message: string } | undefined;
  private retry: Timer | undefined;
  /** bfd.RcvAuthSeq; undefined: bfd.AuthSeqKnown is 0. */
  private knownSequence: number | undefined;
  /** When the peer was last heard: accepted packets. */
  private heardAt = Number.NEGATIVE_INFINITY;
  private forgetting: Timer | undefined;
  private leaving: (() => void) | undefined;
  private returning: Timer | undefined;
  private repeatedAt = Number.NEGATIVE_INFINITY;
  /** What came of news that the pacemaker heard, and is not performed yet. */
  private owed: readonly Effect[] = [];
  /** Required Min Echo RX Interval as it was last said. */
  private promisedUs: number | undefined;
  private isClosed = false;

  constructor(
    public config: SessionConfig,
    private readonly around: Surroundings,
    discriminator: number,
  ) {
    const { run, draw } = around;
    this.clock = run.clock;
    this.state = initialState(config, discriminator);
    this.chronicle = new Chronicle(run, () => this.config, this.state);
    this.pulse = new Pulse(
      new Voice(draw(0, 0xffff_ffff)),
      () => this.clock.now(),
      ({ why }) => this.lapsed(why),
    );
    this.echo = new Echo(
      {
        run,
        wires: around.echoWires,
        draw,
        dispatch: (event) => this.dispatch(event, this.clock.now()),
        followAgain: () => this.refresh(),
        lapsed: () => this.refresh(),
        warnOnce: (cause, message) => this.chronicle.warnOnce(cause, message),
      },
      this.state,
      config,
    );
  }

  get discriminator(): number {
    return this.state.localDiscriminator;
  }
  get statistics(): Statistics {
    return this.chronicle.countedWith(this.pulse);
  }
  get echoCounters(): EchoCounters {
    return this.echo.counters;
  }
  /** Why it cannot hear or speak; undefined when it can. */
  get fault(): string | undefined {
    return this.trouble?.message;
  }
  get sourcePort(): number | undefined {
    return this.mouth?.port;
  }

  /** `isReturning`: under this name there was one before, which others may believe to be Up. */
  start(isReturning = false): void {
    this.attach();
    this.follow(true);
    if (isReturning) this.chronicle.returns();
    this.awaitReturn();
  }

  /** While either side is administratively down, nothing is waited for. A peer that was forgotten is no longer administratively down. */
  private awaitReturn(): void {
    const { kind, remoteState } = this.state;
    const isAwaited = this.chronicle.isUpPending && kind !== 'up' && kind !== 'adminDown' && remoteState !== 'adminDown';
    if (!isAwaited || this.isClosed) {
      this.returning?.cancel();
      this.returning = undefined;
      return;
    }
    const patienceMs = (returnIntervals * this.config.idleTxUs) / 1000;
    this.returning ??= this.clock.after(patienceMs, () => {
      this.returning = undefined;
      this.chronicle.missing(`not within ${patienceMs / 1000} s`);
    });
  }

  /** Takes over a configuration of the same session; its state stays. */
  update(config: SessionConfig): void {
    // What was heard so far was heard under the former configuration.
    this.catchUp();
    const before = this.config;
    this.config = config;
    this.pulse.doubt();
    if (before.hopLimit !== config.hopLimit) this.hush();
    if (before.leastHopLimit !== config.leastHopLimit) this.hearAnew(config);
    if (before.authentication?.type !== config.authentication?.type) this.knownSequence = undefined;
    this.attach();
    if (before.echoVia !== config.echoVia) this.dispatch({ kind: 'echoPaused', isOtherWay: true }, this.clock.now());
    const isOtherwiseSaid =
      before.multiplier !== config.multiplier ||
      before.authentication !== config.authentication ||
      before.minEchoRxUs !== config.minEchoRxUs;
    this.dispatch({ kind: 'configured' }, this.clock.now(), isOtherwiseSaid);
  }

  /** Links or addresses have changed: the socket may have to be another, or may be possible now. */
  refresh(): void {
    if (this.isClosed) return;
    this.attach();
    this.follow(false);
  }

  /**
   * Tells the peer that this side goes, and waits until it has noticed: a detection time (RFC 5880 section 6.8.16), at most a second.
   * What the peer says until then is answered, in case the first word was lost.
   */
  async stop(): Promise<void> {
    const hadPeer = this.state.remoteDiscriminator !== 0 && this.state.kind !== 'adminDown';
    const patienceMs = Math.min(farewellMs, detectionMs(this.state));
    this.dispatch({ kind: 'stop' }, this.clock.now());
    if (hadPeer && this.mouth !== undefined && patienceMs > 0) {
      await new Promise<void>((resolve) => {
        this.leaving = resolve;
        this.clock.after(patienceMs, resolve);
      });
    }
    this.close();
  }

  get neighbour(): string {
    return this.config.neighbour;
  }

  /** Without the discriminator, a packet is told by its addresses. */
  isMeant({ source, destination, link }: HeardPacket): boolean {
    const { neighbour, source: own } = this.config;
    if (source !== neighbour || (own !== undefined && own !== destination)) return false;
    return this.boundLink === 0 || this.boundLink === link;
  }

  get hasSource(): boolean {
    return this.config.source !== undefined;
  }

  get leastHopLimit(): number | undefined {
    return this.config.leastHopLimit;
  }

  onPacket(heard: HeardPacket): void {
    if (this.isClosed) return;
    const receipt = receive(heard, this.config, this.knownSequence);
    this.chronicle.received(heard.source, receipt);
    if (!receipt.ok) return;
    const { packet, sequence } = receipt;
    if (sequence !== undefined) this.knownSequence = sequence;
    this.forgetting?.cancel();
    this.heardAt = heard.receivedAt;
    if (this.leaving !== undefined) {
      this.farewell(packet);
      return;
    }
    this.catchUp();
    this.chronicle.parametersSeen(packet, this.state.kind === 'up' && isOtherwisePaced(this.state, packet));
    this.pulse.offer(heard, packet, this.config);
    this.echo.seen(heard);
    this.dispatch({ kind: 'packet', packet }, heard.receivedAt);
  }

  onSilence(hasSaid: boolean): void {
    this.pulse.silenceTold(hasSaid);
    this.dispatch({ kind: 'timer' }, this.clock.now());
  }

  private farewell({ state }: ControlPacket): void {
    const now = this.clock.now();
    if (state === 'down' || state === 'adminDown') this.leaving?.();
    else if (now - this.repeatedAt >= this.state.remoteMinRxUs / 1000) {
      this.repeatedAt = now;
      this.pulse.repeat();
    }
  }

  private close(): void {
    this.isClosed = true;
    for (const timer of [this.retry, this.forgetting, this.returning]) timer?.cancel();
    this.chronicle.close();
    this.hush();
    this.pulse.close();
    this.echo.close();
    this.hearing?.detach();
    this.hearing = undefined;
  }

  /** Under other terms; the next hearing begins before the former ends. */
  private hearAnew({ family, port }: SessionConfig): void {
    const former = this.hearing;
    if (former === undefined) return;
    this.hearing = this.around.wires.hear(family, port, this);
    this.pulse.attach(this.hearing, this.mouth);
    former.detach();
  }

  private hush(): void {
    this.pulse.attach(this.hearing, undefined);
    this.mouth?.socket.close();
    this.mouth = undefined;
  }

  /** 0: none. -1: the link is not there. */
  private get boundLink(): number {
    const { link } = this.config;
    return link === undefined ? 0 : (this.around.run.ports.links.get(link)?.index ?? -1);
  }

  /** Opens what is missing; tries again later where the kernel refuses. */
  private attach(): void {
    const { wires } = this.around;
    const { config, boundLink } = this;
    if (this.mouth !== undefined && this.mouth.link !== boundLink) this.hush();
    this.retry?.cancel();
    this.retry = undefined;
    try {
      this.hearing ??= wires.hear(config.family, config.port, this);
      if (boundLink === -1) throw new Error(`there is no link ${config.link}`);
      this.mouth ??= wires.speak(config, boundLink, this.port, (message) => this.chronicle.warnOnce(message, message));
      this.port = this.mouth.port;
      if (this.trouble !== undefined) this.chronicle.log('info', 'Can speak and hear now');
      this.trouble = undefined;
    } catch (error) {
      this.fail(error);
    }
    this.pulse.attach(this.hearing, this.mouth);
  }

  /** The same again is not said again, whichever port was tried. */
  private fail(error: unknown): void {
    const message = messageOf(error);
    const kind = (error instanceof PortError ? error.errno : undefined) ?? message;
    if (this.trouble?.kind !== kind) this.chronicle.log('error', `The session cannot come up: ${message}`);
    this.trouble = { kind, message };
    this.retry = this.clock.after(retryMs, () => this.refresh());
  }

  /** The one door through which the state changes. */
  private dispatch(event: Event, at: number, isNews = false): void {
    this.catchUp();
    const before = this.state;
    const { state, effects: own } = step(before, event, this.config, at);
    const effects = [...this.owed, ...own];
    this.owed = [];
    this.state = state;
    for (const effect of effects) this.perform(effect, before);
    this.follow(isNews || effects.some(({ kind }) => kind === 'announce'));
    // The peer first: those who track the session may have much to do.
    for (const effect of effects) if (effect.kind === 'transitioned') this.chronicle.transitioned(effect, state.remoteState);
    this.awaitReturn();
  }

  /** The machine learns what the pacemaker heard in its name, so that it decides on what is. */
  private catchUp(): void {
    for (const news of [this.pulse.news(this.state), this.echo.news(this.state)]) {
      if (news?.kind === 'heard') this.heardAt = Math.max(this.heardAt, news.at);
      if (news === undefined) continue;
      const { state, effects } = step(this.state, news, this.config, this.clock.now());
      this.state = state;
      this.owed = [...this.owed, ...effects];
    }
  }

  /** Section 6.8.1, bfd.AuthSeqKnown: after twice the detection time without a packet, which may be later than the peer is forgotten. */
  private forgetSequence(detectionTimeMs: number): void {
    this.forgetting?.cancel();
    const leftMs = this.heardAt + 2 * detectionTimeMs - this.clock.now();
    if (leftMs <= 0) this.knownSequence = undefined;
    else this.forgetting = this.clock.after(leftMs, () => this.forgetSequence(detectionTimeMs));
  }

  private follow(isNews: boolean): void {
    const config = this.echo.kept(this.config);
    const isOtherPromise = config.minEchoRxUs !== this.promisedUs;
    this.promisedUs = config.minEchoRxUs;
    this.pulse.follow(this.state, config, isNews || isOtherPromise);
    this.echo.follow(this.state, config);
  }

  private perform(effect: Effect, before: State): void {
    switch (effect.kind) {
      case 'answer':
        this.pulse.answer(this.state, this.echo.kept(this.config));
        break;
      case 'announce':
      case 'transitioned':
        break;
      case 'forgotten':
        this.forgetSequence(detectionMs(before));
        break;
      default:
        effect satisfies never;
    }
  }

  /** The daemon hung, and fell silent so that the peer could notice. It goes on where it was: what the peer made of it, it will say. */
  private lapsed(why: string): void {
    this.chronicle.log('warn', `The daemon did not run for a while (${why}): no packets were sent meanwhile`);
    if (!this.isClosed) this.follow(false);
  }
}

function isOtherwisePaced(state: State, packet: ControlPacket): boolean {
  return (
    state.remoteDesiredTxUs !== packet.desiredMinTxUs ||
    state.remoteMinRxUs !== packet.requiredMinRxUs ||
    state.remoteMultiplier !== packet.multiplier
  );
}

/** The session goes on under the other configuration. */
export function goesOn(session: Session, config: SessionConfig | undefined): boolean {
  return config !== undefined && isSameSession(session.config, config);
}
