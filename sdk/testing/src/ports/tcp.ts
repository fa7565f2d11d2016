/** The `tcp` port of a simulated process. */
import type { Connection, Endpoint, TcpPort } from '@mainstay/sdk';
import { refusal } from '../kernel/errno.js';
import { askKernel, type Client, callerOf, placeOf, untilAborted, whenHeard } from '../servers/client.js';
import { SimulatedConnection } from '../servers/connection.js';
import type { Serve } from '../servers/peer.js';
import type { TcpServer } from '../servers/servers.js';

export function simulatedTcp(client: Client): TcpPort {
  return {
    connect: (to, { signal }) => openConnection(client, to, signal, ({ tls, serve }) => (tls === undefined ? serve : plainText)),
  };
}

/** A TLS server that is spoken to in plain text breaks off. */
const plainText: Serve = async (peer) => {
  if ((await peer.read()) !== undefined) peer.reset();
};

/** `as`: what the server does on this connection. */
export async function openConnection(
  client: Client,
  to: Endpoint,
  signal: AbortSignal,
  as: (server: TcpServer) => Serve,
  serverName?: string,
): Promise<Connection> {
  signal.throwIfAborted();
  const what = `cannot connect to ${placeOf(to)}`;
  askKernel(client, 'tcp.connect', what, to);
  await untilAborted<void>(signal, (resolve, reject) =>
    whenHeard(client, to.address, resolve, (errno) => reject(refusal(what, errno))),
  );
  const { servers, clock } = client;
  const server = servers.tcpAt(to.address, to.port);
  if (server === undefined) throw refusal(what, 'ECONNREFUSED');
  const caller = callerOf(to, serverName);
  const { address, port } = to;
  servers.callers.push({ address, port, ...caller });
  return open(client, { clientClock: clock, serverClock: servers.clock, to, caller, signal }, as(server));
}

function open(
  { servers, atEnd }: Client,
  ends: Pick<ConstructorParameters<typeof SimulatedConnection>[0], 'clientClock' | 'serverClock' | 'caller'> & {
    readonly to: Endpoint;
    readonly signal: AbortSignal;
  },
  serve: Serve,
): Connection {
  const { to, signal } = ends;
  servers.open++;
  const onAbort = () => connection.finish(signal.reason);
  const forget = atEnd(() => connection.close());
  const connection: SimulatedConnection = new SimulatedConnection({
    ...ends,
    delayMs: servers.hostAt(to.address).delayMs,
    what: `connection to ${placeOf(to)}`,
    onClose: () => {
      servers.open--;
      signal.removeEventListener('abort', onAbort);
      forget();
    },
  });
  signal.addEventListener('abort', onAbort);
  connection.serve(serve);
  return connection;
}
