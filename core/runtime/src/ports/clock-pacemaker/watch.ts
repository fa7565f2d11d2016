/** A watch on a timer of the event loop. Made by socket.ts, which hands it the packets with its key. */
import type { Clock, HeardPacket, PacedPacket, Timer, Watch, WatchOptions, WatchTerms } from '@mainstay/sdk';
import { isSamePacket, passes } from './matching.js';

/** A timer that fires later than this after its time: the process was asleep, and may have missed packets. */
const asleepMs = 20;

export class ClockWatch implements Watch {
  heardAt: number | undefined;
  consumed = 0;
  #terms: WatchTerms | undefined;
  #deadline = Number.POSITIVE_INFINITY;
  #timer: Timer | undefined;
  #isTold = false;
  #isWarned = false;
  /** What to say at silence. */
  #words: readonly PacedPacket[] = [];
  /** The deadline has been moved for a sleep under these terms. */
  #isExtended = false;
  #isOpen = true;

  constructor(
    private readonly options: WatchOptions,
    private readonly clock: Clock,
    private readonly send: (packet: PacedPacket) => void,
    private readonly forget: () => void,
  ) {}

  arm(terms: WatchTerms): void {
    if (!this.#isOpen) return;
    const before = this.#terms?.expected;
    const isSame = before !== undefined && terms.expected !== undefined && isSamePacket(before, terms.expected);
    if (!isSame) this.heardAt = undefined;
    this.#terms = terms;
    this.#isExtended = false;
    this.#isTold = false;
    this.#isWarned = false;
    this.#words = [];
    const heard = this.heardAt === undefined ? Number.NEGATIVE_INFINITY : this.heardAt + (terms.rearmUs ?? 0) / 1000;
    this.#deadline = Math.max(terms.deadline, heard);
    this.#schedule();
  }

  speakAtSilence(packets: readonly PacedPacket[]): void {
    if (this.#isOpen && !this.#isTold) this.#words = packets;
  }

  disarm(): void {
    this.#words = [];
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
    const { filter } = this.options;
    if (!this.#isOpen || (filter !== undefined && !passes(packet, filter))) return false;
    const { expected, rearmUs, rearmedBy } = this.#terms ?? {};
    // Whoever chose the words has to judge this first.
    this.#words = [];
    const isExpected = expected !== undefined && isSamePacket(packet, expected);
    if (rearmUs !== undefined && (isExpected || rearmedBy === 'any')) this.#rearm(packet.receivedAt + rearmUs / 1000);
    if (isExpected) {
      this.consumed++;
      this.heardAt = packet.receivedAt;
    } else this.options.onPacket(packet);
    return true;
  }

  /** Only ever later: the timer that runs finds out when it fires. */
  #rearm(deadline: number): void {
    this.#deadline = deadline;
    this.#isExtended = false;
    this.#isWarned = false;
    if (!this.#isTold) return;
    this.#isTold = false;
    this.#schedule();
  }

  #schedule(): void {
    this.#timer?.cancel();
    this.#timer = this.clock.at(this.#next, () => this.#fired());
  }

  /** The warning, or the deadline itself. */
  get #next(): number {
    const { warnMs } = this.#terms ?? {};
    return this.#isWarned || warnMs === undefined ? this.#deadline : this.#deadline - warnMs;
  }

  #fired(): void {
    const now = this.clock.now();
    if (now < this.#deadline) {
      if (now >= this.#next && !this.#isWarned) {
        this.#isWarned = true;
        this.options.onImminent?.(this.#deadline);
        if (this.#terms === undefined) return;
      }
      this.#schedule();
      return;
    }
    const rearmMs = (this.#terms?.rearmUs ?? 0) / 1000;
    if (now - this.#deadline > Math.max(asleepMs, rearmMs / 8) && rearmMs > 0 && !this.#isExtended) {
      // How long it slept is not known: as if the expected packet had just come.
      this.#isExtended = true;
      this.#deadline = now + rearmMs;
      this.#schedule();
      return;
    }
    this.#isTold = true;
    const words = this.#words;
    this.#words = [];
    for (const packet of words) this.send(packet);
    this.options.onSilence(now, words.length > 0);
  }
}
