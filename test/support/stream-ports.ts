/** The ports `tcp` and `tls` of Linux, with a count of what is open, so that tests of checkers see a leak. */
import { openSocketPorts } from '@mainstay/core/server-ports/index';
import type { Connection, Endpoint, Ports, TlsOptions } from '@mainstay/sdk';

export interface StreamPorts extends Pick<Ports, 'tcp' | 'tls'> {
  /** Connections made and not closed. */
  open(): number;
  /** All that were asked for, in order. */
  readonly asked: { readonly to: Endpoint; readonly tls?: TlsOptions }[];
}

export function streamPorts(): StreamPorts {
  const { tcp, tls } = openSocketPorts();
  const open = new Set<Connection>();
  const asked: StreamPorts['asked'] = [];
  const counted = <C extends Connection>(connection: C): C => {
    open.add(connection);
    const close = connection.close.bind(connection);
    connection.close = () => {
      open.delete(connection);
      close();
    };
    return connection;
  };
  return {
    asked,
    open: () => open.size,
    tcp: {
      async connect(to, options) {
        asked.push({ to });
        return counted(await tcp.connect(to, options));
      },
    },
    tls: {
      async connect(to, options) {
        asked.push({ to, tls: options });
        return counted(await tls.connect(to, options));
      },
    },
  };
}
