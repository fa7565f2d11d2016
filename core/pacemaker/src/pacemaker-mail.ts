/** Gets the thread's mail to the lines, beacons and watches that it concerns, in its order. Used by pacemaker-thread.ts. */
import { mailKind, type NativeMail } from './native-pacemaker.js';

/** Whatever mail can concern. */
export interface Recipient {
  receive(mail: NativeMail): void;
}

/** How much is taken from the thread at once, so that a flood leaves time for everything else. */
const batch = 256;
/** How long it may be read in one turn of the loop: leases are renewed between two turns. */
const turnMs = 50;
/** How long takeovers that have begun already may hold those that have not. */
const actedMs = 5;

export class Mail {
  readonly #recipients = new Map<number, Recipient>();
  #lastId = 0;
  readonly #ahead = new Queue();
  readonly #acted = new Queue();
  #isScheduled = false;

  constructor(private readonly take: (max: number) => readonly NativeMail[]) {}

  /** The id under which a recipient gets mail until `remove`. */
  add(recipient: Recipient): number {
    do {
      this.#lastId = (this.#lastId + 1) >>> 0;
    } while (this.#recipients.has(this.#lastId));
    this.#recipients.set(this.#lastId, recipient);
    return this.#lastId;
  }

  remove(id: number): void {
    this.#recipients.delete(id);
  }

  /** Reads what there is; what is left is read in later turns of the loop. */
  deliver(): void {
    if (this.#isScheduled) return;
    this.#deliver();
  }

  #deliver(): void {
    // What could not be read in the turn before comes first.
    const isTaking = this.#ahead.isEmpty;
    const fresh = isTaking ? this.take(batch) : [];
    // The thread has told of it already, and does not do so again.
    const mayHaveMore = !isTaking || fresh.length === batch;
    // What is about to happen before what has happened: it is of no use any more when it has.
    this.#ahead.push(fresh.filter(({ kind }) => kind === mailKind.imminent));
    this.#ahead.push(fresh.filter((mail) => mail.kind !== mailKind.imminent && !isActed(mail)));
    this.#acted.push(fresh.filter(isActed));
    try {
      this.#ahead.read((mail) => this.#hand(mail), performance.now() + turnMs);
      // Nobody hears of silence before what arrived earlier.
      if (this.#ahead.isEmpty) this.#acted.read((mail) => this.#hand(mail), performance.now() + actedMs);
    } finally {
      if (mayHaveMore || !this.#ahead.isEmpty || !this.#acted.isEmpty) this.#schedule();
    }
  }

  #hand(mail: NativeMail): void {
    this.#recipients.get(mail.id)?.receive(mail);
  }

  #schedule(): void {
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#deliver();
    });
  }
}

/** Silence at which the thread has done what was to be done first: whoever is told has time. */
function isActed(mail: NativeMail): boolean {
  return mail.kind === mailKind.silence && mail.hasSpoken;
}

/** Read in order; a reader that throws leaves the rest for the next time. */
class Queue {
  #mail: NativeMail[] = [];
  #read = 0;

  get isEmpty(): boolean {
    return this.#read === this.#mail.length;
  }

  push(mail: readonly NativeMail[]): void {
    if (this.isEmpty) {
      this.#mail = [];
      this.#read = 0;
    }
    for (const one of mail) this.#mail.push(one);
  }

  /** Until `end`, but one at least. */
  read(hand: (mail: NativeMail) => void, end: number): void {
    while (this.#read < this.#mail.length) {
      const mail = this.#mail[this.#read++];
      if (mail !== undefined) hand(mail);
      if (performance.now() >= end) return;
    }
  }
}
