/** TCP servers of tests: what a checker may meet. Each listens on a port of the loopback, until closed. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import type { Certificate } from './certificate.js';

export interface TestServer {
  readonly port: number;
  /** What clients have sent, all together. */
  received(): string;
  /** Clients that are connected. */
  clients(): number;
  close(): Promise<void>;
}

export interface ServeOptions {
  readonly allowHalfOpen?: boolean;
  /** It speaks TLS, and greets behind the handshake. */
  readonly tls?: Certificate;
}

export async function serve(greet: (socket: Socket) => void, options: ServeOptions = {}): Promise<TestServer> {
  const { tls, allowHalfOpen = false } = options;
  const context = tls && createSecureContext({ cert: tls.certificate, key: tls.key });
  const sockets = new Set<Socket>();
  let received = '';
  const server = createServer({ allowHalfOpen }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    const hear = (bytes: Buffer) => {
      received += bytes.toString('latin1');
    };
    if (context === undefined) greet(socket.on('data', hear));
    else {
      const secured = new TLSSocket(socket, { isServer: true, secureContext: context });
      secured.on('error', () => {});
      // What is broken off is the connection below.
      Object.assign(secured, { resetAndDestroy: () => socket.resetAndDestroy() });
      secured.on('secure', () => greet(secured.on('data', hear)));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    received: () => received,
    clients: () => sockets.size,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** Calls `step` every so many milliseconds as long as the socket is there. */
function repeat(socket: Socket, ms: number, step: () => void): void {
  const timer = setInterval(() => (socket.destroyed ? clearInterval(timer) : step()), ms);
  socket.on('close', () => clearInterval(timer));
}

/** Writes as fast as the client reads. */
function flood(socket: Socket, bytes: string): void {
  const chunk = bytes.repeat(Math.ceil(65_536 / bytes.length));
  const more = () => {
    while (!socket.destroyed && socket.writable && socket.write(chunk));
  };
  socket.on('drain', more);
  more();
}

/** `opening`: how a good answer of the protocol begins; `line`: a line that may follow it for ever. */
export function hostile(opening: string, line: string): Readonly<Record<string, (socket: Socket) => void>> {
  return {
    'says nothing': () => {},
    'says nothing and ends': (socket) => void socket.end(),
    'resets at once': (socket) => void socket.resetAndDestroy(),
    'resets at the first byte': (socket) => void socket.once('data', () => socket.resetAndDestroy()),
    'resets in the middle': (socket) => void socket.write(opening.slice(0, -2), () => socket.resetAndDestroy()),
    'ends in the middle': (socket) => void socket.end(opening.slice(0, -2)),
    'ends its half behind the opening': (socket) => void socket.end(opening),
    'answers, and ends its half': (socket) => void socket.once('data', () => socket.end(opening)),
    'sends a byte at a time': (socket) => {
      let i = 0;
      repeat(socket, 40, () => socket.write(opening[i++ % opening.length] ?? ''));
    },
    'sends lines without end': (socket) => {
      socket.write(opening);
      flood(socket, line);
    },
    'sends one line without end': (socket) => flood(socket, 'x'),
    'sends zeros': (socket) => flood(socket, '\0'),
    'sends garbage': (socket) => void socket.end(Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) % 256))),
  };
}
