/** Gets the thread's mail to the lines, beacons and watches that it concerns, in its order. Used by pacemaker-thread.ts. */
import { mailKind, type NativeMail } from './native-pacemaker.js';

/** Whatever mail can concern. */
export interface Recipient {
  receive(mail: NativeMail): void;
}

/** How much is taken from the thread at once, so that a flood leaves time for everything else. */
const batch = 64;

export class Mail {
  readonly #recipients = new Map<number, Recipient>();
  #lastId = 0;
  /** Taken and not yet read: a callback that throws leaves the rest for the next turn of the loop. */
  #pending: readonly NativeMail[] = [];
  #read = 0;
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

  /** Reads one batch; what is left is read in later turns of the loop. */
  deliver(): void {
    if (this.#isScheduled) return;
    this.#deliver();
  }

  #deliver(): void {
    if (this.#read === this.#pending.length) {
      // What is about to happen before what has happened: it is of no use any more when it has.
      const taken = this.take(batch);
      const isWarning = ({ kind }: NativeMail) => kind === mailKind.imminent;
      this.#pending = taken.some(isWarning) ? [...taken.filter(isWarning), ...taken.filter((mail) => !isWarning(mail))] : taken;
      this.#read = 0;
    }
    const isFull = this.#pending.length === batch;
    try {
      while (this.#read < this.#pending.length) {
        const mail = this.#pending[this.#read++];
        if (mail !== undefined) this.#recipients.get(mail.id)?.receive(mail);
      }
    } finally {
      if (isFull || this.#read < this.#pending.length) this.#schedule();
    }
  }

  #schedule(): void {
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#deliver();
    });
  }
}
