/**
 * Opens what a LineBuffer writes to, so that no write can block the event loop: pipes and terminals are opened anew as
 * non-blocking descriptions (the inherited one stays as it is for whoever shares it), sockets go through node:net.
 */
import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import type { TryWrite } from './line-buffer.js';

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants;
/** Bytes that may wait inside a socket before it counts as stalled. */
const socketBacklog = 256 * 1024;

function nonBlocking(fd: number): TryWrite {
  return (bytes) => {
    try {
      return writeSync(fd, bytes);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
      throw error;
    }
  };
}

function throughSocket(fd: number): TryWrite {
  const socket = new Socket({ fd, readable: false, writable: true });
  socket.on('error', () => {});
  socket.unref();
  return (bytes) => {
    if (socket.destroyed) throw new Error('the log socket is closed');
    if (socket.writableLength > socketBacklog) return 0;
    socket.write(Buffer.from(bytes));
    return bytes.length;
  };
}

/** A writer for an inherited descriptor such as 1 (standard output). */
export function inheritedWriter(fd: number): TryWrite {
  const kind = fstatSync(fd);
  if (kind.isSocket()) return throughSocket(fd);
  if (kind.isFile()) return nonBlocking(fd);
  try {
    return nonBlocking(openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_NONBLOCK));
  } catch {
    // A terminal of another user after su: it cannot be opened anew. libuv's own non-blocking mode is the next best.
    return throughSocket(fd);
  }
}

/** Appends to a file of our own: never through a symbolic link, readable by its owner only. */
export function fileWriter(path: string): TryWrite {
  return nonBlocking(openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600));
}
