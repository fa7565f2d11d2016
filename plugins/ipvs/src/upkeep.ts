/**
 * Brings about, and keeps, something of the kernel's that stands beside the table: what is refused is tried again with pauses as those
 * of the table and said once, and each audit looks whether it is still so. Made by timeouts.ts and sync-daemons.ts.
 */
import { type Clock, type Log, messageOf, PortError, type Timer } from '@mainstay/sdk';
import { retryMs, triedAgain } from './keeper.js';

export interface Task {
  /**
   * Compares, and changes what differs. Throws what is refused. `isAudit`: it was as it should be and nothing else has come to be wanted,
   * so that whatever differs was changed by somebody else.
   */
  attempt(isAudit: boolean): Promise<void>;
  /** For the log: what does not work, and what that means. */
  trouble(why: string): string;
  /** For the log, after trouble: it works again. */
  readonly relief: string;
  /** For the log: what is not known, and what becomes of it meanwhile. */
  doubt(why: string): string;
  /** For the log, after doubt: it was looked, and all is well. */
  readonly certainty: string;
}

/** How things stand could not be read: they may well be as they should be. */
class Unread extends Error {}

/** An answer of the kernel that an attempt needs. Where there is no IPVS at all, that is an answer: nothing is as wanted. */
export async function known<Answer>(reading: Promise<Answer>): Promise<Answer> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof PortError && error.errno === 'EPROTONOSUPPORT') throw error;
    throw new Unread(messageOf(error), { cause: error });
  }
}

export class Upkeep {
  #work: Promise<void> = Promise.resolve();
  /** What waits for its turn, or has it. */
  #open = 0;
  #retry: Timer | undefined;
  #pauseMs: number = retryMs.first;
  /** The newest, until it is over; `relief`: what is said then. */
  #complaint: { readonly text: string; readonly relief: string } | undefined;
  #isClosed = false;

  constructor(
    private readonly task: Task,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /** Something else is wanted, or may be. Resolves when it was tried. */
  renew(): Promise<void> {
    this.#pauseMs = retryMs.first;
    return this.#try(false);
  }

  /** What is under way, or was refused and waits for its next try, is left to that. */
  audit(): void {
    if (this.#open === 0 && this.#retry === undefined) void this.#try(true);
  }

  /** Resolves when nothing is under way any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#retry?.cancel();
    await this.#work;
  }

  #try(isAudit: boolean): Promise<void> {
    this.#open++;
    this.#work = this.#work.then(async () => {
      this.#retry?.cancel();
      this.#retry = undefined;
      if (!this.#isClosed) await this.#attempt(isAudit);
      this.#open--;
    });
    return this.#work;
  }

  async #attempt(isAudit: boolean): Promise<void> {
    try {
      await this.task.attempt(isAudit);
      if (this.#complaint !== undefined) this.log.info(this.#complaint.relief);
      this.#complaint = undefined;
      this.#pauseMs = retryMs.first;
    } catch (error) {
      if (this.#isClosed) return;
      const { task } = this;
      const isUnread = error instanceof Unread;
      const text = isUnread ? task.doubt(error.message) : task.trouble(messageOf(error));
      if (text !== this.#complaint?.text) this.log.error(`${text}. ${triedAgain}`);
      this.#complaint = { text, relief: isUnread ? task.certainty : task.relief };
      this.#retry = this.clock.after(this.#pauseMs, () => void this.#try(false));
      this.#pauseMs = Math.min(this.#pauseMs * 2, retryMs.longest);
    }
  }
}
