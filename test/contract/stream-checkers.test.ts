/** What every checker must hold to, asked of TCP_CHECK, HTTP_GET, SSL_GET and SMTP_CHECK: on simulated servers and on real sockets. */
import { checkerHttp } from '@mainstay/checker-http';
import smtpCheck from '@mainstay/checker-smtp';
import tcpCheck from '@mainstay/checker-tcp';
import { openPorts } from '@mainstay/core';
import type { Checker } from '@mainstay/sdk';
import {
  type ContractCase,
  type ContractStage,
  SimulatedServers,
  serves,
  simulatedSockets,
  type VirtualClock,
} from '@mainstay/testing';
import { describe } from 'mocha';
import { bindChecks } from '../support/checker-config.js';
import { hostile, serve } from '../support/hostile-servers.js';
import { holds } from './support/holds.js';

const address = '192.0.2.10';
const port = 80;
const [httpGet, sslGet] = bindChecks(checkerHttp(), '').checkers as [Checker, Checker];

type Serve = Parameters<SimulatedServers['tcp']>[2];
type Tls = NonNullable<Parameters<SimulatedServers['tcp']>[3]>['tls'];

function simulated(name: string, make: (servers: SimulatedServers) => void, config?: string): ContractCase {
  const stage = (clock: VirtualClock | undefined): ContractStage => {
    if (clock === undefined) throw new Error('the servers are simulated');
    const servers = new SimulatedServers(clock);
    make(servers);
    return { ports: simulatedSockets(servers), target: { address, port } };
  };
  return { name, stage, ...(config !== undefined && { config }) };
}

const listens = (server: Serve, tls?: Tls) => (servers: SimulatedServers) =>
  void servers.tcp(address, port, server, tls === undefined ? {} : { tls });
const off = simulated('a host that is off', () => {});
const closed = (config?: string) => simulated('a host without one', (servers) => servers.host(address), config);

const page = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';
const busy = 'HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n';

describe('contract of checkers over streams', function () {
  this.timeout(60_000);

  describe('TCP_CHECK, simulated', () => {
    holds(tcpCheck, {
      up: [
        simulated('a server that says nothing', listens(serves.silence())),
        simulated('one that resets', listens(serves.reset())),
      ],
      down: [closed()],
      slow: [off],
    });
  });

  for (const [keyword, checker, tls] of [
    ['HTTP_GET', httpGet, undefined],
    ['SSL_GET', sslGet, {}],
  ] as const) {
    const block = (lines: string) => `${keyword} {\n${lines}\n}`;
    const one = block('url {\npath /\n}');
    const digest = block(`url {\npath /\ndigest 5d41402abc4b2a76b9719d911017c592\nregex hel\n}\nurl {\npath /x\n}`);

    describe(`${keyword}, simulated`, () => {
      const web = (name: string, server: Serve, config = one) => simulated(name, listens(server, tls), config);
      holds(checker, {
        up: [web('a web server', serves.text(page)), web('one with two good pages', serves.text(page), digest)],
        down: [
          web('a busy one', serves.text(busy)),
          web('one with another page', serves.text('HTTP/1.0 200 OK\r\n\r\nbye'), digest),
          web('one that ends at once', serves.text('')),
          web('something else', serves.text('220 mail\r\n')),
          closed(one),
        ],
        slow: [
          web('a silent one', serves.silence()),
          web('one that drips', serves.slowly(page.repeat(3).replaceAll('HTTP', 'X: HTTP').replace('X: ', ''), 40)),
          { ...off, config: one },
        ],
      });
    });
  }

  describe('SMTP_CHECK, simulated', () => {
    const mail = (name: string, server: Serve) => simulated(name, listens(server));
    holds(smtpCheck, {
      up: [
        mail('a mail server', async (peer) => {
          for (const reply of ['220 mx\r\n', '250-mx\r\n250 go\r\n', '221 bye\r\n']) {
            await peer.write(reply);
            await peer.read();
          }
          peer.end();
        }),
      ],
      down: [mail('a busy one', serves.text('421 later\r\n')), mail('a web server', serves.text(page)), closed()],
      slow: [mail('a silent one', serves.silence()), mail('one that drips', serves.slowly('220-x\r\n'.repeat(20), 40)), off],
    });
  });

  /** A case with a server in this process. */
  function real(name: string, greet: Parameters<typeof serve>[0], config?: string): ContractCase {
    const stage = async (): Promise<ContractStage> => {
      const ports = await openPorts(new Set(['tcp', 'tls']), () => {});
      const server = await serve(greet);
      return { ports, target: { address: '127.0.0.1', port: server.port }, close: () => server.close() };
    };
    return { name, stage, ...(config !== undefined && { config }) };
  }

  const said = (text: string) => (socket: Parameters<Parameters<typeof serve>[0]>[0]) => void socket.end(text);
  const silence = () => {};
  const drips = hostile('HTTP/1.1 200 OK\r\n', 'x\r\n')['sends a byte at a time'] ?? silence;
  const url = 'virtualhost web.example\nurl {\npath /\n}';

  describe('HTTP_GET, on Linux', () => {
    const config = `HTTP_GET {\n${url}\n}`;
    holds(httpGet, {
      time: 'real',
      module: new URL('./support/elsewhere-http.js', import.meta.url),
      up: [real('a web server', said(page), config)],
      down: [real('a busy one', said(busy), config), real('something else', said('220 mail\r\n'), config)],
      slow: [real('a silent one', silence, config), real('one that drips', drips, config)],
    });
  });

  describe('SMTP_CHECK, on Linux', () => {
    holds(smtpCheck, {
      time: 'real',
      module: new URL(import.meta.resolve('@mainstay/checker-smtp')),
      up: [
        real('a mail server', (socket) => {
          socket.write('220 mx\r\n');
          socket.on('data', (line) => socket.write(line.toString().startsWith('HELO') ? '250 go\r\n' : '221 bye\r\n'));
        }),
      ],
      down: [real('a busy one', said('421 later\r\n'))],
      slow: [real('a silent one', silence)],
    });
  });

  describe('SSL_GET, on Linux', () => {
    const config = `SSL_GET {\n${url}\n}`;
    holds(sslGet, {
      time: 'real',
      up: [],
      down: [],
      slow: [real('a server without TLS that says nothing', silence, config)],
    });
  });
});
