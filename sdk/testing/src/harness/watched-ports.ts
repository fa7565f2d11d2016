/** Ports that note what was opened and not closed again by whoever used them, and what was said over TCP. Used by checkerContract. */
import type { Connection, Ports, TlsConnection, UdpExchange } from '@mainstay/sdk';

export interface WatchedPorts {
  readonly ports: Partial<Ports>;
  /** What is open: `tcp 192.0.2.10:80`. */
  readonly open: ReadonlySet<string>;
  readonly conversations: readonly Conversation[];
}

/** Of one TCP connection. */
export interface Conversation {
  sent: Uint8Array;
  received: Uint8Array;
}

export function watchedPorts(ports: Partial<Ports>): WatchedPorts {
  const open = new Set<string>();
  let count = 0;
  const noted = <T extends Connection | TlsConnection | UdpExchange>(kind: string, address: string, opened: T): T => {
    const name = `${kind} ${address} (number ${++count})`;
    open.add(name);
    const close = () => {
      open.delete(name);
      opened.close();
    };
    return new Proxy(opened, {
      get(target, key) {
        if (key === 'close') return close;
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  };
  const { tcp, tls, udp } = ports;
  const conversations: Conversation[] = [];
  return {
    open,
    conversations,
    ports: {
      ...ports,
      ...(tcp && {
        tcp: { connect: async (to, options) => noted('tcp', nameOf(to), heard(await tcp.connect(to, options), conversations)) },
      }),
      ...(tls && { tls: { connect: async (to, options) => noted('tls', nameOf(to), await tls.connect(to, options)) } }),
      ...(udp && { udp: { open: async (to, options) => noted('udp', nameOf(to), await udp.open(to, options)) } }),
    },
  };
}

function nameOf({ address, port }: { readonly address: string; readonly port: number }): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function heard(connection: Connection, conversations: Conversation[]): Connection {
  const conversation: Conversation = { sent: new Uint8Array(0), received: new Uint8Array(0) };
  conversations.push(conversation);
  return {
    write(data) {
      conversation.sent = Buffer.concat([conversation.sent, typeof data === 'string' ? Buffer.from(data) : data]);
      return connection.write(data);
    },
    async read() {
      const bytes = await connection.read();
      if (bytes !== undefined) conversation.received = Buffer.concat([conversation.received, bytes]);
      return bytes;
    },
    end: () => connection.end(),
    close: () => connection.close(),
  };
}
