/** Listens for one peer: expected packets are heard by the thread alone, others and silence are told. Made by PacemakerLine. */
import { guarded, type Handle } from './native.js';
import { mailKind, type NativeMail, type NativeReceived } from './native-pacemaker.js';
import type { PacemakerBeacon, Send } from './pacemaker-beacon.js';
import type { PacemakerLine } from './pacemaker-line.js';

/** Addresses of 4 or 16 bytes; of frames empty, and `payload` is the whole frame. */
export interface HeardPacket extends NativeReceived {
  /** When the thread took it, in microseconds of CLOCK_MONOTONIC. */
  readonly receivedAt: number;
}

/** Bytes from `offset` on, equal to `value` where `mask` has ones. */
export interface BytesRule {
  readonly offset: number;
  readonly mask: Uint8Array;
  readonly value: Uint8Array;
}

/** All that is named must hold. */
export interface PacketFilter {
  readonly hopLimit?: readonly [least: number, most: number];
  readonly length?: readonly [least: number, most: number];
  readonly source?: Uint8Array;
  /** 4 or 16 bytes; absent: to any address. */
  readonly destination?: Uint8Array;
  /** Index of the interface. */
  readonly link?: number;
  readonly bytes?: readonly BytesRule[];
}

export interface WatchOptions {
  /** The key of its packets, as a number; absent: every packet of the line. */
  readonly key?: number;
  readonly filter?: PacketFilter;
  /** UDP only: what passes goes back to where it came from, and is not told. */
  readonly returns?: { readonly everyUs: number; readonly burst: number };
  /** A packet that is not the expected one. */
  onPacket(packet: HeardPacket): void;
  /** The deadline comes in so long as the terms asked to be warned. */
  onImminent?(deadline: number): void;
  /**
   * The deadline has passed. `hasSpoken`: what was foreseen has been sent and done; told even where the terms were replaced in
   * that very moment.
   */
  onSilence(at: number, hasSpoken: boolean): void;
}

export interface WatchTerms {
  /** Microseconds of CLOCK_MONOTONIC; absent: none until a packet re-arms. */
  readonly deadline?: number;
  readonly expected?: Omit<HeardPacket, 'interfaceIndex' | 'receivedAt'>;
  readonly rearmUs?: number;
  readonly warnUs?: number;
  readonly rearmedBy?: 'expected' | 'any';
}

export interface Foreseen {
  /** Sent by the thread itself. */
  readonly packets: readonly Send[];
  /** Messages to rtnetlink, sent by a second thread, which may have to wait for the kernel. Nobody hears the answers. */
  readonly requests?: Uint8Array;
  /** Whole frames, sent after that. */
  readonly frames?: readonly (readonly [interfaceIndex: number, frame: Uint8Array])[];
  /** The packets go on until the watch is armed or foresees anew, and for so long at most. */
  readonly repeat?: { readonly everyUs: number; readonly forUs: number };
}

const none = Buffer.alloc(0);
const nothing = { source: none, destination: none, sourcePort: 0, hopLimit: 0, payload: none };
const anyNumber = [0, 0x7fffffff] as const;

export class PacemakerWatch {
  readonly #handle: Handle;
  readonly #id: number;
  #generation = 0;
  /** Packets that were told. */
  #read = 0;
  #isOpen = true;
  #hasTurn = false;

  /** @internal */
  constructor(
    private readonly line: PacemakerLine,
    private readonly options: WatchOptions,
    private readonly forget: () => void,
  ) {
    const { key, filter, returns } = options;
    const hopLimit = filter?.hopLimit ?? anyNumber;
    const length = filter?.length ?? anyNumber;
    this.#id = line.thread.mail.add(this);
    try {
      this.#handle = guarded(line.what, (addon) =>
        addon.watchOpen(
          line.handle,
          this.#id,
          key ?? -1,
          hopLimit[0],
          hopLimit[1],
          length[0],
          length[1],
          filter?.source ?? none,
          packRules(filter?.bytes ?? []),
          filter?.link ?? 0,
          filter?.destination ?? none,
          returns?.everyUs ?? 0,
          returns?.burst ?? 0,
        ),
      );
    } catch (error) {
      line.thread.mail.remove(this.#id);
      throw error;
    }
    line.thread.counts.watches++;
    line.thread.given();
  }

  /** Replaces the terms. Silence that was noticed under earlier terms is not told any more. */
  arm({ deadline, expected, rearmUs, warnUs, rearmedBy }: WatchTerms): void {
    const { source, destination, sourcePort, hopLimit, payload } = expected ?? nothing;
    const generation = (this.#generation + 1) >>> 0;
    guarded(this.line.what, (addon) =>
      addon.watchArm(
        this.#handle,
        generation,
        deadline ?? Number.NaN,
        rearmUs ?? Number.NaN,
        warnUs ?? Number.NaN,
        rearmedBy === 'any',
        expected !== undefined,
        source,
        destination,
        sourcePort,
        hopLimit,
        payload,
      ),
    );
    this.#generation = generation;
    this.line.thread.given();
  }

  /** What to do the moment that silence is noticed, where `consent` is given. Done once; replaces what was foreseen before. */
  foresee({ packets, requests, frames, repeat }: Foreseen): void {
    guarded(this.line.what, (addon) =>
      addon.watchForesee(
        this.#handle,
        this.line.pack(packets),
        requests ?? none,
        frames ?? [],
        repeat?.everyUs ?? 0,
        repeat?.forUs ?? 0,
      ),
    );
    this.line.thread.given();
  }

  /** To what was foreseen, under the present terms and until anything is heard. Nothing where that has come and was not told yet. */
  consent(): void {
    guarded(this.line.what, (addon) => addon.watchConsent(this.#handle, this.#generation, this.#read));
    this.line.thread.given();
  }

  /**
   * At silence a beacon changes to these packets and this interval, and sends at once: without consent, for what silence means without
   * doubt. Once; undefined takes it back. Not where a packet was told that has not been read.
   */
  turnAtSilence(
    turn: { readonly beacon: PacemakerBeacon; readonly packets: readonly Send[]; readonly intervalUs: number } | undefined,
  ) {
    const isLive = turn?.beacon.isLive === true;
    this.#hasTurn = isLive;
    guarded(this.line.what, (addon) =>
      addon.watchTurn(
        this.#handle,
        isLive ? turn.beacon.handle : undefined,
        isLive ? turn.beacon.line.pack(turn.packets) : [],
        turn?.intervalUs ?? 1000,
        this.#read,
      ),
    );
    this.line.thread.given();
  }

  /** No deadline and no expected packet: everything is told. */
  disarm(): void {
    this.arm({});
  }

  /** When the expected packet came last under these terms; undefined while it has not. */
  get heardAt(): number | undefined {
    const [heardAt] = guarded(this.line.what, (addon) => addon.watchState(this.#handle));
    return Number.isNaN(heardAt) ? undefined : heardAt;
  }

  /** Expected packets that came and were not told, since the watch was made. */
  get consumed(): number {
    return guarded(this.line.what, (addon) => addon.watchState(this.#handle))[1];
  }

  /** When the foreseen packets are sent again; undefined: they are not. */
  get repeatsAt(): number | undefined {
    const [, , repeatsAt] = guarded(this.line.what, (addon) => addon.watchState(this.#handle));
    return Number.isNaN(repeatsAt) ? undefined : repeatsAt;
  }

  /** How often foreseen packets were sent again, since the watch was made. */
  get repeats(): number {
    return guarded(this.line.what, (addon) => addon.watchState(this.#handle))[3];
  }

  /** Packets that went back to where they came from. */
  get returned(): number {
    return guarded(this.line.what, (addon) => addon.watchState(this.#handle))[4];
  }

  /** Packets that were too many to go back. */
  get withheld(): number {
    return guarded(this.line.what, (addon) => addon.watchState(this.#handle))[5];
  }

  /** Closing twice does nothing. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.line.thread.counts.watches--;
    this.line.thread.mail.remove(this.#id);
    this.forget();
    guarded(this.line.what, (addon) => addon.objectClose(this.#handle));
    this.line.thread.given();
  }

  /** After what the packet has led to. */
  #tellRead(): void {
    if (!this.#hasTurn || !this.#isOpen) return;
    guarded(this.line.what, (addon) => addon.watchRead(this.#handle, this.#read));
    this.line.thread.given();
  }

  /** @internal */
  receive(mail: NativeMail): void {
    if (mail.kind === mailKind.packet) {
      this.#read = (this.#read + 1) >>> 0;
      try {
        this.options.onPacket(heardFrom(mail));
      } finally {
        this.#tellRead();
      }
    } else if (mail.kind === mailKind.silence) {
      if (mail.hasSpoken || mail.generation === this.#generation) this.options.onSilence(mail.at, mail.hasSpoken);
    } else if (mail.kind === mailKind.imminent && mail.generation === this.#generation) this.options.onImminent?.(mail.at);
  }
}

/** @internal A packet out of the mail. */
export function heardFrom({
  at,
  source,
  destination,
  sourcePort,
  hopLimit,
  interfaceIndex,
  payload,
}: NativeReceived & { at: number }) {
  return { source, destination, sourcePort, hopLimit, interfaceIndex, payload, receivedAt: at } satisfies HeardPacket;
}

/** @internal As match.c reads them: offset and length in 4 bytes each, then mask and value. */
export function packRules(rules: readonly BytesRule[]): Buffer {
  return Buffer.concat(
    rules.flatMap(({ offset, mask, value }) => {
      if (mask.length !== value.length) throw new TypeError('mask and value of a filter must have the same length');
      const head = Buffer.alloc(8);
      head.writeUInt32BE(offset, 0);
      head.writeUInt32BE(mask.length, 4);
      return [head, mask, value];
    }),
  );
}
