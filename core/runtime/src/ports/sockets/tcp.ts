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
  const socket = adopt(prepareStream(departureOf(to)));
  try {
    return socket.connect({ host, port });
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** Node's socket on a descriptor, which is closed where there is none. Not read before somebody wants to, or it is connected. */
export function adopt(fd: number): Socket {
  try {
    // Else Node would read at once, and take it for an error where it is not connected. Its types do not have the option.
    const options = { fd, allowHalfOpen: true, manualStart: true };
    return new Socket(options);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
