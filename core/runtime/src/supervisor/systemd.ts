/** Tells systemd what the daemon does: sd_notify(3), a datagram to $NOTIFY_SOCKET. Used by the daemon. */
import type { SendDatagram } from '../log/datagram.js';

export interface SystemdNotifier {
  ready(status: string): void;
  reloading(monotonicUs: bigint): void;
  stopping(status: string): void;
  status(text: string): void;
}

/** Does nothing where systemd did not ask for notifications. */
export function systemdNotifier(socket: string | undefined, send: SendDatagram | undefined, pid: number): SystemdNotifier {
  const tell = (...lines: readonly string[]) => {
    if (socket !== undefined && socket !== '') send?.(socket, Buffer.from(lines.join('\n')));
  };
  const clean = (text: string) => `STATUS=${text.replace(/[\r\n]+/g, ' ')}`;
  return {
    ready: (status) => tell('READY=1', `MAINPID=${pid}`, clean(status)),
    reloading: (us) => tell('RELOADING=1', `MONOTONIC_USEC=${us}`, clean('reloading the configuration')),
    stopping: (status) => tell('STOPPING=1', clean(status)),
    status: (text) => tell(clean(text)),
  };
}
