/** The program behind farm-client.ts: real servers that answer, fail and come back as they are told, over the channel to its parent. */
import { createSocket, type Socket as Datagrams } from 'node:dgram';
import { once } from 'node:events';
import { createServer as createWebServer, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { createServer, type Server, type Socket } from 'node:net';
import { Authority } from '../../support/certificate.js';
import { type FarmOrder, farmText, type ServerKind } from './farm-client.js';

interface Running {
  close(): Promise<void>;
}

const running = new Map<string, Running>();
/** Status codes that web servers answer, by server. */
const statuses = new Map<string, number>();
/** Connections, by server, and by the address that they came from. */
const connections = new Map<string, Record<string, number>>();

async function listening(server: Server, port: number, address: string): Promise<Running> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    count(`${address}:${port}`, socket.remoteAddress ?? '');
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  });
  server.listen(port, address);
  await once(server, 'listening');
  return {
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function count(server: string, from: string): void {
  const counts = connections.get(server) ?? {};
  counts[from] = (counts[from] ?? 0) + 1;
  connections.set(server, counts);
}

async function bound(socket: Datagrams, port: number, address: string): Promise<Running> {
  socket.bind(port, address);
  await once(socket, 'listening');
  return {
    async close() {
      const closed = once(socket, 'close');
      socket.close();
      await closed;
    },
  };
}

function answering(name: string): RequestListener {
  return (_request, response) => {
    response.writeHead(statuses.get(name) ?? 200, { 'content-type': 'text/plain', connection: 'close' });
    response.end(farmText);
  };
}

function secureServer(name: string): Server {
  const { certificate: cert, key } = new Authority().sign('farm');
  return createSecureServer({ cert, key }, answering(name));
}

/** RFC 5321, as far as a checker goes. */
function mailServer(): Server {
  return createServer((socket) => {
    socket.write('220 farm ESMTP\r\n');
    socket.setEncoding('latin1').on('data', (line: string) => {
      if (/^QUIT/i.test(line)) socket.end('221 bye\r\n');
      else socket.write('250 farm\r\n');
    });
  });
}

/** RFC 1035: the question comes back as an answer without records. */
function nameServer(): Datagrams {
  const socket = createSocket('udp4');
  return socket.on('message', (question, { port, address }) => {
    const answer = Buffer.from(question);
    answer.writeUInt16BE(0x8180, 2);
    socket.send(answer, port, address);
  });
}

function echoServer(): Datagrams {
  const socket = createSocket('udp4');
  return socket.on('message', (text, { port, address }) => socket.send(text, port, address));
}

function opened(kind: ServerKind, name: string, port: number, address: string): Promise<Running> {
  switch (kind) {
    case 'tcp':
      return listening(
        createServer((socket) => void socket.resume()),
        port,
        address,
      );
    case 'http':
      return listening(createWebServer(answering(name)), port, address);
    case 'https':
      return listening(secureServer(name), port, address);
    case 'smtp':
      return listening(mailServer(), port, address);
    case 'dns':
      return bound(nameServer(), port, address);
    case 'udp':
      return bound(createSocket('udp4'), port, address);
    case 'echo':
      return bound(echoServer(), port, address);
  }
}

async function carryOut(order: FarmOrder): Promise<void> {
  const { server: name } = order;
  const [, address = '', port] = /^(.*):(\d+)$/.exec(name) ?? [];
  if (order.do === 'count') return;
  if (order.do === 'status') statuses.set(name, order.status);
  else if (order.do === 'open') running.set(`${order.kind} ${name}`, await opened(order.kind, name, Number(port), address));
  else {
    await running.get(`${order.kind} ${name}`)?.close();
    running.delete(`${order.kind} ${name}`);
  }
}

process.on('message', (order: FarmOrder) => {
  carryOut(order).then(
    () => process.send?.({ id: order.id, counts: order.do === 'count' ? connections.get(order.server) : undefined }),
    (error: unknown) => process.send?.({ id: order.id, error: String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
process.send?.({ id: 0 });
