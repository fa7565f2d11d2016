/**
 * The Echo function of one session: its own echo packets, and those of the peer that are looped back. Opens and closes what the state
 * needs, and says what an operator should know. Used by session.ts.
 */
import { type HeardPacket, messageOf, type Run, type Timer } from '@mainstay/sdk';
import { echoContent } from './echo-packet.js';
import type { Standpoint } from './echo-path.js';
import { EchoPulse } from './echo-pulse.js';
import type { EchoWires, Mirror } from './echo-wire.js';
import type { SessionConfig } from './session-config.js';
import type { Event, State } from './states.js';
import { echoDetectionMs } from './timing.js';

export interface EchoSurroundings {
  readonly run: Run;
  readonly wires: EchoWires;
  /** A number in these bounds, drawn anew each time. */
  readonly draw: (least: number, most: number) => number;
  /** Something has happened that the machine must know. */
  dispatch(event: Event): void;
  /** The state is to be followed again: what was missing may be there. */
  followAgain(): void;
  lapsed(): void;
  warnOnce(cause: string, message: string): void;
}

export interface EchoCounters {
  readonly sent: number;
  readonly returned: number;
  /** Of the peer. */
  readonly looped: number;
  readonly withheld: number;
}

/** What the kernel has refused is tried again. */
const retryMs = 1000;
/** An echo that has not come back by then is spoken of: the next control packet, which tells where the peer is, may take a second. */
const patienceMs = 5000;

export class Echo {
  private readonly pulse: EchoPulse;
  private standpoint: Standpoint | undefined;
  private mirror: (Mirror & { readonly link: number; readonly own: string; readonly minRxUs: number }) | undefined;
  /** Lets go of the port on which the peer's packets come. */
  private closePort: (() => void) | undefined;
  private earlier = { looped: 0, withheld: 0 };
  private retry: Timer | undefined;
  private patience: Timer | undefined;
  private latest: { readonly state: State; readonly config: SessionConfig };

  constructor(
    private readonly around: EchoSurroundings,
    state: State,
    config: SessionConfig,
  ) {
    const { run, wires, draw } = around;
    this.latest = { state, config };
    this.pulse = new EchoPulse({
      now: () => run.clock.now(),
      open: (standpoint, onWay) => {
        const onError = (message: string) => around.warnOnce(message, message);
        const { config: now, state: then } = this.latest;
        return wires.path({ config: now, standpoint, discriminator: then.localDiscriminator, onWay, onError });
      },
      content: () => echoContent(this.latest.state.localDiscriminator, draw),
      onBegin: () => around.dispatch({ kind: 'echoing' }),
      onPause: () => around.dispatch({ kind: 'echoPaused', isOtherWay: false }),
      onEcho: (at) => around.dispatch({ kind: 'echo', at }),
      onSilence: () => {
        this.pulse.silenceTold();
        around.dispatch({ kind: 'timer' });
      },
      onEnd: () => around.lapsed(),
    });
  }

  get counters(): EchoCounters {
    const { sent, returned } = this.pulse;
    const watch = this.mirror?.watch;
    const looped = this.earlier.looped + (watch?.returned ?? 0);
    return { sent, returned, looped, withheld: this.earlier.withheld + (watch?.withheld ?? 0) };
  }

  news(state: State): Event | undefined {
    return this.pulse.news(state);
  }

  /** Where the last control packet came in. Links come and go: the address of one that is gone stays until another packet comes. */
  seen({ link, destination }: HeardPacket): void {
    const mac = this.around.run.ports.links.byIndex(link)?.mac;
    if (mac !== undefined) this.standpoint = { link, own: destination, mac };
  }

  /** The configuration with what can be kept of it: to nobody is promised what another program's socket keeps from coming here. */
  kept(config: SessionConfig): SessionConfig {
    if (config.minEchoRxUs === undefined) this.leavePort();
    // Asked with every packet: what was refused a moment ago is not tried again with each.
    else if (this.closePort === undefined && this.retry === undefined) {
      this.attempt(() => {
        this.closePort = this.around.wires.openPort(config.family);
      });
    }
    if (config.minEchoRxUs === undefined || this.closePort !== undefined) return config;
    const { minEchoRxUs: _, ...rest } = config;
    return rest;
  }

  follow(state: State, config: SessionConfig): void {
    this.latest = { state, config };
    this.reflect(state, config);
    this.attempt(() => this.pulse.follow(state, config, this.canSend(config) ? this.standpoint : undefined));
    // Following may have changed it.
    this.beImpatient(this.latest.state.echo?.phase === 'trying');
  }

  /** The forwarding plane of a neighbour is reached by Ethernet frames; a link without a hardware address, or with a longer one, has none. */
  private canSend({ echoVia }: SessionConfig): boolean {
    return echoVia === 'daemon' || this.standpoint?.mac !== '';
  }

  close(): void {
    this.retry?.cancel();
    this.beImpatient(false);
    this.pulse.end();
    this.dropMirror();
    this.leavePort();
  }

  private leavePort(): void {
    this.closePort?.();
    this.closePort = undefined;
  }

  /** Only for a session that is Up, and only as often as the peer was told: nobody else can have anything sent anywhere. */
  private reflect(state: State, config: SessionConfig): void {
    const { standpoint } = this;
    const minRxUs = state.kind === 'up' ? config.minEchoRxUs : undefined;
    const { mirror } = this;
    const isSame = mirror?.link === standpoint?.link && mirror?.own === standpoint?.own && mirror?.minRxUs === minRxUs;
    if (mirror !== undefined && !isSame) this.dropMirror();
    if (minRxUs === undefined || standpoint === undefined || this.mirror !== undefined) return;
    this.attempt(() => {
      const { link, own } = standpoint;
      this.mirror = { ...this.around.wires.mirror(config, standpoint, minRxUs), link, own, minRxUs };
    });
  }

  private dropMirror(): void {
    const { looped, withheld } = this.counters;
    this.earlier = { looped, withheld };
    this.mirror?.close();
    this.mirror = undefined;
  }

  private attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      const what = 'The Echo function does not work, and the session goes on without it';
      this.around.warnOnce('echo', `${what}: ${messageOf(error)}`);
      this.retry ??= this.around.run.clock.after(retryMs, () => {
        this.retry = undefined;
        this.around.followAgain();
      });
    }
  }

  private beImpatient(isWaiting: boolean): void {
    if (!isWaiting) {
      this.patience?.cancel();
      this.patience = undefined;
      return;
    }
    const { state, config } = this.latest;
    const ms = Math.max(patienceMs, echoDetectionMs(state, config) ?? 0);
    this.patience ??= this.around.run.clock.after(ms, () => this.complain(ms));
  }

  private complain(ms: number): void {
    const { config } = this.latest;
    const way =
      config.echoVia === 'daemon'
        ? 'the peer offers it, so does its daemon loop by itself? If not, remove echo_via; else look for a filter of UDP port 3785'
        : this.wayByForwarding(config);
    const what = `No echo packet has come back for ${ms / 1000} s: control packets alone detect failures`;
    this.around.warnOnce('no echo', `${what}. ${way}`);
  }

  /** What may be wrong with it. */
  private wayByForwarding(config: SessionConfig): string {
    if (!this.canSend(config)) {
      return 'none is sent, for the link has no Ethernet address (as with tun or IPoIB); where the daemon of the peer loops, set echo_via daemon, else remove echo_interval';
    }
    return this.pulse.isLooking
      ? `no control packet of ${config.neighbour} was seen as a frame on the link, so its hardware address is not known`
      : 'the peer offers it, so does it forward (net.ipv4.ip_forward), and do its filters let UDP port 3785 through?';
  }
}
