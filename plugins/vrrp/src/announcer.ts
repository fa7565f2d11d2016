/**
 * When the neighbours are told: keepalived's garp_* and gna_* settings. One announcer for each instance (bursts, second burst,
 * refresh), one pacer for each link and kind (the minimum distance between two frames, shared by all instances there).
 */
import type { Clock, Timer } from '@mainstay/sdk';
import type { AnnounceConfig } from './instance-config.js';

/** Frames handed over in one turn of the event loop at most, so that a thousand addresses do not delay an advertisement. */
const turnSize = 64;

/** Later than this, the event loop is behind with its timers: a takeover of many is under way, and repeats can wait. */
const behindMs = 2;
/** But not for longer than this. */
const longestWaitMs = 100;

/** Something to be told, several times. */
export interface Job<Item> {
  readonly item: Item;
  /** Asked again when its turn comes: a router that has yielded meanwhile must not claim an address. */
  readonly isWanted: () => boolean;
}

interface Queued<Item> extends Job<Item> {
  left: number;
}

/**
 * Hands items to `send`, `intervalMs` apart; without an interval as fast as turns allow. Whatever was not told yet comes before
 * all repeats, which begin in a later turn: the last of a thousand addresses must not wait until the first has been told five
 * times.
 */
export class Pacer<Item> {
  private readonly fresh = new Fifo<Queued<Item>>();
  private readonly repeats = new Fifo<Queued<Item>>();
  private timer: Timer | undefined;
  private nextAt = Number.NEGATIVE_INFINITY;
  private intervalMs = 0;
  /** Items that this turn may still hand over. */
  private left = turnSize;
  private isDue = false;
  /** When a turn was last on time, or there was nothing to do. */
  private onTimeAt = Number.NEGATIVE_INFINITY;
  private isClosed = false;

  constructor(
    private readonly clock: Clock,
    private readonly send: (items: readonly Item[]) => void,
  ) {}

  enqueue(job: Job<Item>, times: number, intervalMs: number): void {
    if (times <= 0) return;
    if (this.timer === undefined) this.onTimeAt = this.clock.now();
    this.intervalMs = intervalMs;
    this.fresh.push({ ...job, left: times });
    if (this.isDue) return;
    this.isDue = true;
    // What comes in the same moment goes out together.
    queueMicrotask(() => {
      this.isDue = false;
      this.drain(false);
    });
  }

  close(): void {
    this.isClosed = true;
    this.timer?.cancel();
  }

  private drain(mayRepeat: boolean): void {
    if (this.isClosed) return;
    const batch: Item[] = [];
    while (this.left > 0 && (this.intervalMs === 0 || this.clock.now() >= this.nextAt)) {
      const queued = this.fresh.shift() ?? (mayRepeat ? this.repeats.shift() : undefined);
      if (queued === undefined) break;
      if (!queued.isWanted()) continue;
      if (--queued.left > 0) this.repeats.push(queued);
      this.nextAt = this.clock.now() + this.intervalMs;
      this.left--;
      batch.push(queued.item);
    }
    if (batch.length > 0) this.send(batch);
    if (batch.length > 0 || this.fresh.length + this.repeats.length > 0) {
      const due = Math.max(this.nextAt, this.clock.now());
      this.timer ??= this.clock.at(due, () => this.turn(this.clock.now() - due));
    }
  }

  private turn(lateMs: number): void {
    const now = this.clock.now();
    if (lateMs <= behindMs) this.onTimeAt = now;
    this.timer = undefined;
    this.left = turnSize;
    this.drain(lateMs <= behindMs || now - this.onTimeAt > longestWaitMs);
  }
}

/** A queue that does not move its items when the first is taken. */
class Fifo<Item> {
  private items: Item[] = [];
  private head = 0;

  get length(): number {
    return this.items.length - this.head;
  }
  push(item: Item): void {
    this.items.push(item);
  }
  shift(): Item | undefined {
    if (this.length === 0) return undefined;
    const item = this.items[this.head++];
    if (this.head === this.items.length || this.head > 1024) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
    return item;
  }
}

/** Announces every address of one instance; `announceAll` queues so many frames for each. */
export class Announcer {
  private second: Timer | undefined;
  private refresh: Timer | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly announceAll: (times: number) => void,
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
    this.announceAll(first);
    this.second?.cancel();
    this.second = delayMs > 0 ? this.clock.after(delayMs, () => this.announceAll(second)) : undefined;
  }

  private scheduleRefresh(config: AnnounceConfig): void {
    this.refresh = this.clock.after(config.refreshMs, () => {
      this.announceAll(config.refreshRepeat);
      this.scheduleRefresh(config);
    });
  }
}
