/** Real servers of a site: nginx and dnsmasq in a host's namespace, each a single process that a test may kill. Each says who it is. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Background, until } from '../../support/command.js';
import { scratch } from '../../support/peers.js';
import { question } from './datagram-request.js';
import type { RealHost } from './site.js';

export interface RealServer {
  readonly process: Background;
  /** Dies without a word to anybody. Answers the moment, in milliseconds since the epoch. */
  kill(): Promise<number>;
}

function inSpace(host: RealHost, command: string, ...args: readonly string[]): Background {
  return new Background('ip', ['netns', 'exec', host.name, command, ...args]);
}

function killable(process: Background): RealServer {
  const kill = async () => {
    const at = Date.now();
    await process.stop('SIGKILL', 5000);
    return at;
  };
  return { process, kill };
}

/** Listens on port 80 of every address of the host, and answers each request with the host's name. */
export async function startNginx(host: RealHost): Promise<RealServer> {
  const folder = scratch();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((what) => `${what}_temp_path ${folder}/${what};`);
  const conf = `daemon off; master_process off; pid ${folder}/pid; error_log stderr warn;
    events { worker_connections 1000; }
    http { access_log off; ${temporary.join(' ')} keepalive_timeout 3600; keepalive_requests 1000000;
      server { listen 80 backlog=1000; listen [::]:80 backlog=1000; default_type text/plain; return 200 "${host.name}\\n"; } }`;
  const file = join(folder, 'nginx.conf');
  writeFileSync(file, conf);
  const process = inSpace(host, 'nginx', '-p', folder, '-e', 'stderr', '-c', file);
  await listening(host, process, 'tcp', 80);
  return killable(process);
}

/** Answers questions for `who.test` with the host's address, over UDP. */
export async function startNameServer(host: RealHost): Promise<RealServer> {
  const options = ['--keep-in-foreground', '--conf-file=/dev/null', '--no-resolv', '--no-hosts', '--pid-file=', '--user=root'];
  const process = inSpace(host, 'dnsmasq', ...options, '--log-facility=-', `--host-record=${question},${host[4]}`);
  await listening(host, process, 'udp', 53);
  return killable(process);
}

/** Asked of the kernel: a question to the server itself would be one more than the test counts. */
async function listening(host: RealHost, process: Background, protocol: 'tcp' | 'udp', port: number): Promise<void> {
  const line = new RegExp(`^ *\\d+: 0+:${port.toString(16).toUpperCase().padStart(4, '0')} `, 'm');
  await until(`${host.name} listens at ${protocol} port ${port}`, 30_000, () => {
    if (!process.isRunning) throw new Error(`the server of ${host.name} ended:\n${process.output}`);
    return line.test(readFileSync(`/proc/${process.pid}/net/${protocol}`, 'utf8'));
  });
}
