/** Datagrams to Unix sockets (/dev/log, systemd), through the native addon where it is built. Used by the log and systemd.ts. */

/** `@` at the beginning names an abstract socket. Answers false where nobody took it. Never throws, never waits. */
export type SendDatagram = (path: string, bytes: Uint8Array) => boolean;

/** `undefined` where the addon is not built for this machine: no syslog and no word to systemd, but a daemon all the same. */
export async function datagramSender(): Promise<SendDatagram | undefined> {
  try {
    const { sendUnixDatagram } = await import('@mainstay/pacemaker');
    sendUnixDatagram('@mainstay-probe', new Uint8Array(0));
    return (path, bytes) => {
      try {
        return sendUnixDatagram(path, bytes) === undefined;
      } catch {
        return false;
      }
    };
  } catch {
    return undefined;
  }
}
