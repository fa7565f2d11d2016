/** Socket ports that play a peer written by the test, without a network: for unit tests of checkers. */
import { type ConnectOptions, type Endpoint, PortError, type UdpExchange, type UdpPort } from '@mainstay/sdk';

/** What comes back for a datagram, in order: datagrams, and errors of `receive`. */
export type UdpAnswers = readonly (Uint8Array | Error)[];

export interface ScriptedUdp extends UdpPort {
  /** Endpoints that were opened. */
  readonly opened: Endpoint[];
  /** Datagrams that were sent. */
  readonly sent: Uint8Array[];
  /** How many exchanges are open. */
  openCount: number;
}

/** A silent peer where `answer` has nothing to say. */
export function scriptedUdp(answer: (datagram: Uint8Array) => UdpAnswers = () => []): ScriptedUdp {
  const port: ScriptedUdp = {
    opened: [],
    sent: [],
    openCount: 0,
    open(to: Endpoint, { signal }: ConnectOptions): Promise<UdpExchange> {
      port.opened.push(to);
      port.openCount++;
      return Promise.resolve(exchange(port, answer, signal));
    },
  };
  return port;
}

function exchange(port: ScriptedUdp, answer: (datagram: Uint8Array) => UdpAnswers, signal: AbortSignal): UdpExchange {
  const waiting: (Uint8Array | Error)[] = [];
  let isOpen = true;
  let wake = () => {};
  return {
    send(data) {
      if (!isOpen) return Promise.reject(new Error('sent on a closed socket'));
      port.sent.push(Uint8Array.from(data));
      waiting.push(...answer(data));
      wake();
      return Promise.resolve();
    },
    async receive() {
      while (waiting.length === 0) {
        if (signal.aborted) throw signal.reason;
        await new Promise<void>((resolve) => {
          wake = resolve;
          signal.addEventListener('abort', () => resolve(), { once: true });
        });
      }
      const next = waiting.shift();
      if (next instanceof Error) throw next;
      return next ?? new Uint8Array();
    },
    close() {
      if (isOpen) port.openCount--;
      isOpen = false;
    },
  };
}

/** An error as the kernel's after an ICMP message. */
export function refused(errno = 'ECONNREFUSED', text = 'connection refused'): PortError {
  return new PortError(`192.0.2.10 port 53: ${text}`, errno);
}
