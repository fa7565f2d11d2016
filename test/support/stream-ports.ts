/** The ports `tcp` and `tls` over Node's own sockets, for tests of checkers. Counts what is open, so that a test can see a leak. */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import {
  type Connection,
  type ConnectOptions,
  type Endpoint,
  PortError,
  type TcpPort,
  type TlsConnection,
  type TlsOptions,
  type TlsPort,
} from '@mainstay/sdk';

export interface StreamPorts {
  readonly tcp: TcpPort;
  readonly tls: TlsPort;
  /** Connections made and not closed. */
  open(): number;
  /** All that were asked for, in order. */
  readonly asked: { readonly to: Endpoint; readonly tls?: TlsOptions }[];
}

/** Waits for `event`; rejects at an error, an end or an abort, and then destroys the socket. */
function established<S extends Socket>(socket: S, event: string, to: Endpoint, signal: AbortSignal, code?: string): Promise<S> {
  return new Promise((resolve, reject) => {
    const abort = () => fail(signal.reason);
    const fail = (why: unknown) => {
      signal.removeEventListener('abort', abort);
      socket.destroy();
      reject(why);
    };
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    socket.once(event, () => {
      signal.removeEventListener('abort', abort);
      resolve(socket);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const number = error.code?.startsWith('E') === true && !error.code.startsWith('ERR_') ? error.code : code;
      fail(new PortError(`connect to ${to.address} port ${to.port}: ${error.message}`, number ?? error.code));
    });
    return undefined;
  });
}

class NodeConnection implements Connection {
  private readonly waiting: Uint8Array[] = [];
  private hasEnded = false;
  private failure: unknown;
  private wake: (() => void) | undefined;

  constructor(
    protected readonly socket: Socket,
    private readonly signal: AbortSignal,
    private readonly closed: () => void,
  ) {
    socket.on('data', (chunk: Uint8Array) => this.tell(() => this.waiting.push(chunk)));
    socket.on('end', () => this.tell(() => (this.hasEnded = true)));
    socket.on('close', () => this.tell(() => (this.hasEnded = true)));
    socket.on('error', (error: NodeJS.ErrnoException) => this.fail(new PortError(error.message, error.code)));
    signal.addEventListener('abort', this.abort, { once: true });
  }

  private readonly abort = (): void => {
    this.fail(this.signal.reason);
    this.close();
  };

  private fail(why: unknown): void {
    this.tell(() => (this.failure ??= why));
  }

  private tell(happened: () => void): void {
    happened();
    this.wake?.();
  }

  write(data: Uint8Array | string): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.failure !== undefined) return reject(this.failure);
      this.socket.write(data, (error) => (error == null ? resolve() : reject(this.failure ?? new PortError(error.message))));
      return undefined;
    });
  }

  async read(): Promise<Uint8Array | undefined> {
    for (;;) {
      const chunk = this.waiting.shift();
      if (chunk !== undefined) return chunk;
      if (this.failure !== undefined) throw this.failure;
      if (this.hasEnded) return undefined;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  end(): void {
    this.socket.end();
  }

  close(): void {
    if (this.socket.destroyed && this.isClosed) return;
    this.isClosed = true;
    this.signal.removeEventListener('abort', this.abort);
    this.socket.destroy();
    this.closed();
  }
  private isClosed = false;
}

class NodeTlsConnection extends NodeConnection implements TlsConnection {
  get protocol(): string {
    return (this.socket as TLSSocket).getProtocol() ?? '';
  }
  get expiresAt(): number | undefined {
    const { valid_to: until } = (this.socket as TLSSocket).getPeerCertificate();
    return until === undefined ? undefined : Date.parse(until);
  }
}

export function streamPorts(): StreamPorts {
  let open = 0;
  const asked: StreamPorts['asked'] = [];
  const address = ({ address: host, port, localAddress, localPort }: Endpoint) => ({
    host,
    port,
    ...(localAddress === undefined ? {} : { localAddress }),
    ...(localPort === undefined ? {} : { localPort }),
  });
  const counted = () => {
    open++;
    return () => {
      open--;
    };
  };
  return {
    asked,
    open: () => open,
    tcp: {
      async connect(to: Endpoint, { signal }: ConnectOptions): Promise<Connection> {
        asked.push({ to });
        const socket = connectTcp({ ...address(to), allowHalfOpen: true });
        return new NodeConnection(await established(socket, 'connect', to, signal), signal, counted());
      },
    },
    tls: {
      async connect(to: Endpoint, options: TlsOptions): Promise<TlsConnection> {
        asked.push({ to, tls: options });
        const { serverName, verify, ca, certificate, key, signal } = options;
        const socket = connectTls({
          ...address(to),
          rejectUnauthorized: verify,
          ...(serverName === undefined || isIP(serverName) !== 0 ? {} : { servername: serverName }),
          ...(ca === undefined ? {} : { ca }),
          ...(certificate === undefined ? {} : { cert: certificate }),
          ...(key === undefined ? {} : { key }),
        });
        return new NodeTlsConnection(await established(socket, 'secureConnect', to, signal, 'ETLS'), signal, counted());
      },
    },
  };
}
