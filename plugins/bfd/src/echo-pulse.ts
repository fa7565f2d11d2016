/**
 * What the pacemaker does for the Echo function of one session: sends echo packets, hears the same one come back again and again, and
 * tells when that stops. Follows the state of the machine, and tells it what came back in its name. Used by echo.ts.
 */
import type { Beacon, HeardPacket, Watch } from '@mainstay/sdk';
import { Alarm } from './alarm.js';
import type { EchoWay } from './config.js';
import type { EchoPath, Standpoint } from './echo-path.js';
import { deadManMs } from './pulse.js';
import type { SessionConfig } from './session-config.js';
import type { Event, State } from './states.js';
import { echoDeadlineOf, echoDetectionMs, echoIntervalUs, grainMs } from './timing.js';

export interface EchoPulseOptions {
  readonly now: () => number;
  /** Throws PortError. */
  readonly open: (standpoint: Standpoint, onWay: () => void) => EchoPath;
  /** New at each beginning. */
  readonly content: () => Uint8Array;
  /** Echo packets leave from now on. Told at the end of `follow`. */
  readonly onBegin: () => void;
  /** Nothing leaves any more, for it has to go another way: the state is to be followed anew. Told at the end of `follow`. */
  readonly onPause: () => void;
  readonly onEcho: (at: number) => void;
  readonly onSilence: () => void;
  /** The beacon has ended, because the daemon did not run. */
  readonly onEnd: () => void;
}

interface Run {
  readonly path: EchoPath;
  readonly watch: Watch;
  readonly content: Uint8Array;
  readonly standpoint: Standpoint;
  readonly way: EchoWay;
}

export class EchoPulse {
  private run: Run | undefined;
  private beacon: Beacon | undefined;
  private intervalUs = 0;
  private expected: HeardPacket | undefined;
  private readonly alarm = new Alarm();
  private earlier = { sent: 0, returned: 0 };
  private told = 0;

  constructor(private readonly options: EchoPulseOptions) {}

  get sent(): number {
    return this.earlier.sent + (this.beacon?.turns ?? 0);
  }
  get returned(): number {
    return this.earlier.returned + this.told + (this.run?.watch.consumed ?? 0);
  }
  /** Nothing is sent yet, for it is not known where to. */
  get isLooking(): boolean {
    return this.run !== undefined && this.beacon === undefined;
  }

  /** What has come back in the name of the machine since it was last asked. */
  news(state: State): Event | undefined {
    const at = this.run?.watch.heardAt;
    if (at === undefined || !this.alarm.isExpecting || state.echo?.phase !== 'working') return undefined;
    return at > (state.echo.since ?? Number.NEGATIVE_INFINITY) + grainMs ? { kind: 'echo', at } : undefined;
  }

  /** The watch has told of silence: it does so again only under new terms. */
  silenceTold(): void {
    this.alarm.wentOff();
  }

  /** Brings the pacemaker in line with the state. Throws PortError where the kernel refuses. */
  follow(state: State, config: SessionConfig, standpoint: Standpoint | undefined): void {
    const intervalUs = echoIntervalUs(state, config);
    if (intervalUs === undefined) {
      this.end();
      return;
    }
    if (this.run !== undefined && !(standpoint && isThere(this.run, standpoint, config))) {
      this.end();
      this.options.onPause();
      return;
    }
    if (standpoint === undefined) return;
    this.run ??= this.open(standpoint, config.echoVia);
    this.listen(state, config);
    this.speak(intervalUs);
  }

  end(): void {
    if (this.run === undefined) return;
    this.earlier = { sent: this.sent, returned: this.returned };
    this.told = 0;
    this.beacon?.close();
    this.beacon = undefined;
    this.run.watch.close();
    this.run.path.close();
    this.run = undefined;
    this.expected = undefined;
    this.alarm.forget();
  }

  private open(standpoint: Standpoint, way: EchoWay): Run {
    const path = this.options.open(standpoint, () => this.speak(this.intervalUs));
    try {
      const content = this.options.content();
      const watch = path.socket.watch({
        ...(path.key !== undefined && { key: path.key }),
        filter: path.filter,
        onPacket: (heard) => this.hear(heard),
        onSilence: () => this.options.onSilence(),
      });
      return { path, watch, content, standpoint, way };
    } catch (error) {
      path.close();
      throw error;
    }
  }

  private hear(heard: HeardPacket): void {
    const { run } = this;
    const content = run?.path.contentOf(heard);
    if (run === undefined || content === undefined || Buffer.compare(content, run.content) !== 0) return;
    this.told++;
    this.expected = heard;
    this.options.onEcho(heard.receivedAt);
  }

  private speak(intervalUs: number): void {
    const { run, beacon } = this;
    const isPaced = this.intervalUs === intervalUs;
    this.intervalUs = intervalUs;
    if (beacon !== undefined) {
      if (!isPaced) beacon.set({ intervalUs });
      return;
    }
    const packet = run?.path.packetOf(run.content);
    if (run === undefined || packet === undefined) return;
    const made: Beacon = run.path.socket.beacon({
      packets: [packet],
      intervalUs,
      firstAt: this.options.now(),
      lease: { ms: deadManMs, last: [] },
      onEnd: () => this.lapsed(made),
    });
    this.beacon = made;
    this.options.onBegin();
  }

  private lapsed(beacon: Beacon): void {
    if (this.beacon !== beacon) return;
    this.earlier = { ...this.earlier, sent: this.sent };
    beacon.close();
    this.beacon = undefined;
    this.options.onEnd();
  }

  private listen(state: State, config: SessionConfig): void {
    const watch = this.run?.watch;
    const deadline = echoDeadlineOf(state, config);
    const rearmMs = echoDetectionMs(state, config);
    if (watch === undefined || rearmMs === undefined) return;
    this.alarm.set(watch, deadline === undefined ? undefined : { deadline, expected: this.expected, rearmMs });
  }
}

/** The neighbour and the family are those of the session for its life. */
function isThere({ standpoint: { link, own, mac }, way }: Run, now: Standpoint, config: SessionConfig): boolean {
  return link === now.link && own === now.own && mac === now.mac && way === config.echoVia;
}
