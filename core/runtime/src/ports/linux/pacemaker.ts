/** The `pacemaker` port on the native thread; where that cannot run, on timers of the event loop. Opened by index.ts. */
import { PacemakerThread } from '@mainstay/pacemaker';
import { type Link, messageOf, type PacedSocket, type Pacemaker, type PacemakerStatus, PortError } from '@mainstay/sdk';
import { PacedLine } from './paced-line.js';
import { portError, refusalText } from './refusal.js';

/** Set to `javascript` to do without the thread: to find out whether it is at fault. */
const wish = 'MAINSTAY_PACEMAKER';

/** The native thread, or why there is none. */
export function startThread(): PacemakerThread | string {
  if (process.env[wish] === 'javascript') return `the environment says ${wish}=javascript`;
  try {
    return PacemakerThread.start();
  } catch (error) {
    return `its thread cannot be started: ${messageOf(error)}`;
  }
}

export class LinuxPacemaker implements Pacemaker {
  readonly #lines = new Set<PacedLine>();
  #renewal: { readonly everyMs: number; readonly timer: NodeJS.Timeout } | undefined;

  constructor(
    private readonly thread: PacemakerThread,
    private readonly linkOf: (index: number) => Link | undefined,
  ) {}

  status(): PacemakerStatus {
    const { scheduling, refusedWith, memoryRefusedWith, beacons, watches, packetsLost, latestUs } = this.thread.status();
    const troubles = [
      ...(refusedWith === undefined
        ? []
        : [
            `the system refuses real-time scheduling (${refusedWith}), so other programs may make it late: ` +
              'run it as root, or allow it with LimitRTPRIO=50 in the unit file',
          ]),
      ...(memoryRefusedWith === undefined
        ? []
        : [
            `the system refuses to keep its memory in place (${memoryRefusedWith}), so a shortage of memory may make it late: ` +
              'run it as root, or allow it with LimitMEMLOCK=64M in the unit file',
          ]),
    ];
    const why = troubles.length === 0 ? {} : { why: troubles.join('; ') };
    return { by: 'thread', scheduling, ...why, beacons, watches, packetsLost, latestUs };
  }

  open(options: Parameters<Pacemaker['open']>[0]): PacedSocket {
    const isEveryLink = options.link === 0 && options.transport.kind === 'udp';
    const name = isEveryLink ? 'every link' : this.linkOf(options.link)?.name;
    const what = `cannot open a paced socket on ${name ?? `link ${options.link}`}`;
    if (name === undefined) throw new PortError(`${what}: ${refusalText('ENODEV')}`, 'ENODEV');
    try {
      const line: PacedLine = new PacedLine(this.thread, options, name, {
        closed: () => void this.#lines.delete(line),
        leased: (ms) => this.#renewFor(ms),
      });
      this.#lines.add(line);
      return line;
    } catch (error) {
      throw portError(what, error);
    }
  }

  close(): void {
    clearInterval(this.#renewal?.timer);
    this.#renewal = undefined;
    for (const line of [...this.#lines]) line.close();
  }

  /** Every lease is renewed while the event loop turns: several times within the shortest one. */
  #renewFor(leaseMs: number): void {
    this.thread.renew();
    const everyMs = Math.max(10, leaseMs / 5);
    if (this.#renewal !== undefined && this.#renewal.everyMs <= everyMs) return;
    clearInterval(this.#renewal?.timer);
    const timer = setInterval(() => this.thread.renew(), everyMs);
    timer.unref();
    this.#renewal = { everyMs, timer };
  }
}
