/**
 * Asks servers over TCP again and again without JavaScript, as long as they answer as before. Used by core's checking loop through its
 * port `routines`.
 */
import { closeSync } from 'node:fs';
import { NativeSocketError } from './errors.js';
import { guarded, type Handle } from './native.js';
import type { NativeDeparted, NativeHistory, NativeRoutineFacts } from './native-asker.js';
import { type Departure, departureArguments } from './outgoing.js';

export interface Part {
  /** Offset in the answer. */
  readonly at: number;
  readonly bytes: Uint8Array;
}

export interface Question extends Departure {
  /** 4 or 16 bytes. */
  readonly address: Uint8Array;
  readonly port: number;
  /** Sent once the connection is there; at most 4096 octets. */
  readonly request: Uint8Array;
  /** What is compared of the answer: at most 8, and 4096 octets together. */
  readonly parts: readonly Part[];
  /** Of the whole answer, at most 65,536; 0: being connected is enough. */
  readonly octets: number;
  /** The server ends the stream behind its answer. */
  readonly isEnded: boolean;
  /** The first round begins so soon, milliseconds. */
  readonly dueInMs: number;
  readonly periodMs: number;
  readonly timeoutMs: number;
}

export interface History {
  /** Rounds that were answered as before. */
  readonly rounds: number;
  /** Of the last of them. */
  readonly lastBeganAgoMs: number;
  readonly lastTookMs: number;
}

export interface RoutineFacts extends History {
  /** Below 0: a round is under way that was due so long ago. */
  readonly dueInMs: number;
  readonly isUnderWay: boolean;
}

/** A round that did not go as before: nothing is asked any more. */
export interface Departed extends History {
  readonly dueAgoMs: number;
  readonly beganAgoMs: number;
  /** Its deadline was put off once. */
  readonly hadPause: boolean;
  readonly outcome:
    | { readonly kind: 'failed'; readonly error: NativeSocketError }
    | { readonly kind: 'late' }
    /** `fd`: the connection, the receiver's to close, with everything that comes behind `answer`. `error`: reading failed. */
    | {
        readonly kind: 'otherwise';
        readonly fd: number;
        readonly answer: Buffer;
        readonly error?: NativeSocketError;
      };
}

export class Asker {
  readonly #handle: Handle;
  readonly #departed = new Map<number, (departed: Departed) => void>();
  /** Those that the addon has let go and whose turn to be told has not come. */
  readonly #leaving = new Map<number, NativeDeparted>();

  /** Throws NativeSocketError. */
  constructor() {
    this.#handle = guarded('routines', (addon) => addon.askerOpen((all) => this.#hear(all)));
  }

  /** Asks until it departs from its routine, which is told once, or is ended. Throws RangeError and TypeError for what cannot be. */
  begin(question: Question, departed: (departed: Departed) => void): Routine {
    const { address, port, request, parts, octets, isEnded, dueInMs, periodMs, timeoutMs } = question;
    const times = [dueInMs, periodMs, timeoutMs].map((ms) => Math.max(0, Math.round(ms * 1000)));
    const id = guarded('routine', (addon) =>
      addon.routineBegin(
        this.#handle,
        ...departureArguments(question),
        address,
        port,
        request,
        packed(parts),
        octets,
        isEnded,
        ...(times as [number, number, number]),
      ),
    );
    this.#departed.set(id, departed);
    return { facts: () => this.#facts(id), end: () => this.#end(id) };
  }

  /** Ends all routines. To be called once. */
  close(): void {
    this.#departed.clear();
    guarded('routines', (addon) => addon.askerClose(this.#handle));
  }

  #facts(id: number): RoutineFacts {
    const leaving = this.#leaving.get(id);
    return leaving === undefined
      ? factsOf(guarded('routine', (addon) => addon.routineFacts(this.#handle, id)))
      : factsOf({ ...leaving, dueInUs: -leaving.dueAgoUs, isUnderWay: true });
  }

  #end(id: number): RoutineFacts {
    this.#departed.delete(id);
    if (this.#leaving.has(id)) return this.#facts(id);
    return factsOf(guarded('routine', (addon) => addon.routineEnd(this.#handle, id)));
  }

  #hear(all: readonly NativeDeparted[]): void {
    for (const one of all) this.#leaving.set(one.id, one);
    const thrown: unknown[] = [];
    for (const one of all) {
      const tell = this.#departed.get(one.id);
      this.#departed.delete(one.id);
      this.#leaving.delete(one.id);
      try {
        if (tell !== undefined) tell(departedOf(one));
        else if (one.fd >= 0) closeSync(one.fd);
      } catch (error) {
        thrown.push(error);
      }
    }
    // Nobody asks any more what these are told of: the others must hear of it first.
    if (thrown.length > 0) throw thrown[0];
  }
}

/** As the addon takes them: offset and length in four octets each, then the bytes. */
function packed(parts: readonly Part[]): Uint8Array {
  const pieces = parts.flatMap(({ at, bytes }) => {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(at, 0);
    head.writeUInt32BE(bytes.length, 4);
    return [head, bytes];
  });
  return Buffer.concat(pieces);
}

/** Of no more use once it has departed. */
export interface Routine {
  facts(): RoutineFacts;
  /** Closes what is open. */
  end(): RoutineFacts;
}

function historyOf({ rounds, lastBeganAgoUs, lastTookUs }: NativeHistory): History {
  return { rounds, lastBeganAgoMs: lastBeganAgoUs / 1000, lastTookMs: lastTookUs / 1000 };
}

function factsOf(facts: NativeRoutineFacts): RoutineFacts {
  return { ...historyOf(facts), dueInMs: facts.dueInUs / 1000, isUnderWay: facts.isUnderWay };
}

function departedOf(one: NativeDeparted): Departed {
  const { dueAgoUs, beganAgoUs, hadPause } = one;
  return { ...historyOf(one), dueAgoMs: dueAgoUs / 1000, beganAgoMs: beganAgoUs / 1000, hadPause, outcome: outcomeOf(one) };
}

function outcomeOf({ departure, error, call, fd, answer }: NativeDeparted): Departed['outcome'] {
  const failure = () => NativeSocketError.fromNumber('routine', call, error);
  if (departure === 1) return { kind: 'failed', error: failure() };
  if (departure === 2) return { kind: 'late' };
  return { kind: 'otherwise', fd, answer, ...(error !== 0 && { error: failure() }) };
}
