/** Servers from Debian's packages for the tests of checkers, each on a free port of the loopback and killed with this process. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Background, until } from './command.js';

export interface RealServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** A port that nobody has, for both TCP and UDP. */
export async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    server.close();
    await once(server, 'close');
    const socket = createSocket('udp4');
    const isFree = await new Promise<boolean>((resolve) => {
      socket.once('error', () => resolve(false));
      socket.bind(port, '127.0.0.1', () => resolve(true));
    });
    socket.close();
    if (isFree) return port;
  }
}

async function started(program: Background, port: number, isReady: () => Promise<boolean> | boolean): Promise<RealServer> {
  await until(`a server listens at port ${port}`, 20_000, () => {
    if (!program.isRunning) throw new Error(`the server ended:\n${program.output}`);
    return isReady();
  });
  return {
    port,
    async stop() {
      await program.stop('SIGTERM', 3000);
    },
  };
}

/** A name server for `zone`: www.ZONE is 192.0.2.1, other names of it do not exist, and names of other zones are refused. */
export async function startNameServer(zone: string): Promise<RealServer> {
  const port = await freePort();
  const options = ['--keep-in-foreground', '--conf-file=/dev/null', '--no-resolv', '--no-hosts', '--pid-file=', '--user=root'];
  const where = [`--port=${port}`, '--listen-address=127.0.0.1', '--bind-interfaces', '--log-facility=-'];
  const names = [`--host-record=www.${zone},192.0.2.1`, `--local=/${zone}/`];
  const program = new Background('dnsmasq', [...options, ...where, ...names]);
  return started(program, port, () => /started/.test(program.output));
}

/** Sends every datagram back. */
export async function startUdpEcho(): Promise<RealServer> {
  const port = await freePort();
  const program = new Background('socat', [`UDP4-RECVFROM:${port},bind=127.0.0.1,fork`, 'EXEC:cat']);
  return started(program, port, async () => (await echoOf(port)) !== undefined);
}

function echoOf(port: number): Promise<Buffer | undefined> {
  const socket = createSocket('udp4');
  return new Promise<Buffer | undefined>((resolve) => {
    const timer = setTimeout(() => resolve(undefined), 200);
    socket.once('message', (data) => {
      clearTimeout(timer);
      resolve(data);
    });
    socket.once('error', () => resolve(undefined));
    socket.connect(port, '127.0.0.1', () => socket.send('ready?'));
  }).finally(() => socket.close());
}

/** `options` as on the command line of redis-server. */
export async function startRedis(...options: readonly string[]): Promise<RealServer> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'mainstay-redis-'));
  const base = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder];
  const program = new Background('redis-server', [...base, '--daemonize', 'no', ...options]);
  const server = await started(program, port, () => isListening(port));
  return {
    port,
    async stop() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  return new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
  }).finally(() => socket.destroy());
}
