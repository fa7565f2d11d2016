/** The `tls` port of a simulated process: connections whose handshake is decided by the facts about the server. */
import { type Connection, PortError, type TlsConnection, type TlsPort } from '@mainstay/sdk';
import { type Client, placeOf, untilAborted } from '../servers/client.js';
import { expiryOf, type ServerTls, tlsObjection } from '../servers/tls.js';
import { openConnection } from './tcp.js';

/** A handshake takes the way there and back once more. */
const roundTrips = 2;

export function simulatedTls(client: Client): TlsPort {
  return {
    async connect(to, options) {
      let tls: ServerTls | undefined;
      const serve = (server: Parameters<Parameters<typeof openConnection>[3]>[0]) => {
        tls = server.tls;
        return server.serve;
      };
      const connection = await openConnection(client, to, options.signal, serve, options.serverName);
      try {
        await shakeHands(client, to.address, tls, options.signal);
        const objection = tlsObjection(tls, to.address, options, client.clock.wall());
        if (objection !== undefined) throw new PortError(`no TLS with ${placeOf(to)}: ${objection}`, 'ETLS');
      } catch (error) {
        connection.close();
        throw error;
      }
      return secured(connection, tls ?? {}, client.clock.wall());
    },
  };
}

function shakeHands({ servers, clock }: Client, address: string, tls: ServerTls | undefined, signal: AbortSignal): Promise<void> {
  return untilAborted(signal, (resolve) => {
    if (tls?.handshake === 'hangs') return () => {};
    const timer = clock.after(roundTrips * servers.hostAt(address).delayMs, resolve);
    return () => timer.cancel();
  });
}

function secured(connection: Connection, tls: ServerTls, now: number): TlsConnection {
  return {
    protocol: tls.protocol ?? 'TLSv1.3',
    expiresAt: expiryOf(tls, now),
    write: (data) => connection.write(data),
    read: () => connection.read(),
    end: () => connection.end(),
    close: () => connection.close(),
  };
}
