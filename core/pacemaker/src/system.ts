/** One-shot calls: datagrams to Unix sockets, and descriptors that must not leak into scripts. */
import { errnoName } from './errors.js';
import { guarded } from './native.js';

/**
 * Sends one datagram to a Unix socket without waiting; a leading `@` names an abstract one. Answers the name of the error
 * (ENOENT: nobody listens there; EAGAIN: the receiver's queue is full), or undefined when the kernel took it.
 */
export function sendUnixDatagram(path: string, bytes: Uint8Array): string | undefined {
  const errno = guarded('unix datagram', (addon) => addon.unixDatagramSend(path, bytes));
  return errno === 0 ? undefined : errnoName(errno);
}

/** Marks every raw IP socket of this process close-on-exec: raw-socket opens its sockets without. Answers how many. */
export function closeRawSocketsOnExec(): number {
  return guarded('descriptors', (addon) => addon.closeRawSocketsOnExec());
}
