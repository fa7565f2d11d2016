/** The checking loop's port `routines`, by the addon's asker. */
import { closeSync } from 'node:fs';
import { Asker, type Departed as NativeDeparted } from '@mainstay/pacemaker';
import {
  addressBytes,
  type ConnectOptions,
  type Endpoint,
  longestRoutineAnswer,
  longestRoutineText,
  type Routine,
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
    const request = bytesOf(routine.send, 'send');
    const question = {
      ...departureOf(target),
      address: addressBytes(target.address),
      port: target.port,
      request,
      ...expectedOf(routine),
      dueInMs,
      periodMs: delayLoopMs,
      timeoutMs,
    };
    return this.#asker.begin(question, (one) => departed({ ...one, outcome: outcomeOf(one, target, request) }));
  }

  close(): void {
    this.#asker?.close();
    this.#asker = undefined;
  }
}

function bytesOf(text: Uint8Array | string = '', what: string): Uint8Array {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  if (!(bytes instanceof Uint8Array) || bytes.length > longestRoutineText)
    throw new RangeError(`"${what}" of a routine must be text or bytes, ${longestRoutineText} octets at most`);
  return bytes;
}

function expectedOf({ opening, octets = 0, isEnded = false }: Routine) {
  if (!Number.isInteger(octets) || octets < 0 || octets > longestRoutineAnswer)
    throw new RangeError(`"octets" of a routine must be a whole number, 1 to ${longestRoutineAnswer}, not ${octets}`);
  return { opening: bytesOf(opening, 'opening'), octets, isEnded };
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
        async take({ signal }: ConnectOptions) {
          return new AnsweredConnection({ fd, to, signal, sent: request, answer, reason });
        },
        discard: () => closeSync(fd),
      };
    }
    default:
      return outcome satisfies never;
  }
}
