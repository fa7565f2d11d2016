/**
 * Warnings of what somebody else does again and again, as kube-proxy does to timeouts: the same is said a few times, then that it goes
 * on, and then nothing until it is something else. Used by keeper.ts, timeouts.ts and sync-daemons.ts.
 */
import type { Clock, Log } from '@mainstay/sdk';

/** So often it is said as it is. */
const plainTimes = 3;
/** It is in a row with what was found so long ago. Milliseconds. */
const rowMs = 600_000;

interface Row {
  readonly text: string;
  readonly times: number;
  readonly at: number;
}

export class Repetition {
  readonly #rows = new Map<string, Row>();

  constructor(
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /** `subject`: rows of others are not broken by it. */
  warn(subject: string, text: string): void {
    const at = this.clock.now();
    for (const [key, row] of this.#rows) if (at - row.at > rowMs) this.#rows.delete(key);
    const before = this.#rows.get(subject);
    const isSame = before !== undefined && before.text === text;
    const times = isSame ? before.times + 1 : 1;
    this.#rows.set(subject, { text, times, at });
    if (times <= plainTimes) this.log.warn(text);
    else if (times === plainTimes + 1)
      this.log.warn(
        `${text}. That makes ${times} times in a row: each time it is put right, and it is said again when something else is found`,
      );
    else this.log.debug(text);
  }
}
