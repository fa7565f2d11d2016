/**
 * The ports to servers, or the servers, inside a namespace. Run as a program (`socket-agent.js serve`), this file is the child that
 * has them: real sockets of node:net, node:tls and node:dgram, which do what the simulated servers do.
 */
import { createSocket } from 'node:dgram';
import { readdirSync, readlinkSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { openPorts } from '@mainstay/core';
import { ClientGone, type ServerPeer } from '@mainstay/testing';
import { type Behaviour, behaviourOf, type WorldTls } from '../contract/support/behaviours.js';
import { createSocketDriver, type SocketDriver } from '../contract/support/socket-driver.js';
import { Agent, answerCalls } from './agent.js';

interface Serving {
  serve(port: number, behaviour: Behaviour, tls?: WorldTls): Promise<void>;
  respond(port: number, behaviour: 'echo' | 'silence'): Promise<void>;
  sent(): Promise<number>;
  pid(): Promise<number>;
}

export class SocketAgent extends Agent<SocketDriver & Serving> {
  /** `through`: a program with arguments that runs it. */
  static async start(namespace: string, through: readonly string[] = []): Promise<SocketAgent> {
    const agent = new SocketAgent(namespace, fileURLToPath(import.meta.url), {}, through);
    await agent.driver.pid();
    return agent;
  }
}

/** Of this process, Node's own channel included; a wrapper that Node holds without a descriptor counts too. */
function openSockets(): number {
  const wrappers = process.getActiveResourcesInfo().filter((kind) => /TCPSocketWrap|TLSWrap|ConnectWrap|WriteWrap/.test(kind));
  return (
    wrappers.length +
    readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');
      } catch {
        return false;
      }
    }).length
  );
}

function createServing(): Serving {
  let sent = 0;
  const talk = async (socket: Socket, behaviour: Behaviour) => {
    socket.on('error', () => {});
    const peer = peerOn(socket, (bytes) => {
      sent += bytes;
    });
    try {
      await behaviourOf(behaviour)(peer);
      if (!socket.destroyed) socket.end();
    } catch (error) {
      if (!(error instanceof ClientGone)) throw error;
    }
  };
  return {
    serve: async (port, behaviour, tls) => {
      const take = (socket: Socket) => void talk(socket, behaviour);
      const server: Server =
        tls === undefined
          ? createServer({ allowHalfOpen: true, pauseOnConnect: true }, take)
          : createTlsServer(
              { cert: tls.certificate, key: tls.key, requestCert: tls.wantsCertificate === true, ca: tls.ca },
              take,
            );
      await listen(server, port);
    },
    respond: async (port, behaviour) => {
      const socket = createSocket('udp6');
      socket.on('message', (data, from) => {
        if (behaviour === 'echo') socket.send(data, from.port, from.address);
      });
      await new Promise<void>((resolve) => socket.bind(port, '::', resolve));
    },
    sent: async () => sent,
    pid: async () => process.pid,
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '::', resolve);
  });
}

/** A real socket as the simulated servers have theirs. */
function peerOn(socket: Socket, wrote: (bytes: number) => void): ServerPeer {
  const chunks = socket.iterator({ destroyOnReturn: false });
  const gone = new Promise<never>((_, reject) => socket.once('close', () => reject(new ClientGone())));
  gone.catch(() => {});
  return {
    caller: {
      localAddress: (socket.remoteAddress ?? '').replace(/^::ffff:/, ''),
      localPort: socket.remotePort ?? 0,
      ...(socket instanceof TLSSocket && typeof socket.servername === 'string' && { serverName: socket.servername }),
    },
    read: async () => {
      const next = await chunks.next().catch(() => gone);
      return next.done === true ? undefined : (next.value as Buffer);
    },
    write: (data) =>
      new Promise((resolve, reject) => {
        socket.write(data, (error) => {
          if (error != null) return reject(new ClientGone());
          wrote(data.length);
          resolve();
        });
      }),
    end: () => void socket.end(),
    // What resetAndDestroy does, without the orderly end that it sends first.
    reset: () => void Object.assign(socket, { resetAndClosing: true }).destroy(),
    wait: (ms) =>
      Promise.race([
        gone,
        new Promise<void>((resolve) => {
          if (Number.isFinite(ms)) setTimeout(resolve, ms);
        }),
      ]),
  };
}

if (process.argv[2] === 'serve') {
  const ports = await openPorts(new Set(['tcp', 'tls', 'udp', 'icmp']), () => {});
  answerCalls({ ...createSocketDriver(ports, openSockets), ...createServing() }, () => process.exit());
}
