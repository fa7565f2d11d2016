/**
 * Brings about, and keeps, something of the kernel's that stands beside the table: what is refused is tried again with pauses as those
 * of the table and said once, and each audit looks whether it is still so. Made by timeouts.ts and sync-daemons.ts.
 */
import { type Clock, type Log, messageOf, type Timer } from '@mainstay/sdk';
import { retryMs } from './keeper.js';

export interface Task {
  /**
   * Compares, and changes what differs. Throws what is refused. `isAudit`: it was as it should be and nothing else has come to be wanted,
   * so that whatever differs was changed by somebody else.
   */
  attempt(isAudit: boolean): Promise<void>;
  /** For the log: what does not work, and what that means. */
  trouble(why: string): string;
  /** For the log: it works again. */
  readonly relief: string;
}

export class Upkeep {
  #work: Promise<void> = Promise.resolve();
  /** What waits for its turn, or has it. */
  #open = 0;
  #retry: Timer | undefined;
  #pauseMs: number = retryMs.first;
  #complaint: string | undefined;
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
      if (this.#complaint !== undefined) this.log.info(this.task.relief);
      this.#complaint = undefined;
      this.#pauseMs = retryMs.first;
    } catch (error) {
      if (this.#isClosed) return;
      const complaint = this.task.trouble(messageOf(error));
      if (complaint !== this.#complaint)
        this.log.error(`${complaint}. It is tried again, up to every ${retryMs.longest / 1000} s`);
      this.#complaint = complaint;
      this.#retry = this.clock.after(this.#pauseMs, () => void this.#try(false));
      this.#pauseMs = Math.min(this.#pauseMs * 2, retryMs.longest);
    }
  }
}
