/**
 * The lane's end of the fork channel. The first message of a turn of the event loop leaves at once, what follows in the same
 * turn leaves in batches after the work of that turn. If the supervisor does not read, messages would pile up in this process: beyond a bound events and log records are
 * dropped and counted, so that the realtime lane neither waits nor grows. Used by main.ts.
 */
import { messageOf } from '@mainstay/sdk';
import type { LogRecord } from '../log/record.js';
import type { FromLane } from './messages.js';

/** Sends a batch; calls `done` once the kernel has it, or never will. Throws or reports where the channel is gone. */
export type RawSend = (messages: readonly FromLane[], done: () => void) => void;

export interface SenderBounds {
  /** Messages that may wait; a thousand instances that change state say some three thousand things. */
  readonly messages: number;
  /** Characters of the texts in them. */
  readonly characters: number;
}

const usualBounds: SenderBounds = { messages: 10_000, characters: 8 << 20 };
/** Messages made into one: more would keep the event loop for longer than a millisecond. */
const batchSize = 128;

export class BoundedSender {
  readonly #send: RawSend;
  readonly #bounds: SenderBounds;
  readonly #soon: (work: () => void) => void;
  #outbox: FromLane[] = [];
  /** In the outbox, and in the batch that the kernel has not taken yet. */
  #waiting = 0;
  #characters = 0;
  /** The kernel has not taken the last batch yet. */
  #isSending = false;
  /** Something left in this turn already. */
  #isCollecting = false;
  #events = 0;
  #records = 0;

  /** `soon` calls `work` after what is to be done in this turn. */
  constructor(send: RawSend, bounds: SenderBounds = usualBounds, soon: (work: () => void) => void = setImmediate) {
    this.#send = send;
    this.#bounds = bounds;
    this.#soon = soon;
  }

  /** Messages that the kernel has not taken yet. */
  get waiting(): number {
    return this.#waiting;
  }

  send(message: FromLane): void {
    if (this.#isFull && (message.kind === 'event' || message.kind === 'log')) {
      if (message.kind === 'event') this.#events++;
      else this.#records++;
      return;
    }
    this.#sayDropped();
    this.#put(message);
  }

  /** Last words: everything at once, because the process ends without another turn. */
  sendAll(): void {
    while (this.#outbox.length > 0) this.#sendBatch();
  }

  get #isFull(): boolean {
    return this.#waiting >= this.#bounds.messages || this.#characters >= this.#bounds.characters;
  }

  #sayDropped(): void {
    if (this.#events === 0 && this.#records === 0) return;
    if (this.#waiting >= this.#bounds.messages / 2 || this.#characters >= this.#bounds.characters / 2) return;
    this.#put({ kind: 'dropped', events: this.#events, records: this.#records });
    this.#events = 0;
    this.#records = 0;
  }

  #put(message: FromLane): void {
    this.#outbox.push(message);
    this.#waiting++;
    this.#characters += charactersOf(message);
    if (this.#isCollecting) return;
    this.#flushSoon();
    this.#flush();
  }

  #flushSoon(): void {
    if (this.#isCollecting) return;
    this.#isCollecting = true;
    this.#soon(() => {
      this.#isCollecting = false;
      this.#flush();
    });
  }

  /** One batch at a time: the next when the kernel has taken this one. */
  #flush(): void {
    if (!this.#isSending && this.#outbox.length > 0) this.#sendBatch();
  }

  #sendBatch(): void {
    this.#isSending = true;
    const batch = this.#outbox.splice(0, batchSize);
    const characters = batch.reduce((sum, message) => sum + charactersOf(message), 0);
    this.#post(batch, () => {
      this.#waiting -= batch.length;
      this.#characters -= characters;
      this.#isSending = false;
      if (this.#outbox.length > 0) this.#flushSoon();
    });
  }

  #post(batch: readonly FromLane[], done: () => void): void {
    try {
      this.#send(batch, done);
    } catch (error) {
      // One of them cannot be cloned, and took the others along.
      if (batch.length > 1 && isUncloneable(error)) {
        this.#postEach(batch, done);
        return;
      }
      const [message] = batch;
      if (message !== undefined) this.#refused(message, error);
      done();
    }
  }

  #postEach(batch: readonly FromLane[], done: () => void): void {
    let left = batch.length;
    const one = () => {
      if (--left === 0) done();
    };
    for (const message of batch) this.#post([message], one);
  }

  /** One check whose block is no plain data must take neither the others along nor what else the order says. */
  #refusedChecks(message: Extract<FromLane, { kind: 'checks' }>, error: unknown): void {
    const { order, plugin } = message;
    // As bytes it is plain.
    if (order instanceof Uint8Array) return;
    const { isFirst, isLast, drop, put } = order;
    const [first] = put;
    if (first === undefined) return;
    if (put.length > 1 || drop.length > 0 || isFirst === true || isLast === true) {
      const send = (part: typeof order) => this.send({ ...message, order: part });
      send({ put: [], drop, ...(isFirst && { isFirst }) });
      for (const one of put) send({ put: [one], drop: [] });
      send({ put: [], drop: [], ...(isLast && { isLast }) });
      return;
    }
    const { checker, realServer } = first.request.identity;
    const text = `${checker} of ${realServer} is not made: its block is not plain data (${messageOf(error)})`;
    this.send({ kind: 'log', record: { level: 'error', plugin, message: text, at: Date.now() } });
  }

  /** A payload that cannot be cloned is its plugin's mistake; a closed channel ends this process elsewhere. */
  #refused(message: FromLane, error: unknown): void {
    if (message.kind === 'event') this.#events++;
    else if (isUncloneable(error) && message.kind === 'reported') {
      this.send({ ...message, report: { objects: [], plugins: [], taps: [] } });
      this.send({ kind: 'log', record: unsendable(error) });
    } else if (isUncloneable(error) && message.kind === 'checks') {
      this.#refusedChecks(message, error);
    } else if (isUncloneable(error) && message.kind === 'log') {
      this.send({ kind: 'log', record: { ...message.record, fields: { unprintable: true } } });
    }
  }
}

function isUncloneable(error: unknown): boolean {
  const { name, message } = error as Partial<Error>;
  // The fork channel throws a plain error.
  return name === 'DataCloneError' || message?.includes('could not be cloned') === true;
}

/** Roughly: enough to tell a long text from a short one. */
function charactersOf(message: FromLane): number {
  if (message.kind === 'log') return message.record.message.length;
  return message.kind === 'event' ? message.key.length : 0;
}

function unsendable(error: unknown): LogRecord {
  const message = `the status of a plugin cannot be shown: it is not plain data (${messageOf(error)})`;
  return { level: 'error', plugin: 'mainstay', message, at: Date.now() };
}
