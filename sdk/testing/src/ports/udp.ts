/** The `udp` port of a simulated process. */
import type { Endpoint, UdpExchange, UdpPort } from '@mainstay/sdk';
import { type Errno, refusal } from '../kernel/errno.js';
import { askKernel, type Client, callerOf, placeOf, whenHeard } from '../servers/client.js';

/** As many as wait on Linux. */
const mostWaiting = 64;

export function simulatedUdp(client: Client): UdpPort {
  return {
    async open(to, { signal }) {
      signal.throwIfAborted();
      askKernel(client, 'udp.open', `cannot send to ${placeOf(to)}`, to);
      return new SimulatedExchange(client, to, signal);
    },
  };
}

class SimulatedExchange implements UdpExchange {
  readonly #waiting: Uint8Array[] = [];
  readonly #underWay = new Set<() => void>();
  readonly #onAbort: () => void;
  readonly #forget: () => void;
  #error: unknown;
  #isOver = false;
  #reason: unknown;
  #receiver: { resolve(datagram: Uint8Array): void; reject(reason: unknown): void } | undefined;

  constructor(
    private readonly client: Client,
    private readonly to: Endpoint,
    private readonly signal: AbortSignal,
  ) {
    client.servers.open++;
    this.#onAbort = () => this.#finish(signal.reason);
    this.#forget = client.atEnd(() => this.close());
    signal.addEventListener('abort', this.#onAbort);
  }

  async send(data: Uint8Array): Promise<void> {
    this.#tellTrouble();
    const datagram = data.slice();
    const callOff = whenHeard(
      this.client,
      this.to.address,
      () => {
        this.#underWay.delete(callOff);
        this.#arrived(datagram);
      },
      (errno) => {
        this.#underWay.delete(callOff);
        this.#fail(errno);
      },
    );
    this.#underWay.add(callOff);
  }

  async receive(): Promise<Uint8Array> {
    if (this.#receiver !== undefined) throw new RangeError(`${placeOf(this.to)}: one receive at a time`);
    const datagram = this.#waiting.shift();
    if (datagram !== undefined) return datagram;
    this.#tellTrouble();
    return new Promise((resolve, reject) => {
      this.#receiver = { resolve, reject };
    });
  }

  close(): void {
    this.#finish(refusal(`datagrams to ${placeOf(this.to)}`, 'EBADF'));
  }

  /** The server's answer is back: the way there and back has passed. */
  #arrived(datagram: Uint8Array): void {
    const respond = this.client.servers.udpAt(this.to.address, this.to.port);
    if (respond === undefined) {
      this.#fail('ECONNREFUSED');
      return;
    }
    const answer = respond(datagram, callerOf(this.to));
    const answers: readonly Uint8Array[] = answer === undefined ? [] : answer instanceof Uint8Array ? [answer] : answer;
    for (const one of answers) this.#take(one.slice());
  }

  #take(datagram: Uint8Array): void {
    const receiver = this.#receiver;
    this.#receiver = undefined;
    if (receiver !== undefined) receiver.resolve(datagram);
    else if (this.#waiting.length < mostWaiting) this.#waiting.push(datagram);
  }

  #fail(errno: Errno): void {
    const error = refusal(`nothing arrives at ${placeOf(this.to)}`, errno);
    const receiver = this.#receiver;
    this.#receiver = undefined;
    if (receiver !== undefined) receiver.reject(error);
    else this.#error = error;
  }

  #tellTrouble(): void {
    if (this.#isOver) throw this.#reason;
    const error = this.#error;
    this.#error = undefined;
    if (error !== undefined) throw error;
  }

  #finish(reason: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#reason = reason;
    this.#waiting.length = 0;
    for (const callOff of this.#underWay) callOff();
    this.client.servers.open--;
    this.signal.removeEventListener('abort', this.#onAbort);
    this.#forget();
    this.#receiver?.reject(reason);
    this.#receiver = undefined;
  }
}
