/** Packets that the thread sends again and again, whatever JavaScript is doing. Made by PacemakerLine. */
import { guarded, type Handle } from './native.js';
import { mailKind, type NativeMail } from './native-pacemaker.js';
import type { PacemakerLine } from './pacemaker-line.js';

/** Raw IP: a whole packet, header included, and the 4 or 16 bytes of where it goes. */
export interface IpSend {
  readonly bytes: Uint8Array;
  readonly destination: Uint8Array;
}

export interface UdpSend {
  readonly payload: Uint8Array;
  /** 4 or 16 bytes. */
  readonly destination: Uint8Array;
  readonly port: number;
}

/** What the line's transport sends; of frames the whole frame, destination address first. */
export type Send = IpSend | UdpSend | Uint8Array;

/** All times in microseconds of CLOCK_MONOTONIC. */
export interface BeaconOptions {
  /** 1..255, sent together at each turn. */
  readonly packets: readonly Send[];
  /** 1000..2^32. */
  readonly intervalUs: number;
  /** Shares of the interval (0.01..2) between which each turn is drawn anew; default exactly one interval. */
  readonly jitter?: readonly [least: number, most: number];
  readonly firstAt: number;
  /** Without renew() for this long `last` is sent once, and the beacon ends. The end of the process sends `last` too. */
  readonly lease?: { readonly us: number; readonly last: readonly Send[] };
  /** A turn that is later than this is not sent: the beacon ends. */
  readonly latestUs?: number;
  onEnd(end: BeaconEnd): void;
  onTurn?(at: number): void;
}

export interface BeaconEnd {
  readonly why: 'lapsed' | 'overslept';
  readonly at: number;
}

export interface BeaconChange {
  readonly packets?: readonly Send[];
  /** Counts from the last turn. */
  readonly intervalUs?: number;
  readonly nextAt?: number;
}

export class PacemakerBeacon {
  /** @internal */
  readonly handle: Handle;
  readonly #id: number;
  #isOpen = true;
  #hasEnded = false;

  /** @internal */
  constructor(
    /** @internal */
    readonly line: PacemakerLine,
    private readonly options: BeaconOptions,
    private readonly forget: () => void,
  ) {
    const { packets, intervalUs, jitter, firstAt, lease, latestUs, onTurn } = options;
    const [least, most] = jitter ?? [1, 1];
    this.#id = line.thread.mail.add(this);
    try {
      this.handle = guarded(line.what, (addon) =>
        addon.beaconOpen(
          line.handle,
          this.#id,
          line.pack(packets),
          intervalUs,
          least,
          most,
          firstAt,
          lease?.us ?? Number.NaN,
          lease === undefined || lease.last.length === 0 ? undefined : line.pack(lease.last),
          latestUs ?? Number.NaN,
          onTurn !== undefined,
        ),
      );
    } catch (error) {
      line.thread.mail.remove(this.#id);
      throw error;
    }
    line.thread.counts.beacons++;
    line.thread.given();
  }

  /** Changes all that is named in one step. Does nothing to a beacon that has ended. */
  set({ packets, intervalUs, nextAt }: BeaconChange): void {
    if (this.#hasEnded) return;
    guarded(this.line.what, (addon) =>
      addon.beaconSet(
        this.handle,
        packets === undefined ? undefined : this.line.pack(packets),
        intervalUs ?? 0,
        nextAt ?? Number.NaN,
      ),
    );
    this.line.thread.given();
  }

  /** @internal Whether there is anything left to change. */
  get isLive(): boolean {
    return this.#isOpen && !this.#hasEnded;
  }

  /** Turns that were sent. */
  get turns(): number {
    return guarded(this.line.what, (addon) => addon.beaconState(this.handle))[0];
  }

  get nextAt(): number {
    return guarded(this.line.what, (addon) => addon.beaconState(this.handle))[1];
  }

  /** Ends it, silently. Closing twice does nothing. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    if (!this.#hasEnded) this.line.thread.counts.beacons--;
    this.line.thread.mail.remove(this.#id);
    this.forget();
    guarded(this.line.what, (addon) => addon.objectClose(this.handle));
    this.line.thread.given();
  }

  /** @internal */
  receive(mail: NativeMail): void {
    if (mail.kind === mailKind.turn) {
      // Ends are read first: a turn that is read after it was before.
      if (!this.#hasEnded) this.options.onTurn?.(mail.at);
    } else if (mail.kind === mailKind.ended) {
      this.#hasEnded = true;
      this.line.thread.counts.beacons--;
      this.options.onEnd({ why: mail.hasOverslept ? 'overslept' : 'lapsed', at: mail.at });
    }
  }
}
