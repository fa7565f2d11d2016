/** Takes whole tables from the kernel, one dump at a time, again while the kernel says that it changed meanwhile. */
import { errnoName, NetlinkSocket } from '@mainstay/pacemaker';
import { formatRequest, type Message, parseDatagram, readS32 } from './codec.js';
import { refusalText } from './refusal.js';
import { type Answer, answerOf } from './request-channel.js';
import { flag, messageType } from './rtnetlink.js';

const receiveBufferBytes = 1 << 20;
/** Datagrams per turn of the loop: each holds up to some hundred entries. */
const batch = 8;
/** A table that never rests is taken as it is after this many tries, and taken again later. */
const mostTries = 10;

export interface DumpRequest {
  readonly type: number;
  readonly body: Uint8Array;
}

export interface Dump {
  readonly messages: readonly Message[];
  /** It changed while it was taken, every time: some entries may be missing or double. */
  readonly isTorn: boolean;
}

interface Running {
  readonly seq: number;
  readonly messages: Message[];
  isTorn: boolean;
  end(error?: Error): void;
}

export class DumpChannel {
  #socket: NetlinkSocket;
  #running: Running | undefined;
  #seq = 0;

  constructor(private readonly onError: (error: Error) => void) {
    this.#socket = this.#open();
  }

  /** One caller at a time. Rejects where the kernel refuses. */
  async take(request: DumpRequest): Promise<Dump> {
    let dump = await this.#once(request);
    for (let tries = 1; dump.isTorn && tries < mostTries; tries++) dump = await this.#once(request);
    return dump;
  }

  close(): void {
    this.#socket.close();
    this.#running?.end(new Error('the ports were closed'));
  }

  #open(): NetlinkSocket {
    const { onError } = this;
    return new NetlinkSocket({ protocol: 0, receiveBufferBytes, onReadable: (lost) => this.#read(lost), onError });
  }

  #once({ type, body }: DumpRequest): Promise<Dump> {
    return new Promise((resolve, reject) => {
      const seq = ++this.#seq;
      const messages: Message[] = [];
      const running: Running = {
        seq,
        messages,
        isTorn: false,
        end: (error) => {
          this.#running = undefined;
          if (error === undefined) resolve({ messages, isTorn: running.isTorn });
          else reject(error);
        },
      };
      this.#running = running;
      try {
        this.#socket.send(formatRequest(type, flag.request | flag.dump, seq, body));
      } catch (error) {
        running.end(error as Error);
      }
    });
  }

  #read(lost: boolean): void {
    const { datagrams, overrun } = this.#socket.receive(batch);
    for (const message of datagrams.flatMap(parseDatagram)) this.#take(message);
    if (lost || overrun) this.#startOver();
  }

  /** The kernel ran out of memory within a dump: its rest may never come, and until then it refuses another on this socket. */
  #startOver(): void {
    const running = this.#running;
    if (running === undefined) return;
    this.#socket.close();
    this.#socket = this.#open();
    running.end(new Error('the kernel had no memory for a dump'));
  }

  #take(message: Message): void {
    const running = this.#running;
    if (running === undefined || message.seq !== running.seq) return;
    if ((message.flags & flag.dumpInterrupted) !== 0) running.isTorn = true;
    if (message.type !== messageType.error && message.type !== messageType.done) {
      running.messages.push(message);
      return;
    }
    const { errno, text } = endOf(message);
    running.end(errno === 0 ? undefined : new Error(`the kernel refused a dump: ${refusalText(errnoName(errno), text)}`));
  }
}

/** What ended a dump: errno 0 when it is whole. A failure halfway comes in the end mark, not as an error of its own. */
export function endOf(message: Message): Answer {
  if (message.type === messageType.error) return answerOf(message);
  return { errno: message.data.length < 4 ? 0 : Math.abs(readS32(message.data)) };
}
