/** What servers, routers and the kernel refuse, as errors for a person. Used by the ports beside this file. */
import { NativeMissingError, NativeSocketError } from '@mainstay/pacemaker';
import { type Endpoint, MainstayError, messageOf, PortError } from '@mainstay/sdk';
import { refusalText } from '../linux/refusal.js';

export function placeOf({ address, port }: Pick<Endpoint, 'address' | 'port'>): string {
  return port === 0 ? address : `${address} port ${port}`;
}

/** `what`: what could not be done, such as `cannot connect to 192.0.2.1 port 80`. */
export function refused(what: string, errno: string): PortError {
  return new PortError(`${what}: ${refusalText(errno)}`, errno);
}

/** Something thrown by Node or by the addon, as an error for a person. */
export function socketError(what: string, thrown: unknown): MainstayError {
  if (thrown instanceof MainstayError) return thrown;
  if (thrown instanceof NativeMissingError)
    return new MainstayError('NATIVE_MISSING', thrown.message, undefined, { cause: thrown });
  if (thrown instanceof NativeSocketError) return prepared(what, thrown);
  const code = (thrown as NodeJS.ErrnoException | undefined)?.code;
  if (code === undefined || !/^E[A-Z0-9]+$/.test(code)) return new PortError(`${what}: ${messageOf(thrown)}`, code);
  return refused(what, code);
}

/** What the socket was asked for beyond its peer is what the operator can change. */
function prepared(what: string, { errno, syscall }: NativeSocketError): PortError {
  const text = `${what}: ${refusalText(errno)}`;
  if (syscall === 'SO_MARK') return new PortError(`${text} (firewall mark)`, errno, 'marks need CAP_NET_ADMIN');
  if (syscall === 'SO_BINDTODEVICE') return new PortError(`${text} (interface)`, errno);
  if (syscall === 'bind') return new PortError(`${text} (source address or port)`, errno);
  return new PortError(text, errno);
}

/** The plugin closed it itself. */
export function closed(what: string): PortError {
  return new PortError(`${what}: it was closed here`, 'EBADF');
}
