/** How a refusal of the kernel reads: `text [ERRNO]`, with the kernel's own sentence where it gave one. */
import { errnoName, NativeMissingError, NativeSocketError } from '@mainstay/pacemaker';
import { type ChangeResult, MainstayError, messageOf, PortError } from '@mainstay/sdk';

const texts: Readonly<Record<string, string>> = {
  EPERM: 'operation not permitted',
  EACCES: 'permission denied',
  ENODEV: 'no such device',
  ENETDOWN: 'network is down',
  ENETUNREACH: 'network is unreachable',
  EHOSTUNREACH: 'no route to host',
  EINVAL: 'invalid argument',
  ENOBUFS: 'no buffer space available',
  EMSGSIZE: 'message too long',
  ENOMEM: 'cannot allocate memory',
  EADDRNOTAVAIL: 'cannot assign requested address',
  EEXIST: 'file exists',
  ESRCH: 'no such process',
  EAGAIN: 'resource temporarily unavailable',
  ENOENT: 'no such file or directory',
  ENXIO: 'no such device or address',
  EADDRINUSE: 'address already in use',
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by peer',
  EPIPE: 'broken pipe',
  ETIMEDOUT: 'connection timed out',
  EPROTO: 'protocol error',
  EBADF: 'bad file descriptor',
  EOPNOTSUPP: 'operation not supported',
};

/** Errno name of a C library's error text, as raw-socket gives it. */
const namesByText = new Map(Object.entries(texts).map(([name, words]) => [words, name]));

export function refusalText(errno: string, kernelSays?: string): string {
  return `${kernelSays ?? texts[errno] ?? 'refused by the kernel'} [${errno}]`;
}

export function failed(errno: number, kernelSays?: string): ChangeResult {
  return { outcome: 'failed', error: refusalText(errnoName(errno), kernelSays) };
}

const privilegeHint = 'the lane needs CAP_NET_RAW and CAP_NET_ADMIN: run mainstay as root or grant both';

/** What was thrown by pacemaker or raw-socket, as an error for a person. `what` says what could not be done. */
export function portError(what: string, thrown: unknown): MainstayError {
  if (thrown instanceof MainstayError) return thrown;
  if (thrown instanceof NativeMissingError) {
    return new MainstayError('NATIVE_MISSING', thrown.message, undefined, { cause: thrown });
  }
  const errno = thrown instanceof NativeSocketError ? thrown.errno : namesByText.get(messageOf(thrown).toLowerCase());
  if (errno === undefined) return new PortError(`${what}: ${messageOf(thrown)}`);
  return new PortError(`${what}: ${refusalText(errno)}`, errno, errno === 'EPERM' ? privilegeHint : undefined);
}
