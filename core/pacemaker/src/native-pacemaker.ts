/** The entry points of the pacemaker thread in the addon, typed. Used by native.ts; the C side checks what it is given. */
import type { Handle } from './native.js';

/** Whole IP packet, UDP payload or frame; destination of the family's length (of frames empty); port of UDP, otherwise 0. */
export type NativePacket = readonly [bytes: Uint8Array, destination: Uint8Array, port: number];

export const mailKind = { ended: 0, packet: 1, silence: 2, turn: 3, trouble: 4, imminent: 5 } as const;

/** `id` is that of the beacon, watch or line that it concerns; `at` in microseconds of CLOCK_MONOTONIC. */
export type NativeMail = { readonly id: number; readonly at: number } & (
  | { readonly kind: typeof mailKind.ended; readonly hasOverslept: boolean }
  | ({ readonly kind: typeof mailKind.packet } & NativeReceived)
  | { readonly kind: typeof mailKind.silence; readonly generation: number; readonly hasSpoken: boolean }
  | { readonly kind: typeof mailKind.imminent; readonly generation: number }
  | { readonly kind: typeof mailKind.turn }
  | { readonly kind: typeof mailKind.trouble; readonly errno: number; readonly count: number; readonly isReceiving: boolean }
);

export interface NativeReceived {
  readonly source: Buffer;
  readonly destination: Buffer;
  readonly sourcePort: number;
  readonly hopLimit: number;
  readonly interfaceIndex: number;
  readonly payload: Buffer;
}

export interface NativePacemaker {
  pacerStart(onMail: () => void): Handle;
  /** `errno`: why the thread is not SCHED_FIFO; 0: it is. */
  pacerStatus(pacer: Handle): { errno: number; memoryErrno: number; lost: number; latestUs: number };
  pacerRenew(pacer: Handle): void;
  pacerUnflushed(pacer: Handle): boolean;
  pacerFlush(pacer: Handle): void;
  pacerReference(pacer: Handle, isReferenced: boolean): void;
  /** As many as `max`: there may be more. */
  pacerTake(pacer: Handle, max: number): NativeMail[];
  objectClose(object: Handle): void;
  /**
   * `number`: protocol, port or ether type. `keyLength` 0: no keys; `keyOffset` 65536: of the source address. `address` empty: any.
   * `rules`, of frames only: as those of watchOpen.
   */
  lineOpen(
    pacer: Handle,
    id: number,
    transport: 0 | 1 | 2,
    family: 4 | 6,
    number: number,
    interfaceIndex: number,
    hopLimit: number,
    trafficClass: number,
    keyOffset: number,
    keyLength: number,
    tellsStrays: 0 | 1,
    address: Uint8Array,
    rules: Uint8Array,
  ): Handle;
  lineMembership(line: Handle, join: boolean, group: Uint8Array): void;
  lineSend(line: Handle, packets: readonly NativePacket[]): void;
  lineDrops(line: Handle): number;
  lineUntold(line: Handle): number;
  /** NaN: no lease, never too late. */
  beaconOpen(
    line: Handle,
    id: number,
    packets: readonly NativePacket[],
    intervalUs: number,
    least: number,
    most: number,
    firstAt: number,
    leaseUs: number,
    last: readonly NativePacket[] | undefined,
    latestUs: number,
    tellsTurns: boolean,
  ): Handle;
  /** `intervalUs` 0 and `nextAt` NaN: as it is. */
  beaconSet(beacon: Handle, packets: readonly NativePacket[] | undefined, intervalUs: number, nextAt: number): void;
  beaconState(beacon: Handle): [turns: number, nextAt: number];
  /** `key` -1: none. `rules`: offset and length in 4 bytes each, mask, value, and so on. `source` and `destination` empty, `interfaceIndex` 0: any. `returnUs` 0: never. */
  watchOpen(
    line: Handle,
    id: number,
    key: number,
    leastHopLimit: number,
    mostHopLimit: number,
    leastLength: number,
    mostLength: number,
    source: Uint8Array,
    rules: Uint8Array,
    interfaceIndex: number,
    destination: Uint8Array,
    returnUs: number,
    returnBurst: number,
  ): Handle;
  /** `deadline`, `rearmUs` and `warnUs` NaN: none. */
  watchArm(
    watch: Handle,
    generation: number,
    deadline: number,
    rearmUs: number,
    warnUs: number,
    isRearmedByAny: boolean,
    hasExpected: boolean,
    source: Uint8Array,
    destination: Uint8Array,
    sourcePort: number,
    hopLimit: number,
    payload: Uint8Array,
  ): void;
  /** `requests`: messages to rtnetlink, one after the other. */
  watchForesee(
    watch: Handle,
    packets: readonly NativePacket[],
    requests: Uint8Array,
    frames: readonly (readonly [interfaceIndex: number, frame: Uint8Array])[],
    repeatUs: number,
    repeatForUs: number,
  ): void;
  /** Does nothing where the terms have another generation by now, or another number of packets has come than was read. */
  watchConsent(watch: Handle, generation: number, packetsRead: number): void;
  /** At silence the beacon changes to these packets. `beacon` undefined: none does. Not where a packet was told that is not among those read. */
  watchTurn(
    watch: Handle,
    beacon: Handle | undefined,
    packets: readonly NativePacket[],
    intervalUs: number,
    packetsRead: number,
  ): void;
  watchRead(watch: Handle, packetsRead: number): void;
  watchState(
    watch: Handle,
  ): [heardAt: number, consumed: number, repeatsAt: number, repeats: number, returned: number, withheld: number];
}
