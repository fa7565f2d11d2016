/**
 * When the neighbours are told: keepalived's garp_* and gna_* settings. One announcer for each instance (bursts, second burst,
 * refresh), one pacer for each link and kind (the minimum distance between two frames, shared by all instances there).
 */
import type { Clock, Timer } from '@mainstay/sdk';
import type { AnnounceConfig } from './instance-config.js';

/** Frames sent in one turn of the event loop at most, so that a thousand addresses do not delay an advertisement. */
const turnSize = 64;

/** Sends queued frames in order, `intervalMs` apart; without an interval as fast as turns allow. */
export class Pacer {
  private readonly queue: (() => void)[] = [];
  private timer: Timer | undefined;
  private nextAt = Number.NEGATIVE_INFINITY;
  private intervalMs = 0;
  /** Frames that this turn may still send. */
  private left = turnSize;

  constructor(private readonly clock: Clock) {}

  enqueue(send: () => void, intervalMs: number): void {
    this.intervalMs = intervalMs;
    this.queue.push(send);
    this.drain();
  }

  close(): void {
    this.timer?.cancel();
    this.queue.length = 0;
  }

  private drain(): void {
    while (this.queue.length > 0 && this.left > 0) {
      if (this.intervalMs > 0 && this.clock.now() < this.nextAt) break;
      this.nextAt = this.clock.now() + this.intervalMs;
      this.left--;
      this.queue.shift()?.();
    }
    this.timer ??= this.clock.at(Math.max(this.nextAt, this.clock.now()), () => this.turn());
  }

  private turn(): void {
    this.timer = undefined;
    this.left = turnSize;
    if (this.queue.length > 0) this.drain();
  }
}

/** Announces every address of one instance; `announceAll` queues one frame for each. */
export class Announcer {
  private second: Timer | undefined;
  private refresh: Timer | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly announceAll: () => void,
  ) {}

  /** The instance became master: a burst now, another after the delay, then refreshes. */
  start(config: AnnounceConfig): void {
    this.stop();
    this.burst(config.repeat, config.repeat, config.delayMs);
    if (config.refreshMs > 0) this.scheduleRefresh(config);
  }

  /** Another router of lower priority spoke as master: hosts and switches may have believed it. */
  again(config: AnnounceConfig): void {
    if (config.lowerPriorityRepeat > 0)
      this.burst(config.lowerPriorityRepeat, config.lowerPriorityRepeat, config.lowerPriorityDelayMs);
  }

  stop(): void {
    this.second?.cancel();
    this.refresh?.cancel();
    this.second = undefined;
    this.refresh = undefined;
  }

  private burst(first: number, second: number, delayMs: number): void {
    this.repeat(first);
    this.second?.cancel();
    this.second = delayMs > 0 ? this.clock.after(delayMs, () => this.repeat(second)) : undefined;
  }

  private repeat(times: number): void {
    for (let i = 0; i < times; i++) this.announceAll();
  }

  private scheduleRefresh(config: AnnounceConfig): void {
    this.refresh = this.clock.after(config.refreshMs, () => {
      this.repeat(config.refreshRepeat);
      this.scheduleRefresh(config);
    });
  }
}
