/**
 * Drives the port `pacemaker` in this process: sockets, beacons and watches go by number, what they tell is kept in one list, in
 * order. Several calls may be made within one turn of the event loop. Part of the port driver.
 */
import type {
  Beacon,
  BeaconEnd,
  BeaconOptions,
  Clock,
  Foreseen,
  HeardPacket,
  PacedPacket,
  PacedSocket,
  PacedSocketOptions,
  Pacemaker,
  PacemakerStatus,
  Watch,
  WatchOptions,
  WatchTerms,
} from '@mainstay/sdk';

/** `of` is the number of the socket, beacon or watch that told it. */
export type PacedEvent = { readonly of: number } & (
  | { readonly kind: 'packet' | 'stray'; readonly packet: HeardPacket }
  | { readonly kind: 'turn'; readonly at: number }
  | { readonly kind: 'imminent'; readonly at: number; readonly deadline: number }
  | { readonly kind: 'silence'; readonly at: number; readonly hasActed: boolean }
  | ({ readonly kind: 'end' } & BeaconEnd)
  | { readonly kind: 'error'; readonly message: string }
);

/** Times count from the call. */
export interface BenchBeacon extends Omit<BeaconOptions, 'firstAt' | 'onEnd' | 'onTurn'> {
  readonly firstIn: number;
  readonly tellsTurns?: boolean;
}
export interface BenchChange {
  readonly packets?: readonly PacedPacket[];
  readonly intervalUs?: number;
  readonly nextIn?: number;
}
export interface BenchTerms extends Omit<WatchTerms, 'deadline'> {
  readonly deadlineIn: number;
}

export interface PacedBench {
  status(): PacemakerStatus;
  now(): number;
  /** Blocks the event loop: only where it is one. */
  block(ms: number): void;
  /** `isDeaf`: nobody is told of what no watch wants. */
  open(options: Omit<PacedSocketOptions, 'onPacket' | 'onError'> & { readonly isDeaf?: boolean }): number;
  join(socket: number, group: string): void;
  leave(socket: number, group: string): void;
  send(socket: number, packet: PacedPacket): void;
  closeSocket(socket: number): void;
  beacon(socket: number, beacon: BenchBeacon): number;
  set(beacon: number, change: BenchChange): void;
  beaconState(beacon: number): { readonly turns: number; readonly nextAt: number };
  closeBeacon(beacon: number): void;
  watch(socket: number, options: Pick<WatchOptions, 'key' | 'filter' | 'returns'>): number;
  /** Answers the deadline. */
  arm(watch: number, terms: BenchTerms): number;
  disarm(watch: number): void;
  foresee(watch: number, foreseen: Foreseen): void;
  consent(watch: number): void;
  /** From now on it consents whenever it is warned, at once. */
  consentWhenWarned(watch: number): void;
  watchState(watch: number): { readonly heardAt: number | undefined; readonly consumed: number };
  /** Packets that went back, and those that were too many to go. */
  watchReturns(watch: number): readonly [returned: number, withheld: number];
  closeWatch(watch: number): void;
  told(): readonly PacedEvent[];
  /** Closes every socket and forgets what was told. */
  reset(): void;
}

export type PacedCall = { [Method in keyof PacedBench]: readonly [Method, ...Parameters<PacedBench[Method]>] }[keyof PacedBench];

/** Makes the calls one after the other, within one turn of the event loop. */
export function pace(bench: PacedBench, calls: readonly PacedCall[]): readonly unknown[] {
  return calls.map(([method, ...args]) => (bench[method] as (...args: readonly unknown[]) => unknown)(...args));
}

export function createPacedBench(pacemaker: Pacemaker, clock: Clock): PacedBench {
  const things: { readonly socket?: PacedSocket; readonly beacon?: Beacon; readonly watch?: Watch }[] = [];
  let events: PacedEvent[] = [];
  const obedient = new Set<number>();
  const find = <Kind extends 'socket' | 'beacon' | 'watch'>(kind: Kind, id: number) => {
    const found = things[id]?.[kind];
    if (found === undefined) throw new RangeError(`no ${kind} ${id}`);
    return found as NonNullable<(typeof things)[number][Kind]>;
  };
  return {
    status: () => pacemaker.status(),
    now: () => clock.now(),
    block: (ms) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms),
    open: ({ isDeaf = false, ...options }) => {
      const of = things.length;
      const socket = pacemaker.open({
        ...options,
        ...(!isDeaf && { onPacket: (packet: HeardPacket) => events.push({ of, kind: 'stray', packet }) }),
        onError: ({ message }) => events.push({ of, kind: 'error', message }),
      });
      return things.push({ socket }) - 1;
    },
    join: (id, group) => find('socket', id).join(group),
    leave: (id, group) => find('socket', id).leave(group),
    send: (id, packet) => find('socket', id).send(packet),
    closeSocket: (id) => find('socket', id).close(),
    beacon: (id, { firstIn, tellsTurns, ...rest }) => {
      const of = things.length;
      const beacon = find('socket', id).beacon({
        ...rest,
        firstAt: clock.now() + firstIn,
        onEnd: (end) => events.push({ of, kind: 'end', ...end }),
        ...(tellsTurns === true && { onTurn: (at: number) => events.push({ of, kind: 'turn', at }) }),
      });
      return things.push({ beacon }) - 1;
    },
    set: (id, { nextIn, ...rest }) =>
      find('beacon', id).set({ ...rest, ...(nextIn !== undefined && { nextAt: clock.now() + nextIn }) }),
    beaconState: (id) => {
      const { turns, nextAt } = find('beacon', id);
      return { turns, nextAt };
    },
    closeBeacon: (id) => find('beacon', id).close(),
    watch: (id, options) => {
      const of = things.length;
      const watch = find('socket', id).watch({
        ...options,
        onPacket: (packet) => events.push({ of, kind: 'packet', packet }),
        onImminent: (deadline) => {
          events.push({ of, kind: 'imminent', at: clock.now(), deadline });
          if (obedient.has(of)) find('watch', of).consent();
        },
        onSilence: (at, hasActed) => events.push({ of, kind: 'silence', at, hasActed }),
      });
      return things.push({ watch }) - 1;
    },
    arm: (id, { deadlineIn, ...rest }) => {
      const deadline = clock.now() + deadlineIn;
      find('watch', id).arm({ ...rest, deadline });
      return deadline;
    },
    disarm: (id) => find('watch', id).disarm(),
    foresee: (id, foreseen) => find('watch', id).foresee(foreseen),
    consent: (id) => find('watch', id).consent(),
    consentWhenWarned: (id) => void obedient.add(id),
    watchState: (id) => {
      const { heardAt, consumed } = find('watch', id);
      return { heardAt, consumed };
    },
    watchReturns: (id) => {
      const { returned, withheld } = find('watch', id);
      return [returned, withheld];
    },
    closeWatch: (id) => find('watch', id).close(),
    told: () => [...events],
    reset: () => {
      for (const { socket } of things) socket?.close();
      obedient.clear();
      events = [];
    },
  };
}
