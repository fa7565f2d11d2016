/**
 * Events on their way to one lane. The lane acknowledges each; no more than a window is under way, no more than a limit waits,
 * and beyond that the oldest is dropped and counted: a lane that hangs costs a bounded amount of the supervisor's memory and
 * nobody else's time. Used by lane-handle.ts.
 */

/** A thousand instances that change state at once, with what they say of their peers, several times over. */
const mostWaiting = 10_000;

export interface Numbered<T> {
  readonly seq: number;
  readonly item: T;
}

export class EventQueue<T> {
  readonly #limit: number;
  readonly #window: number;
  #waiting: T[] = [];
  /** Index of the oldest in `#waiting`: shifting a long array at each event would cost more than the event. */
  #head = 0;
  readonly #underWay = new Set<number>();
  #seq = 0;
  /** Events that never reached the lane, since the start. */
  dropped = 0;

  constructor(limit = mostWaiting, window = 64) {
    this.#limit = limit;
    this.#window = window;
  }

  get waiting(): number {
    return this.#waiting.length - this.#head;
  }

  get underWay(): number {
    return this.#underWay.size;
  }

  get isDrained(): boolean {
    return this.waiting === 0 && this.underWay === 0;
  }

  /** Answers false when the oldest event had to go for this one. */
  push(item: T): boolean {
    const hasRoom = this.waiting < this.#limit;
    if (!hasRoom) {
      this.#shift();
      this.dropped++;
    }
    this.#waiting.push(item);
    return hasRoom;
  }

  /** What may be sent now, oldest first. */
  *take(): Generator<Numbered<T>> {
    while (this.waiting > 0 && this.#underWay.size < this.#window) {
      const item = this.#shift() as T;
      const seq = ++this.#seq;
      this.#underWay.add(seq);
      yield { seq, item };
    }
  }

  acknowledge(seq: number): void {
    this.#underWay.delete(seq);
  }

  /** The process died: what was under way may have been the reason, so it is not sent again. Answers how many that were. */
  forgetUnderWay(): number {
    const count = this.#underWay.size;
    this.#underWay.clear();
    this.dropped += count;
    return count;
  }

  /** Everything that waits, oldest first; the queue is empty then. */
  *drain(): Generator<T> {
    while (this.waiting > 0) yield this.#shift() as T;
  }

  clear(): void {
    this.#waiting = [];
    this.#head = 0;
    this.#underWay.clear();
  }

  #shift(): T | undefined {
    const item = this.#waiting[this.#head++];
    if (this.#head > 1024 || this.#head === this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}
