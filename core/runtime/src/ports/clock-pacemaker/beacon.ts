/** A beacon on a timer of the event loop. It is late when JavaScript is, but its schedule never drifts. Made by socket.ts. */
import type { Beacon, BeaconOptions, Clock, PacedPacket, Timer } from '@mainstay/sdk';

export class ClockBeacon implements Beacon {
  nextAt: number;
  turns = 0;
  #packets: readonly PacedPacket[];
  #intervalUs: number;
  /** When the last turn was due. */
  #lastDue: number | undefined;
  #timer: Timer | undefined;
  #isOpen = true;

  constructor(
    private readonly options: BeaconOptions,
    private readonly clock: Clock,
    private readonly random: () => number,
    private readonly send: (packet: PacedPacket) => void,
    private readonly forget: () => void,
  ) {
    this.nextAt = options.firstAt;
    this.#packets = options.packets;
    this.#intervalUs = options.intervalUs;
    this.#schedule();
  }

  set({ packets, intervalUs, nextAt }: Parameters<Beacon['set']>[0]): void {
    if (!this.#isOpen) return;
    if (packets !== undefined) this.#packets = packets;
    if (intervalUs !== undefined) this.#intervalUs = intervalUs;
    if (intervalUs === undefined && nextAt === undefined) return;
    if (nextAt !== undefined) this.nextAt = nextAt;
    // What is due at once by the new interval is not late.
    else if (this.#lastDue !== undefined) this.nextAt = Math.max(this.#lastDue + this.#drawnMs(), this.clock.now());
    this.#schedule();
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#timer?.cancel();
    this.forget();
  }

  #schedule(): void {
    this.#timer?.cancel();
    this.#timer = this.clock.at(this.nextAt, () => this.#turn());
  }

  #drawnMs(): number {
    const [least, most] = this.options.jitter ?? [1, 1];
    return (this.#intervalUs / 1000) * (least === most ? least : least + (most - least) * this.random());
  }

  /** The lease needs no look here: a loop that does not turn sends nothing, and what comes after a long sleep is `overslept`. */
  #turn(): void {
    const now = this.clock.now();
    const { latestMs } = this.options;
    if (latestMs !== undefined && now - this.nextAt > latestMs) {
      this.close();
      this.options.onEnd({ why: 'overslept', at: now });
      return;
    }
    for (const packet of this.#packets) this.send(packet);
    this.turns++;
    const drawn = this.#drawnMs();
    this.#lastDue = this.nextAt;
    // More than a turn behind: go on from now, without a burst.
    this.nextAt = now - this.nextAt < drawn ? this.nextAt + drawn : now + drawn;
    this.#schedule();
    this.options.onTurn?.(now);
  }
}
