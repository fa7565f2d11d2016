/** The port `tls`: Node's TLS over a connection of the port `tcp`. Loaded where it is first used, as OpenSSL's part is large. */
import { isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { type Endpoint, PortError, type TlsConnection, type TlsOptions, type TlsPort } from '@mainstay/sdk';
import { placeOf, refused, socketError } from './refused.js';
import { StreamConnection } from './stream-connection.js';
import { openStream } from './tcp.js';
import { TlsContexts } from './tls-contexts.js';
import { tlsRefusal } from './tls-refusal.js';

export class LinuxTls implements TlsPort {
  readonly #contexts = new TlsContexts();

  async connect(to: Endpoint, options: TlsOptions): Promise<TlsConnection> {
    const [socket, opening] = openStream(to, options.signal);
    const plain = await opening;
    if (socket === undefined) throw new Error('a connection without a socket');
    const what = `no TLS with ${placeOf(to)}`;
    try {
      // Node would wait for a handshake on a socket that is closed.
      options.signal.throwIfAborted();
      if (plain.failure !== undefined) throw refused(what, 'ECONNRESET');
      const secured = this.#secure(socket, to, options);
      secured.on('close', () => plain.close());
      const translate = (thrown: unknown) => tlsRefusal(what, thrown) ?? socketError(what, thrown);
      return await new SecureConnection(secured, to, options.signal, translate).opened('secureConnect');
    } catch (error) {
      plain.close();
      throw error;
    }
  }

  #secure(socket: Socket, { address }: Endpoint, options: TlsOptions): TLSSocket {
    const { serverName, verify } = options;
    const isName = serverName !== undefined && isIP(serverName) === 0;
    try {
      // Node's types lack that the server may end before the client.
      const asked: ConnectionOptions & { readonly allowHalfOpen: true } = {
        socket,
        secureContext: this.#contexts.get(options),
        rejectUnauthorized: verify,
        // The name to find in the certificate; an address is no name to send (RFC 6066 section 3).
        host: serverName ?? address,
        ...(isName && { servername: serverName }),
        allowHalfOpen: true,
      };
      return connect(asked);
    } catch (error) {
      throw new PortError(`certificate, key or authorities cannot be used: ${(error as Error).message}`, 'ETLS');
    }
  }
}

type After<List extends readonly unknown[]> = List extends readonly [unknown, ...infer Rest] ? Rest : never;

class SecureConnection extends StreamConnection implements TlsConnection {
  #facts: { readonly protocol: string; readonly expiresAt: number | undefined } | undefined;

  constructor(secured: TLSSocket, ...rest: After<ConstructorParameters<typeof StreamConnection>>) {
    super(secured, ...rest);
    // Asked for at once: a closed one does not know them any more.
    secured.on('secureConnect', () => {
      this.#facts = { protocol: secured.getProtocol() ?? '', expiresAt: expiry(secured) };
    });
  }

  get protocol(): string {
    return this.#facts?.protocol ?? '';
  }
  get expiresAt(): number | undefined {
    return this.#facts?.expiresAt;
  }
}

function expiry(secured: TLSSocket): number | undefined {
  const certificate = secured.getPeerX509Certificate();
  const at = certificate === undefined ? Number.NaN : Date.parse(certificate.validTo);
  return Number.isNaN(at) ? undefined : at;
}
