/**
 * Ports to servers elsewhere, for checkers: TCP, TLS, UDP and ICMP echo. Each has a Linux and a simulated implementation, and one
 * contract test that both pass. Nothing stays open: what a plugin forgets to close is closed when its signal aborts or it stops.
 */

/** Where to connect to, and from where. */
export interface Endpoint {
  /** Canonical text: dotted IPv4, or RFC 5952 IPv6. */
  readonly address: string;
  /** 1..65535; 0 where a protocol has none. */
  readonly port: number;
  /** Name of the interface that the socket is bound to; also the zone of a link-local address. */
  readonly link?: string;
  /** Source address. */
  readonly localAddress?: string;
  /** Source port, 1..65535; absent: the kernel's choice. */
  readonly localPort?: number;
  /** Firewall mark of its packets (SO_MARK); absent or 0: none. */
  readonly mark?: number;
}

export interface ConnectOptions {
  /** Aborted: the socket is closed at once, and whatever waits rejects with the signal's reason. */
  readonly signal: AbortSignal;
}

/** A connected stream. */
export interface Connection {
  /** Resolves when the kernel has taken it all. Rejects with PortError: ECONNRESET, EPIPE; EBADF after `close`. */
  write(data: Uint8Array | string): Promise<void>;
  /**
   * The next bytes, at least one; undefined when the peer has ended. One read at a time. What came before a reset is read before it is
   * told. Rejects with PortError: ECONNRESET; EBADF after `close`.
   */
  read(): Promise<Uint8Array | undefined>;
  /** Sends the end of the stream; reading goes on. */
  end(): void;
  /** Closes at once. Harmless when repeated. */
  close(): void;
}

export interface TcpPort {
  /**
   * Resolves when the peer has accepted, also where it breaks off at once: reading and writing tell that. Rejects with PortError, whose
   * `errno` is that of the system: ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EADDRINUSE, EADDRNOTAVAIL; ENODEV where there is no such
   * link, EPERM for a mark without CAP_NET_ADMIN.
   */
  connect(to: Endpoint, options: ConnectOptions): Promise<Connection>;
}

export interface TlsOptions extends ConnectOptions {
  /** Server Name Indication; absent: none is sent. */
  readonly serverName?: string;
  /** True: the certificate must be valid for `serverName` (or the address), by the system's roots or `ca`. keepalived never asks. */
  readonly verify: boolean;
  /** Certificates of authorities in PEM, instead of the system's. */
  readonly ca?: string;
  /** Certificate and key of the client in PEM. */
  readonly certificate?: string;
  readonly key?: string;
  /** Of the key, where it is encrypted. */
  readonly password?: string;
}

export interface TlsConnection extends Connection {
  /** Such as `TLSv1.3`. */
  readonly protocol: string;
  /** When the server's certificate expires, milliseconds since the epoch; undefined where it shows none. */
  readonly expiresAt: number | undefined;
}

export interface TlsPort {
  /** Connects and shakes hands. Rejects as TcpPort, and with PortError `ETLS` where the handshake or the certificate fails. */
  connect(to: Endpoint, options: TlsOptions): Promise<TlsConnection>;
}

/** A connected UDP socket: it hears its peer only, and of ICMP errors. */
export interface UdpExchange {
  /** Rejects with PortError: ECONNREFUSED where an earlier datagram was answered by ICMP port unreachable. Each trouble is told once. */
  send(data: Uint8Array): Promise<void>;
  /** The next datagram, oldest first; 64 wait at most. One receive at a time. Rejects with PortError: ECONNREFUSED, EHOSTUNREACH. */
  receive(): Promise<Uint8Array>;
  close(): void;
}

export interface UdpPort {
  open(to: Endpoint, options: ConnectOptions): Promise<UdpExchange>;
}

export interface EchoReply {
  /** From sending to receiving, milliseconds. */
  readonly durationMs: number;
}

export interface IcmpPort {
  /**
   * Sends one echo request and awaits its reply (RFC 792, RFC 4443). Rejects with PortError: EHOSTUNREACH and the like where the
   * kernel or a router says so, EACCES where net.ipv4.ping_group_range admits no group of the process and it may not change that.
   * `size`: bytes of data, default 56.
   */
  echo(to: Omit<Endpoint, 'port' | 'localPort'>, options: ConnectOptions & { readonly size?: number }): Promise<EchoReply>;
}
