/**
 * Changes to the kernel over a netlink socket of their own: sent in the order of the calls, at most 64 without an answer. The
 * first of a turn of the event loop goes at once, those that follow in the same turn go together. Used by the addresses and routes ports.
 */
import { type NetlinkBatch, NetlinkSocket } from '@mainstay/pacemaker';
import { attributesOf, formatRequest, type Message, parseDatagram, readS32, readU32, textIn } from './codec.js';
import { flag, messageType } from './rtnetlink.js';

/** Enough to keep the kernel busy, few enough that their answers cannot overrun the receive buffer. */
const mostInFlight = 64;
const receiveBufferBytes = 1 << 20;

export interface Request {
  readonly type: number;
  /** Beyond REQUEST and ACK. */
  readonly flags: number;
  readonly body: Uint8Array;
}

/** `errno` 0: done. `text` is the kernel's own explanation, where it gave one. */
export interface Answer {
  readonly errno: number;
  readonly text?: string;
}

interface Pending extends Request {
  readonly resolve: (answer: Answer) => void;
}

/** ENOBUFS: the answer was lost, so the outcome is unknown to us. */
const answerLost: Answer = { errno: 105, text: 'the answer of the kernel was lost' };

export class RequestChannel {
  readonly #socket: NetlinkSocket;
  readonly #waiting: Pending[] = [];
  readonly #inFlight = new Map<number, Pending>();
  #seq = 0;
  #isReading = false;
  /** Something was sent in this turn already: what follows is collected until a datagram is full, or the turn over. */
  #isCollecting = false;

  /** `beforeAnswers` runs when answers have arrived and before they are given: the time to read the events they caused. */
  constructor(
    onError: (error: Error) => void,
    private readonly beforeAnswers: () => void,
  ) {
    this.#socket = new NetlinkSocket({ protocol: 0, receiveBufferBytes, onReadable: (lost) => this.#read(lost), onError });
  }

  /** Answers in the order of the requests. Never rejects. */
  submit(requests: readonly Request[]): Promise<Answer[]> {
    const answers = requests.map((request) => new Promise<Answer>((resolve) => void this.#waiting.push({ ...request, resolve })));
    if (!this.#isCollecting || this.#waiting.length >= mostInFlight) this.#send();
    return Promise.all(answers);
  }

  close(): void {
    this.#socket.close();
    this.#giveUp();
  }

  /** One datagram with as many requests as may go; the kernel has acted on them when this returns. */
  #send(): void {
    const room = mostInFlight - this.#inFlight.size;
    const batch = this.#waiting.splice(0, room);
    if (batch.length === 0) return;
    this.#collect();
    const messages = batch.map((pending) => {
      this.#seq = (this.#seq % 0xffffffff) + 1;
      this.#inFlight.set(this.#seq, pending);
      return formatRequest(pending.type, pending.flags | flag.request | flag.ack, this.#seq, pending.body);
    });
    try {
      this.#socket.send(Buffer.concat(messages));
    } catch (error) {
      this.#giveUp({ errno: answerLost.errno, text: error instanceof Error ? error.message : String(error) });
      return;
    }
    this.#readSoon();
  }

  #collect(): void {
    if (this.#isCollecting) return;
    this.#isCollecting = true;
    setImmediate(() => {
      this.#isCollecting = false;
      this.#send();
    });
  }

  /** The answers are there already; reading them without a turn of the loop saves its latency on a takeover. */
  #readSoon(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    queueMicrotask(() => {
      this.#isReading = false;
      if (this.#inFlight.size > 0) this.#read(false);
    });
  }

  #read(lost: boolean): void {
    const batch = this.#socket.receive(mostInFlight * 2);
    const answered = this.#match(batch);
    if (answered.length > 0) this.beforeAnswers();
    for (const [pending, answer] of answered) pending.resolve(answer);
    if (lost || batch.overrun) this.#giveUp();
    // A turn of the loop between batches: thousands of addresses must not hold up an advert.
    if (this.#waiting.length > 0) this.#collect();
  }

  #match(batch: NetlinkBatch): [Pending, Answer][] {
    const answered: [Pending, Answer][] = [];
    for (const message of batch.datagrams.flatMap(parseDatagram)) {
      const pending = this.#inFlight.get(message.seq);
      if (pending === undefined || message.type !== messageType.error) continue;
      this.#inFlight.delete(message.seq);
      answered.push([pending, answerOf(message)]);
    }
    return answered;
  }

  #giveUp(answer: Answer = answerLost): void {
    const lost = [...this.#inFlight.values(), ...this.#waiting.splice(0)];
    this.#inFlight.clear();
    for (const pending of lost) pending.resolve(answer);
  }
}

const attributeOfText = 1;

/** Reads an acknowledgement: errno, the header of the request (the whole request unless capped), attributes. */
export function answerOf({ data, flags }: Message): Answer {
  const errno = Math.abs(readS32(data, 0));
  if ((flags & flag.ackAttributes) === 0) return { errno };
  const echoed = (flags & flag.capped) !== 0 ? 16 : readU32(data, 4);
  const words = textIn(attributesOf(data, 4 + ((echoed + 3) & ~3)), attributeOfText);
  return words === undefined ? { errno } : { errno, text: words };
}
