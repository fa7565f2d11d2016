/** The port `tcp`: connections of Node's, on a socket that the addon prepared where a mark, link or source is asked for. */
import { closeSync } from 'node:fs';
import { connect, Socket } from 'node:net';
import { prepareStream } from '@mainstay/pacemaker';
import type { Connection, ConnectOptions, Endpoint, TcpPort } from '@mainstay/sdk';
import { departureOf, isPrepared } from './departure.js';
import { placeOf, socketError } from './refused.js';
import { StreamConnection } from './stream-connection.js';

export class LinuxTcp implements TcpPort {
  connect(to: Endpoint, { signal }: ConnectOptions): Promise<Connection> {
    return openStream(to, signal)[1];
  }
}

/** The socket too, for TLS on top of it; undefined where there is none. */
export function openStream(to: Endpoint, signal: AbortSignal): readonly [Socket | undefined, Promise<StreamConnection>] {
  if (signal.aborted) return [undefined, Promise.reject(signal.reason)];
  const translate = (thrown: unknown) => socketError(`cannot connect to ${placeOf(to)}`, thrown);
  try {
    const socket = begin(to);
    return [socket, new StreamConnection(socket, to, signal, translate).opened('connect')];
  } catch (error) {
    return [undefined, Promise.reject(translate(error))];
  }
}

function begin(to: Endpoint): Socket {
  const { address: host, port } = to;
  if (!isPrepared(to)) return connect({ host, port, allowHalfOpen: true });
  // Not to be read before it is connected: Node would take that for an error. Its types do not have the option.
  const options = { fd: prepareStream(departureOf(to)), allowHalfOpen: true, manualStart: true };
  const socket = adopt(options);
  try {
    return socket.connect({ host, port });
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function adopt(options: { readonly fd: number }): Socket {
  try {
    return new Socket(options);
  } catch (error) {
    closeSync(options.fd);
    throw error;
  }
}
