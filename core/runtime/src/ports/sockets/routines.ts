/** The checking loop's port `routines`, by the addon's asker. */
import { closeSync } from 'node:fs';
import { Asker, type Departed as NativeDeparted, type Part, type Question } from '@mainstay/pacemaker';
import {
  addressBytes,
  type Endpoint,
  longestRoutineAnswer,
  longestRoutineText,
  mostRoutineParts,
  type Routine,
  type RoutineAnswer,
} from '@mainstay/sdk';
import type { Departed, RoutineQuestion, Routines, RunningRoutine } from '../../checks/routines.js';
import { AnsweredConnection } from './answered-connection.js';
import { departureOf } from './departure.js';
import { placeOf, socketError } from './refused.js';

export class LinuxRoutines implements Routines {
  #asker: Asker | undefined;

  begin(
    { target, routine, dueInMs, delayLoopMs, timeoutMs }: RoutineQuestion,
    departed: (departed: Departed) => void,
  ): RunningRoutine {
    this.#asker ??= new Asker();
    const exchange = questionOf(routine);
    const question = {
      ...departureOf(target),
      address: addressBytes(target.address),
      port: target.port,
      ...exchange,
      dueInMs,
      periodMs: delayLoopMs,
      timeoutMs,
    };
    return this.#asker.begin(question, (one) => departed({ ...one, outcome: outcomeOf(one, target, exchange.request) }));
  }

  close(): void {
    this.#asker?.close();
    this.#asker = undefined;
  }
}

/** Throws RangeError for what is no routine: it would be taken for one that expects nothing. */
function questionOf(routine: Routine): Pick<Question, 'request' | 'parts' | 'octets' | 'isEnded'> {
  const { send, answer } = known(routine, 'a routine', ['send', 'answer']) as Routine;
  if (answer === undefined) {
    if (send !== undefined) throw new RangeError('a routine that sends something must say what "answer" it expects');
    return { request: new Uint8Array(0), parts: [], octets: 0, isEnded: false };
  }
  const { octets, parts, isEnded = false } = known(answer, '"answer"', ['octets', 'parts', 'isEnded']) as RoutineAnswer;
  if (!Number.isInteger(octets) || octets < 1 || octets > longestRoutineAnswer)
    throw new RangeError(`"octets" of a routine must be a whole number, 1 to ${longestRoutineAnswer}, not ${octets}`);
  if (!Array.isArray(parts) || parts.length < 1 || parts.length > mostRoutineParts)
    throw new RangeError(`"parts" of a routine must be a list of 1 to ${mostRoutineParts}`);
  const compared = parts.map((part: RoutineAnswer['parts'][number]) => partOf(part, octets));
  if (compared.reduce((sum, { bytes }) => sum + bytes.length, 0) > longestRoutineText)
    throw new RangeError(`the parts of a routine must have ${longestRoutineText} octets together at most`);
  return { request: bytesOf(send ?? '', 'send'), parts: compared, octets, isEnded: isEnded === true };
}

function partOf(part: unknown, octets: number): Part {
  const { at, text } = known(part, 'a part of a routine', ['at', 'text']) as RoutineAnswer['parts'][number];
  const bytes = bytesOf(text, 'text');
  if (!Number.isInteger(at) || at < 0 || bytes.length === 0 || at + bytes.length > octets)
    throw new RangeError(`a part of a routine must lie within its ${octets} octets`);
  return { at, bytes };
}

function known(value: unknown, what: string, keys: readonly string[]): object {
  if (typeof value !== 'object' || value === null) throw new RangeError(`${what} must be an object`);
  const unknown = 'then' in value ? 'then' : Object.keys(value).find((key) => !keys.includes(key));
  if (unknown !== undefined) throw new RangeError(`${what} has "${unknown}", and knows only ${keys.join(', ')}`);
  return value;
}

function bytesOf(text: unknown, what: string): Uint8Array {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  if (!(bytes instanceof Uint8Array) || bytes.length > longestRoutineText)
    throw new RangeError(`"${what}" of a routine must be text or bytes, ${longestRoutineText} octets at most`);
  return bytes;
}

function outcomeOf({ outcome }: NativeDeparted, to: Endpoint, request: Uint8Array): Departed['outcome'] {
  switch (outcome.kind) {
    case 'late':
      return 'late';
    case 'failed':
      return { take: () => Promise.reject(socketError(`cannot connect to ${placeOf(to)}`, outcome.error)), discard: () => {} };
    case 'otherwise': {
      const { fd, answer, error } = outcome;
      const reason = error && socketError(`connection to ${placeOf(to)}`, error);
      return {
        async take({ signal }, differs) {
          return new AnsweredConnection({ fd, to, signal, sent: request, answer, reason, differs });
        },
        discard: () => closeSync(fd),
      };
    }
    default:
      return outcome satisfies never;
  }
}
