/** A watch on a timer of the event loop. Made by socket.ts, which hands it the packets with its key. */
import {
  type Clock,
  canonicalAddress,
  type Foreseen,
  type HeardPacket,
  type PacedPacket,
  type PacketFilter,
  type Timer,
  type Watch,
  type WatchOptions,
  type WatchTerms,
} from '@mainstay/sdk';
import { isSamePacket, passes } from './matching.js';
import type { WayBack } from './udp.js';

type Returns = NonNullable<WatchOptions['returns']>;

/** A timer that fires later than this after its time: the process was asleep, and may have missed packets. */
const asleepMs = 20;
/** A timer that fires later than this after its time: packets may have come meanwhile that were not read yet. */
const lateMs = 1;

export class ClockWatch implements Watch {
  readonly #filter: PacketFilter | undefined;
  heardAt: number | undefined;
  consumed = 0;
  /** Whoever hears of silence takes over in the same turn of the loop: nothing is repeated here. */
  readonly repeatsAt = undefined;
  readonly repeats = 0;
  returned = 0;
  withheld = 0;
  /** When the next packet would go back if they came evenly. */
  #returnDue = Number.NEGATIVE_INFINITY;
  #terms: WatchTerms | undefined;
  #deadline = Number.POSITIVE_INFINITY;
  /** How long it was until the deadline when that was set. */
  #waitMs = 0;
  #timer: Timer | undefined;
  /** When the timer fires; the deadline may have become later meanwhile. */
  #timerAt = Number.POSITIVE_INFINITY;
  #isTold = false;
  #isWarned = false;
  #foreseen: Foreseen | undefined;
  #hasConsent = false;
  /** The deadline has been moved for a sleep under these terms. */
  #isExtended = false;
  /** What had arrived when the deadline came has been read. */
  #hasLooked = false;
  #isOpen = true;

  constructor(
    private readonly options: WatchOptions,
    private readonly clock: Clock,
    private readonly send: (packet: PacedPacket, back?: WayBack) => void,
    private readonly forget: () => void,
  ) {
    const source = canonical(options.filter?.source);
    const destination = canonical(options.filter?.destination);
    this.#filter = options.filter && { ...options.filter, ...(source && { source }), ...(destination && { destination }) };
  }

  arm(terms: WatchTerms): void {
    if (!this.#isOpen) return;
    const before = this.#terms?.expected;
    const isSame = before !== undefined && terms.expected !== undefined && isSamePacket(before, terms.expected);
    if (!isSame) this.heardAt = undefined;
    this.#terms = terms;
    this.#isTold = false;
    const heard = this.heardAt === undefined ? Number.NEGATIVE_INFINITY : this.heardAt + (terms.rearmUs ?? 0) / 1000;
    const now = this.clock.now();
    this.#expectBy(Math.max(terms.deadline, heard), now);
  }

  /** Of addresses and frames nothing: whoever hears of silence sees to them in the same turn of the loop. */
  foresee(foreseen: Foreseen): void {
    this.#foreseen = foreseen;
    this.#hasConsent = false;
  }
  /** Nothing: whoever hears of silence has the beacon say so in the same turn of the loop. */
  turnAtSilence(): void {}
  consent(): void {
    this.#hasConsent = this.#isOpen && this.#terms !== undefined && !this.#isTold && this.#foreseen !== undefined;
  }

  disarm(): void {
    this.#hasConsent = false;
    this.#terms = undefined;
    this.heardAt = undefined;
    this.#deadline = Number.POSITIVE_INFINITY;
    this.#timer?.cancel();
  }

  close(): void {
    if (!this.#isOpen) return;
    this.disarm();
    this.#isOpen = false;
    this.forget();
  }

  /** False where the packet is none of its. */
  hear(packet: HeardPacket): boolean {
    if (!this.#isOpen || (this.#filter !== undefined && !passes(packet, this.#filter))) return false;
    if (this.options.returns !== undefined) {
      this.#giveBack(packet, this.options.returns);
      return true;
    }
    const { expected, rearmUs, rearmedBy } = this.#terms ?? {};
    // Whoever consented has to judge this first.
    this.#hasConsent = false;
    const isExpected = expected !== undefined && isSamePacket(packet, expected);
    if (rearmUs !== undefined && (isExpected || rearmedBy === 'any')) this.#rearm(packet.receivedAt, rearmUs / 1000);
    if (isExpected) {
      this.consumed++;
      this.heardAt = packet.receivedAt;
    } else this.options.onPacket(packet);
    return true;
  }

  /** By the generic cell rate algorithm, as the thread does. */
  #giveBack({ source, destination, link, sourcePort, payload, receivedAt }: HeardPacket, { everyUs, burst }: Returns): void {
    const due = Math.max(this.#returnDue, receivedAt);
    if (due - receivedAt > ((burst - 1) * everyUs) / 1000) {
      this.withheld++;
      return;
    }
    this.#returnDue = due + everyUs / 1000;
    this.returned++;
    const ends = { source: destination, destination: source, destinationPort: sourcePort };
    this.send({ ...ends, hopLimit: 1, trafficClass: 0, payload }, { from: destination, link });
  }

  /** Mostly to a later time: the timer that runs finds out when it fires. */
  #rearm(receivedAt: number, ms: number): void {
    const deadline = receivedAt + ms;
    if (this.#isTold || deadline - (this.#terms?.warnMs ?? 0) < this.#timerAt) {
      this.#isTold = false;
      this.#expectBy(deadline, receivedAt);
      return;
    }
    this.#deadline = deadline;
    this.#waitMs = ms;
    this.#isExtended = false;
    this.#isWarned = false;
    this.#hasLooked = false;
  }

  #expectBy(deadline: number, since: number): void {
    this.#deadline = deadline;
    this.#waitMs = Math.max(0, deadline - since);
    this.#isExtended = false;
    this.#isWarned = false;
    this.#hasConsent = false;
    this.#hasLooked = false;
    this.#schedule(this.#next);
  }

  #schedule(at: number): void {
    this.#timer?.cancel();
    this.#timerAt = at;
    this.#timer = this.clock.at(at, () => this.#fired());
  }

  #fired(): void {
    const now = this.clock.now();
    const late = now - this.#deadline;
    if (late < 0) {
      this.#warn(now);
    } else if (late > Math.max(asleepMs, this.#waitMs / 8) && this.#waitMs > 0 && !this.#isExtended) {
      // How long it slept is not known, at most since the deadline was set: the wait begins anew.
      this.#isExtended = true;
      this.#deadline = now + this.#waitMs;
      this.#schedule(this.#next);
    } else if (late > lateMs && !this.#hasLooked) {
      // The event loop reads sockets between two rounds of timers.
      this.#hasLooked = true;
      this.#schedule(now);
    } else {
      this.#isTold = true;
      this.#timerAt = Number.POSITIVE_INFINITY;
      const acts = this.#hasConsent ? this.#foreseen : undefined;
      if (acts !== undefined) this.#foreseen = undefined;
      this.#hasConsent = false;
      for (const packet of acts?.packets ?? []) this.send(packet);
      this.options.onSilence(now, acts !== undefined);
    }
  }

  /** The warning, or the deadline itself. */
  get #next(): number {
    const { warnMs } = this.#terms ?? {};
    return this.#isWarned || warnMs === undefined ? this.#deadline : this.#deadline - warnMs;
  }

  #warn(now: number): void {
    const isDue = !this.#isWarned && now >= this.#next && this.#next < this.#deadline;
    this.#isWarned ||= isDue;
    this.#schedule(this.#next);
    if (isDue) this.options.onImminent?.(this.#deadline);
  }
}

function canonical(address: string | undefined): string | undefined {
  return address === undefined ? undefined : canonicalAddress(address);
}
