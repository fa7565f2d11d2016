/** Web and mail servers that people use, started for a test on the loopback: nginx with a configuration of its own, and aiosmtpd. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { Background, until } from './command.js';
import { scratch } from './peers.js';
import { freePort } from './real-servers.js';

export interface WebServer {
  readonly ports: readonly number[];
  readonly process: Background;
  stop(): Promise<void>;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

async function started(process: Background, ports: readonly number[]): Promise<WebServer> {
  for (const port of ports)
    await until(`port ${port} accepts`, 20_000, async () => {
      if (!process.isRunning) throw new Error(`the server ended:\n${process.output}`);
      return accepts(port);
    });
  return { ports, process, stop: async () => void (await process.stop('SIGTERM', 5000)) };
}

/** `servers`: the blocks `server`, given the ports that are free. `files`: below its folder, which is its prefix. */
export async function startNginx(
  count: number,
  files: Readonly<Record<string, string | Uint8Array>>,
  servers: (ports: readonly number[]) => string,
): Promise<WebServer> {
  const folder = scratch();
  const ports = await Promise.all(Array.from({ length: count }, freePort));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true, mode: 0o755 });
    writeFileSync(join(folder, name), content);
  }
  // Its workers are nobody.
  chmodSync(folder, 0o755);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((what) => `${what}_temp_path ${folder}/${what};`);
  const conf = `daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log stderr;
    events { worker_connections 64; }
    http { access_log off; default_type text/html; ${temporary.join(' ')} ${servers(ports)} }`;
  writeFileSync(join(folder, 'nginx.conf'), conf);
  return started(new Background('nginx', ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')]), ports);
}

export async function startMailServer(): Promise<WebServer> {
  const port = await freePort();
  return started(new Background('aiosmtpd', ['-n', '-c', 'aiosmtpd.handlers.Sink', '-l', `127.0.0.1:${port}`]), [port]);
}
