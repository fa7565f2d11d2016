/**
 * Drives the ports tcp, tls, udp and icmp of one process: sockets and signals go by number, every call answers how it ended. Used by
 * the simulated world of servers and by the agent of the Linux one.
 */
import { type ConnectOptions, type Endpoint, messageOf, PortError, type Ports, type TlsConnection } from '@mainstay/sdk';

export type SocketPorts = Pick<Ports, 'tcp' | 'tls' | 'udp' | 'icmp'>;

export type Settled<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly errno: string | undefined; readonly message: string };

export interface Wish {
  /** Number of the signal that `abort` aborts. */
  readonly signal?: number;
  readonly serverName?: string;
  readonly verify?: boolean;
  readonly ca?: string;
  readonly certificate?: string;
  readonly key?: string;
}

export interface Opened {
  readonly id: number;
  readonly protocol?: string;
  readonly expiresAt?: number | undefined;
}

export type StreamKind = 'tcp' | 'tls';

export interface SocketDriver {
  open(kind: StreamKind | 'udp', to: Endpoint, wish?: Wish): Promise<Settled<Opened>>;
  write(id: number, text: string): Promise<Settled<void>>;
  /** Undefined: the peer has ended. */
  read(id: number): Promise<Settled<string | undefined>>;
  end(id: number): Promise<void>;
  close(id: number): Promise<void>;
  /** Milliseconds. */
  echo(to: Omit<Endpoint, 'port'>, wish?: Wish & { readonly size?: number }): Promise<Settled<number>>;
  abort(signal: number): Promise<void>;
  /** Opens and closes as many, some at a time; answers the errors by name. */
  storm(kind: StreamKind | 'udp', to: Endpoint, count: number): Promise<Readonly<Record<string, number>>>;
  /** Sockets of the process that are open. */
  openSockets(): Promise<number>;
}

/** What an aborted signal rejects with. */
export const enough = 'the test has had enough';
const atATime = 25;

async function settled<Value>(work: () => Promise<Value>): Promise<Settled<Value>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    return { ok: false, errno: error instanceof PortError ? error.errno : undefined, message: messageOf(error) };
  }
}

interface Held {
  write(data: Uint8Array): Promise<void>;
  read(): Promise<Uint8Array | undefined>;
  end(): void;
  close(): void;
}

export function createSocketDriver(ports: SocketPorts, openSockets: () => number): SocketDriver {
  const signals = new Map<number, AbortController>();
  const held: Held[] = [];
  const controller = (id: number) => {
    const known = signals.get(id) ?? new AbortController();
    signals.set(id, known);
    return known;
  };
  const optionsOf = ({ signal }: Wish = {}): ConnectOptions => ({
    signal: signal === undefined ? new AbortController().signal : controller(signal).signal,
  });
  const find = (id: number) => {
    const found = held[id];
    if (found === undefined) throw new RangeError(`no socket ${id}`);
    return found;
  };
  const open = async (
    kind: StreamKind | 'udp',
    to: Endpoint,
    wish: Wish = {},
  ): Promise<readonly [Held, Partial<TlsConnection>]> => {
    const options = optionsOf(wish);
    if (kind === 'tcp') return [await ports.tcp.connect(to, options), {}];
    if (kind === 'udp') {
      const exchange = await ports.udp.open(to, options);
      const socket: Held = {
        write: (data) => exchange.send(data),
        read: () => exchange.receive(),
        end: () => {},
        close: () => exchange.close(),
      };
      return [socket, {}];
    }
    const { signal: _, ...rest } = wish;
    const secured = await ports.tls.connect(to, { verify: false, ...rest, ...options });
    return [secured, { protocol: secured.protocol, expiresAt: secured.expiresAt }];
  };
  return {
    open: (kind, to, wish) =>
      settled(async () => {
        const [socket, facts] = await open(kind, to, wish);
        return { id: held.push(socket) - 1, ...facts };
      }),
    write: (id, text) => settled(() => find(id).write(new TextEncoder().encode(text))),
    read: (id) =>
      settled(async () => {
        const data = await find(id).read();
        return data === undefined ? undefined : new TextDecoder().decode(data);
      }),
    end: async (id) => find(id).end(),
    close: async (id) => find(id).close(),
    echo: (to, wish = {}) =>
      settled(async () => {
        const size = wish.size === undefined ? {} : { size: wish.size };
        return (await ports.icmp.echo(to, { ...optionsOf(wish), ...size })).durationMs;
      }),
    abort: async (id) => controller(id).abort(new Error(enough)),
    storm: async (kind, to, count) => {
      const errors: Record<string, number> = {};
      const one = async () => {
        const result = await settled(async () => (await open(kind, to))[0].close());
        if (!result.ok) errors[result.errno ?? result.message] = (errors[result.errno ?? result.message] ?? 0) + 1;
      };
      for (let done = 0; done < count; done += atATime) await Promise.all(Array.from({ length: atATime }, one));
      return errors;
    },
    openSockets: async () => openSockets(),
  };
}
