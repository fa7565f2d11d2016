/** The kernel's refusals, as the simulated kernel says them. */
import { PortError } from '@mainstay/sdk';

export const errnoTexts = {
  EPERM: 'operation not permitted',
  EACCES: 'permission denied',
  ENODEV: 'no such device',
  ENETDOWN: 'network is down',
  ENETUNREACH: 'network is unreachable',
  EINVAL: 'invalid argument',
  ENOBUFS: 'no buffer space available',
  EMSGSIZE: 'message too long',
  ENOMEM: 'cannot allocate memory',
  EADDRNOTAVAIL: 'cannot assign requested address',
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by peer',
  EHOSTUNREACH: 'no route to host',
  EPIPE: 'broken pipe',
  EBADF: 'bad file descriptor',
  ENOENT: 'no such file or directory',
  ESRCH: 'no such process',
  ERANGE: 'result too large',
} as const;

export type Errno = keyof typeof errnoTexts;

export function refusal(what: string, errno: Errno): PortError {
  return new PortError(`${what}: ${errnoTexts[errno]} [${errno}]`, errno);
}
