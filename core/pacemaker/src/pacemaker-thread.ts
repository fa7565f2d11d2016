/** The thread that keeps time beside the event loop: one in each environment, started on first use, there until its end. */
import { errnoName } from './errors.js';
import { guarded, type Handle } from './native.js';
import { type LineOptions, PacemakerLine } from './pacemaker-line.js';
import { Mail } from './pacemaker-mail.js';

export interface ThreadStatus {
  /** `fifo` runs before every ordinary process, `ordinary` competes with them. */
  readonly scheduling: 'fifo' | 'ordinary';
  /** Why it is not `fifo`, such as EPERM. */
  readonly refusedWith?: string;
  /** Why the kernel may take its memory away, such as ENOMEM beyond RLIMIT_MEMLOCK. Absent: it may not. */
  readonly memoryRefusedWith?: string;
  readonly lines: number;
  /** Not closed and not ended. */
  readonly beacons: number;
  readonly watches: number;
  /** Received packets that did not fit into the mailbox while JavaScript did not read it. */
  readonly packetsLost: number;
  /** The most that the thread woke up late since it started. */
  readonly latestUs: number;
}

let running: PacemakerThread | undefined;

export class PacemakerThread {
  /** @internal Of the lines, beacons and watches. */
  readonly mail: Mail;
  /** @internal */
  readonly counts = { lines: 0, beacons: 0, watches: 0 };
  readonly #handle: Handle;
  #willFlush = false;

  private constructor() {
    this.#handle = guarded('pacemaker thread', (addon) => addon.pacerStart(() => this.mail.deliver()));
    this.mail = new Mail((max) => guarded('pacemaker thread', (addon) => addon.pacerTake(this.#handle, max)));
  }

  /** The thread of this environment. Throws NativeSocketError where it cannot be started. */
  static start(): PacemakerThread {
    running ??= new PacemakerThread();
    return running;
  }

  status(): ThreadStatus {
    const { errno, memoryErrno, lost, latestUs } = guarded('pacemaker thread', (addon) => addon.pacerStatus(this.#handle));
    return {
      scheduling: errno === 0 ? 'fifo' : 'ordinary',
      ...(errno === 0 ? {} : { refusedWith: errnoName(errno) }),
      ...(memoryErrno === 0 ? {} : { memoryRefusedWith: errnoName(memoryErrno) }),
      ...this.counts,
      packetsLost: lost,
      latestUs,
    };
  }

  /** The event loop turns: leases of beacons count from now. */
  renew(): void {
    guarded('pacemaker thread', (addon) => addon.pacerRenew(this.#handle));
  }

  /** Throws NativeSocketError: ENODEV where the interface is missing, EPERM without CAP_NET_RAW, EADDRINUSE. */
  openLine(options: LineOptions): PacemakerLine {
    return new PacemakerLine(this, this.#handle, options);
  }

  /** @internal A line was opened (1) or closed (-1): the process lives on while there is one. */
  countLine(change: 1 | -1): void {
    this.counts.lines += change;
    guarded('pacemaker thread', (addon) => addon.pacerReference(this.#handle, this.counts.lines > 0));
  }

  /** @internal A command was given. The addon wakes the thread for single ones; of a burst it leaves the rest to us. */
  given(): void {
    if (this.#willFlush || !guarded('pacemaker thread', (addon) => addon.pacerUnflushed(this.#handle))) return;
    this.#willFlush = true;
    queueMicrotask(() => {
      this.#willFlush = false;
      guarded('pacemaker thread', (addon) => addon.pacerFlush(this.#handle));
    });
  }
}
