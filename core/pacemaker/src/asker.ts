/**
 * Asks servers over TCP again and again without JavaScript, as long as they answer as before. Used by core's checking loop through its
 * port `routines`.
 */
import { closeSync } from 'node:fs';
import { NativeSocketError } from './errors.js';
import { guarded, type Handle } from './native.js';
import type { NativeDeparted, NativeHistory, NativeRoutineFacts } from './native-asker.js';
import { type Departure, departureArguments } from './outgoing.js';

/** Octets of an answer that can be expected at most. */
export const mostAnswer = 65_536;
/** Octets that can be sent, and of an opening. */
export const mostRequest = 4096;

export interface Question extends Departure {
  /** 4 or 16 bytes. */
  readonly address: Uint8Array;
  readonly port: number;
  /** Sent once the connection is there. */
  readonly request: Uint8Array;
  /** How the answer begins. */
  readonly opening: Uint8Array;
  /** Of the whole answer; 0: being connected is enough. */
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
    const { address, port, request, opening, octets, isEnded, dueInMs, periodMs, timeoutMs } = question;
    const times = [dueInMs, periodMs, timeoutMs].map((ms) => Math.max(0, Math.round(ms * 1000)));
    const id = guarded('routine', (addon) =>
      addon.routineBegin(
        this.#handle,
        ...departureArguments(question),
        address,
        port,
        request,
        opening,
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
    for (const one of all) {
      const tell = this.#departed.get(one.id);
      this.#departed.delete(one.id);
      this.#leaving.delete(one.id);
      if (tell !== undefined) tell(departedOf(one));
      else if (one.fd >= 0) closeSync(one.fd);
    }
  }
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
  return { ...historyOf(one), dueAgoMs: one.dueAgoUs / 1000, beganAgoMs: one.beganAgoUs / 1000, outcome: outcomeOf(one) };
}

function outcomeOf({ departure, error, call, fd, answer }: NativeDeparted): Departed['outcome'] {
  const failure = () => NativeSocketError.fromNumber('routine', call, error);
  if (departure === 1) return { kind: 'failed', error: failure() };
  if (departure === 2) return { kind: 'late' };
  return { kind: 'otherwise', fd, answer, ...(error !== 0 && { error: failure() }) };
}
