/** What the simulated ports to servers know of the process that they belong to. Made by ports/sockets.ts. */
import type { Clock, Endpoint } from '@mainstay/sdk';
import { type Errno, refusal } from '../kernel/errno.js';
import type { Caller } from './peer.js';
import type { SimulatedServers } from './servers.js';

/** Milliseconds until Linux gives up to resolve a neighbour. */
const unreachableMs = 3000;

export interface Client {
  readonly servers: SimulatedServers;
  readonly clock: Clock;
  /** The refusal of its kernel, before any packet leaves. */
  refuses(operation: 'tcp.connect' | 'udp.open' | 'icmp.echo', to: Omit<Endpoint, 'port'>): Errno | undefined;
  /** Something that ends with the process; the answered function forgets it. */
  atEnd(end: () => void): () => void;
}

export function callerOf({ localAddress, localPort, mark, link }: Omit<Endpoint, 'port'>, serverName?: string): Caller {
  return {
    ...(localAddress !== undefined && { localAddress }),
    ...(localPort !== undefined && { localPort }),
    ...(mark !== undefined && mark !== 0 && { mark }),
    ...(link !== undefined && { link }),
    ...(serverName !== undefined && { serverName }),
  };
}

export function placeOf({ address, port }: Pick<Endpoint, 'address' | 'port'>): string {
  return port === 0 ? address : `${address} port ${port}`;
}

/** The kernel knows whom it can reach, and what it may do. */
export function askKernel(
  client: Client,
  operation: Parameters<Client['refuses']>[0],
  what: string,
  to: Omit<Endpoint, 'port'>,
): void {
  const errno = client.refuses(operation, to);
  if (errno !== undefined) throw refusal(what, errno);
}

/**
 * When a first packet to the host comes back, and what for: `answer` after the way there and back, an error after a while, or
 * never. Answers a function that calls it off.
 */
export function whenHeard(client: Client, address: string, answer: () => void, refuse: (errno: Errno) => void): () => void {
  const { state, delayMs } = client.servers.hostAt(address);
  if (state === 'silent') return () => {};
  const timer =
    state === 'up' ? client.clock.after(2 * delayMs, answer) : client.clock.after(unreachableMs, () => refuse('EHOSTUNREACH'));
  return () => timer.cancel();
}

/** Settles as `begin` says, or with the signal's reason; `begin` answers what calls it off. */
export function untilAborted<Value>(
  signal: AbortSignal,
  begin: (resolve: (value: Value) => void, reject: (reason: unknown) => void) => () => void,
): Promise<Value> {
  if (signal.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      callOff();
      reject(signal.reason);
    };
    const over = () => signal.removeEventListener('abort', onAbort);
    const callOff = begin(
      (value) => {
        over();
        resolve(value);
      },
      (reason) => {
        over();
        reject(reason);
      },
    );
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
