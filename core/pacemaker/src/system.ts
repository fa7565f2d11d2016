/** One-shot calls: datagrams to Unix sockets, descriptors that must not leak into scripts, the death of the parent. */
import { constants } from 'node:os';
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

/**
 * Marks every descriptor of this process above 2 close-on-exec, so that a program started from now on gets only those of its `stdio`
 * (Node takes the mark off these, in the child). One system call, however many are open: close_range(2), Linux 5.11. `false` marks them
 * one by one, as happens anyway where the kernel or a seccomp filter refuses that call; then /proc must be there.
 */
export function closeOthersOnExec(isOneCall = true): void {
  guarded('descriptors', (addon) => addon.closeOthersOnExec(isOneCall));
}

/**
 * Has the kernel send `signal` to this process when the thread that started it ends, however that comes about: prctl(2),
 * PR_SET_PDEATHSIG. `undefined` takes it back. `parent` is the process that must still be there (the answer is false where it is
 * not, and nothing will be sent). Works while this process spins or is stopped; a program that it executes loses the setting only
 * when that changes credentials.
 */
export function setParentDeathSignal(signal: NodeJS.Signals | undefined, parent: number): boolean {
  const number = signal === undefined ? 0 : constants.signals[signal];
  return guarded('parent death signal', (addon) => addon.setParentDeathSignal(number, parent));
}
