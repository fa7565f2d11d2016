/** Datagrams to Unix sockets (/dev/log, systemd), through the native addon where it is built. Used by the log and systemd.ts. */

/** `absent`: nobody listens there. `lost`: the receiver takes none now, or not this one. */
export type Delivery = 'sent' | 'absent' | 'lost';

/** `@` at the beginning names an abstract socket. Never throws, never waits. */
export type SendDatagram = (path: string, bytes: Uint8Array) => Delivery;

const absent: readonly string[] = ['ENOENT', 'ECONNREFUSED', 'ENOTSOCK', 'EPROTOTYPE'];

/** `undefined` where the addon is not built for this machine: no syslog and no word to systemd, but a daemon all the same. */
export async function datagramSender(): Promise<SendDatagram | undefined> {
  try {
    const { sendUnixDatagram } = await import('@mainstay/pacemaker');
    sendUnixDatagram('@mainstay-probe', new Uint8Array(0));
    return (path, bytes) => {
      try {
        const errno = sendUnixDatagram(path, bytes);
        return errno === undefined ? 'sent' : absent.includes(errno) ? 'absent' : 'lost';
      } catch {
        return 'lost';
      }
    };
  } catch {
    return undefined;
  }
}
