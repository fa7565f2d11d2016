/**
 * The lane's end of the fork channel. If the supervisor does not read, messages would pile up in this process: beyond a bound
 * events and log records are dropped and counted, so that the realtime lane neither waits nor grows. Used by main.ts.
 */
import { messageOf } from '@mainstay/sdk';
import type { LogRecord } from '../log/record.js';
import type { FromLane } from './messages.js';

/** Sends one message; calls `done` once the kernel has it. Throws or reports where the channel is gone. */
export type RawSend = (message: FromLane, done: () => void) => void;

export class BoundedSender {
  readonly #send: RawSend;
  readonly #limit: number;
  #waiting = 0;
  #events = 0;
  #records = 0;

  constructor(send: RawSend, limit = 1000) {
    this.#send = send;
    this.#limit = limit;
  }

  /** Messages that the kernel has not taken yet. */
  get waiting(): number {
    return this.#waiting;
  }

  send(message: FromLane): void {
    if (this.#waiting >= this.#limit && (message.kind === 'event' || message.kind === 'log')) {
      if (message.kind === 'event') this.#events++;
      else this.#records++;
      return;
    }
    this.#sayDropped();
    this.#post(message);
  }

  #sayDropped(): void {
    if (this.#events === 0 && this.#records === 0) return;
    if (this.#waiting >= this.#limit / 2) return;
    this.#post({ kind: 'dropped', events: this.#events, records: this.#records });
    this.#events = 0;
    this.#records = 0;
  }

  #post(message: FromLane): void {
    this.#waiting++;
    try {
      this.#send(message, () => {
        this.#waiting--;
      });
    } catch (error) {
      this.#waiting--;
      // A payload that cannot be cloned is its plugin's mistake; a closed channel ends this process elsewhere.
      if (message.kind === 'event') this.#events++;
      else if ((error as Error).name === 'DataCloneError' && message.kind === 'reported') {
        this.send({ ...message, report: { objects: [], plugins: [], taps: [] } });
        this.send({ kind: 'log', record: unsendable(error) });
      } else if ((error as Error).name === 'DataCloneError' && message.kind === 'log') {
        this.send({ kind: 'log', record: { ...message.record, fields: { unprintable: true } } });
      }
    }
  }
}

function unsendable(error: unknown): LogRecord {
  const message = `the status of a plugin cannot be shown: it is not plain data (${messageOf(error)})`;
  return { level: 'error', plugin: 'mainstay', message, at: Date.now() };
}
