/**
 * Questions and changes over one socket of generic netlink. The kernel has acted when `send` returns, and its answers lie in the
 * socket's buffer then: they are taken at once, and the event loop only gets its turn between batches. Used by the port.
 */
import { errnoName, type NetlinkBatch, NetlinkSocket } from '@mainstay/pacemaker';
import { ipvsTogether, PortError } from '@mainstay/sdk';
import { type Message, parseDatagram, readS32, readU16, readU32 } from '../linux/codec.js';
import { endOf } from '../linux/dump-channel.js';
import { refusalText } from '../linux/refusal.js';
import { type Answer, answerOf } from '../linux/request-channel.js';
import { flag, messageType } from '../linux/rtnetlink.js';
import type { Breath } from './breath.js';
import { MessageWriter } from './message-writer.js';
import { netlinkGeneric } from './numbers.js';

/** The answers to a full batch of changes fill a third of it. */
const receiveBufferBytes = 1 << 20;
export const mostInFlight = ipvsTogether;
/** Datagrams taken before the loop may have a turn: each holds up to some hundred entries. */
const batch = 8;
/** A small table is one datagram and its end: asking for no more saves a system call for each of ten thousand services. */
const firstBatch = 2;
const mostTries = 10;

/** The part of NetlinkSocket that is used: tests put a kernel of their own behind it. */
export interface KernelSocket {
  send(messages: Uint8Array): void;
  receive(max: number): NetlinkBatch;
  close(): void;
}

export interface SocketEvents {
  onReadable(): void;
  onError(error: Error): void;
}
export type OpenSocket = (events: SocketEvents) => KernelSocket;

const openNetlink: OpenSocket = (events) => new NetlinkSocket({ protocol: netlinkGeneric, receiveBufferBytes, ...events });

export interface Question {
  /** Number of the family. */
  readonly type: number;
  readonly command: number;
  readonly version: number;
  /** Whole tables come as dumps; one object comes as one message. */
  readonly isDump: boolean;
  write?(out: MessageWriter): void;
}

export interface Told extends Answer {
  readonly messages: readonly Message[];
}

interface Attempt extends Told {
  /** Something of it was lost, or the table changed meanwhile. */
  readonly isTorn: boolean;
}

export class GenericSocket {
  readonly #out = new MessageWriter();
  #socket: KernelSocket | undefined;
  #seq = 0;
  #isAsking = false;

  constructor(
    private readonly onError: (error: Error) => void,
    private readonly open: OpenSocket = openNetlink,
  ) {}

  /**
   * Sends up to `mostInFlight` changes together; `write` begins and ends each with the number that it is given, or writes none.
   * Answers those of the kernel in order; undefined where there is none. Throws where the kernel does not take the datagram.
   */
  change(count: number, write: (out: MessageWriter, index: number, seq: number) => void): readonly (Answer | undefined)[] {
    const first = this.#numbers(count);
    this.#out.take();
    for (let i = 0; i < count; i++) write(this.#out, i, first + i);
    const datagram = this.#out.take();
    const answers = new Array<Answer | undefined>(count).fill(undefined);
    if (datagram.length === 0) return answers;
    const socket = this.#opened();
    socket.send(datagram);
    for (let missing = count; missing > 0; ) {
      const { datagrams, drained } = socket.receive(missing);
      for (const datagram of datagrams) {
        const seq = acknowledged(datagram);
        if (seq !== undefined) missing -= put(answers, seq - first, carriedOut);
        else
          for (const message of parseDatagram(datagram))
            if (message.type === messageType.error) missing -= put(answers, message.seq - first, answerOf(message));
      }
      if (drained || datagrams.length === 0) break;
    }
    return answers;
  }

  /** Again while the kernel says that the table changed meanwhile, or had no memory for all of it. Rejects where that never ends. */
  async ask(question: Question, breath: Breath): Promise<Told> {
    this.#isAsking = true;
    try {
      for (let tries = 1; tries <= mostTries; tries++) {
        const attempt = await this.#once(question, breath);
        if (!attempt.isTorn) return attempt;
      }
    } finally {
      this.#isAsking = false;
    }
    throw new PortError(`the table of the kernel could not be read whole in ${mostTries} tries: it changes too fast`, 'EINTR');
  }

  close(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }

  async #once({ type, command, version, isDump, write }: Question, breath: Breath): Promise<Attempt> {
    const seq = this.#numbers(1);
    this.#out.take();
    this.#out.begin(type, flag.request | (isDump ? flag.dump : flag.ack), seq, command, version);
    write?.(this.#out);
    this.#out.end();
    const socket = this.#opened();
    socket.send(this.#out.take());
    const messages: Message[] = [];
    let isTorn = false;
    for (let most = firstBatch; ; most = batch) {
      const { datagrams, drained, overrun } = socket.receive(most);
      for (const message of datagrams.flatMap(parseDatagram)) {
        if (message.seq !== seq) continue;
        if ((message.flags & flag.dumpInterrupted) !== 0) isTorn = true;
        if (message.type !== messageType.error && message.type !== messageType.done) messages.push(message);
        else {
          const end = endOf(message);
          return { ...end, messages, isTorn: isTorn || isPassing(end) };
        }
      }
      if (drained || overrun || datagrams.length === 0) {
        // The rest may never come, and until then the kernel refuses another dump on this socket.
        this.close();
        return { errno: 0, messages, isTorn: true };
      }
      await breath.take();
    }
  }

  #opened(): KernelSocket {
    this.#socket ??= this.open({ onReadable: () => this.#discard(), onError: this.onError });
    return this.#socket;
  }

  /** What comes when nobody waits for it: left where it is, it would wake the event loop again and again. */
  #discard(): void {
    if (!this.#isAsking) this.#socket?.receive(batch);
  }

  /** The first of so many numbers in a row, none of which is 0: that is what notifications have. */
  #numbers(count: number): number {
    if (this.#seq + count > 0xffffffff) this.#seq = 0;
    const first = this.#seq + 1;
    this.#seq += count;
    return first;
  }
}

/** Answers how many this makes more: 0 where nobody waits for it. */
function put(answers: (Answer | undefined)[], index: number, answer: Answer): 0 | 1 {
  if (index < 0 || index >= answers.length || answers[index] !== undefined) return 0;
  answers[index] = answer;
  return 1;
}

const carriedOut: Answer = { errno: 0 };

/** The number of what the kernel has carried out, where the datagram says just that, as nearly all do; else undefined. */
function acknowledged(datagram: Buffer): number | undefined {
  if (datagram.length < 20 || readU32(datagram, 0) !== datagram.length) return undefined;
  if (readU16(datagram, 4) !== messageType.error || readS32(datagram, 16) !== 0) return undefined;
  return readU32(datagram, 8);
}

function isPassing({ errno }: Answer): boolean {
  return errno !== 0 && ['EINTR', 'ENOBUFS', 'EBUSY'].includes(errnoName(errno));
}

/** For questions: a refusal is an exception there. */
export function orRefused(what: string, told: Told, hint?: string): readonly Message[] {
  if (told.errno === 0) return told.messages;
  const errno = errnoName(told.errno);
  throw new PortError(`${what}: ${refusalText(errno, told.text)}`, errno, hint);
}
