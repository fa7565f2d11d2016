/** The ports of a checker for one probe whose first connection was made before the checker was called. Used by the prober. */
import type { Connection, ConnectOptions, Endpoint, Ports, TcpPort } from '@mainstay/sdk';
import type { Departed } from './routines.js';

/** `discard` closes the connection where the checker did not ask for it. `differs`: it writes something else than its routine. */
export function portsWith(
  ports: Ports,
  target: Endpoint,
  connection: Exclude<Departed['outcome'], 'late'>,
  differs: () => void,
): { readonly ports: Ports; discard(): void } {
  let isThere = true;
  const take = () => {
    const wasThere = isThere;
    isThere = false;
    return wasThere;
  };
  const tcp: TcpPort = {
    connect(to: Endpoint, options: ConnectOptions): Promise<Connection> {
      const isMeant = isThere && isSame(to, target) && options?.signal !== undefined && take();
      return isMeant ? connection.take(options, differs) : ports.tcp.connect(to, options);
    },
  };
  // Reading another port of a plugin that was not granted it is an error, so nothing is copied.
  const own = Object.create(ports, { tcp: { value: tcp } }) as Ports;
  return {
    ports: own,
    discard: () => {
      if (take()) connection.discard();
    },
  };
}

function isSame(a: Endpoint, b: Endpoint): boolean {
  const keys = ['address', 'port', 'link', 'localAddress', 'localPort', 'mark'] as const;
  return a === b || keys.every((key) => a[key] === b[key]);
}
