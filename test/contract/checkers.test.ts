/** What every checker must hold to, asked of DNS_CHECK, UDP_CHECK, PING_CHECK and MISC_CHECK: on simulated servers and on real sockets. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { dnsCheck } from '@mainstay/checker-dns';
import { checkerMisc } from '@mainstay/checker-misc';
import { pingCheck } from '@mainstay/checker-ping';
import { udpCheck } from '@mainstay/checker-udp';
import { openPorts } from '@mainstay/core';
import type { Ports } from '@mainstay/sdk';
import {
  type ContractCase,
  type ContractStage,
  SimulatedScripts,
  SimulatedServers,
  simulatedSockets,
  type VirtualClock,
} from '@mainstay/testing';
import { describe } from 'mocha';
import { bindChecks } from '../support/checker-config.js';
import { freePort } from '../support/real-servers.js';
import { holds } from './support/holds.js';

const address = '192.0.2.10';

/** A case with servers that `make` sets up. */
function simulated(name: string, make: (servers: SimulatedServers) => void, config?: string): ContractCase {
  const stage = (clock: VirtualClock | undefined): ContractStage => {
    if (clock === undefined) throw new Error('the servers are simulated');
    const servers = new SimulatedServers(clock);
    make(servers);
    return { ports: simulatedSockets(servers), target: { address, port: 53 } };
  };
  return { name, stage, ...(config !== undefined && { config }) };
}

type Answer = (data: Uint8Array) => readonly Uint8Array[];

/** A case with a UDP server in this process; without an answer, nothing listens. */
function real(name: string, answer: Answer | undefined, config?: string): ContractCase {
  const stage = async (): Promise<ContractStage> => {
    const ports: Partial<Ports> = await openPorts(new Set(['udp']), () => {});
    if (answer === undefined) return { ports, target: { address: '127.0.0.1', port: await freePort() } };
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    socket.on('message', (data, { port }) => {
      for (const reply of answer(data)) socket.send(reply, port, '127.0.0.1');
    });
    return {
      ports,
      target: { address: '127.0.0.1', port: socket.address().port },
      async close() {
        socket.close();
        await once(socket, 'close');
      },
    };
  };
  return { name, stage, ...(config !== undefined && { config }) };
}

/** The question with the bit of an answer and a response code. */
const answered =
  (code: number): Answer =>
  (query) => {
    const reply = Uint8Array.from(query);
    reply[2] = 0x81;
    reply[3] = 0x80 | code;
    return [reply];
  };
const silent: Answer = () => [];
const garbage: Answer = () => [Uint8Array.of(1, 2, 3), new Uint8Array(1200)];

describe('contract of checkers', function () {
  this.timeout(60_000);

  describe('DNS_CHECK, simulated', () => {
    const answering = (answer: Answer) => (servers: SimulatedServers) => servers.udp(address, 53, answer);
    holds(dnsCheck, {
      up: [simulated('a name server', answering(answered(0)))],
      down: [
        simulated('one that refuses', answering(answered(5))),
        simulated('a host without one', (servers) => servers.host(address)),
      ],
      slow: [
        simulated('a silent one', answering(silent)),
        simulated('one that talks nonsense', answering(garbage)),
        simulated('a host that is off', () => {}),
      ],
    });
  });

  describe('DNS_CHECK, on Linux', () => {
    holds(dnsCheck, {
      time: 'real',
      module: new URL('./support/elsewhere-dns.js', import.meta.url),
      up: [real('a name server', answered(0))],
      down: [real('one that refuses', answered(5)), real('no name server', undefined)],
      slow: [real('a silent one', silent), real('one that talks nonsense', garbage)],
    });
  });

  const required = 'UDP_CHECK {\n payload 01\n require_reply 02\n}';

  describe('UDP_CHECK, simulated', () => {
    const answering = (answer: Answer) => (servers: SimulatedServers) => servers.udp(address, 53, answer);
    holds(udpCheck, {
      up: [
        simulated('a server that says nothing', answering(silent)),
        simulated(
          'one that answers',
          answering(() => [Uint8Array.of(2)]),
          required,
        ),
      ],
      down: [
        simulated('a host without one', (servers) => servers.host(address)),
        simulated(
          'one that answers something else',
          answering(() => [Uint8Array.of(3)]),
          required,
        ),
      ],
      slow: [simulated('one that does not answer', answering(silent), required)],
    });
  });

  describe('UDP_CHECK, on Linux', () => {
    holds(udpCheck, {
      time: 'real',
      module: new URL('./support/elsewhere-udp.js', import.meta.url),
      up: [
        real('a server that says nothing', silent, 'UDP_CHECK {\n connect_timeout 0.2\n}'),
        real('one that answers', () => [Uint8Array.of(2)], required),
      ],
      down: [real('no server', undefined), real('one that answers something else', () => [Uint8Array.of(3)], required)],
      slow: [real('one that does not answer', silent, required)],
    });
  });

  describe('PING_CHECK, simulated', () => {
    holds(pingCheck, {
      up: [simulated('a host', (servers) => servers.host(address))],
      down: [],
      slow: [
        simulated('one that ignores echo requests', (servers) => servers.host(address, { answersEcho: false })),
        simulated('one that is off', () => {}),
      ],
    });
  });

  describe('MISC_CHECK, simulated', () => {
    const [checker] = bindChecks(checkerMisc(), '').checkers;
    const script = (name: string, behaviour: Parameters<SimulatedScripts['program']>[1]): ContractCase => ({
      name,
      config: 'MISC_CHECK {\n misc_path /check\n misc_timeout 0.2\n}',
      stage(clock) {
        if (clock === undefined) throw new Error('the scripts are simulated');
        const scripts = new SimulatedScripts(clock);
        scripts.program('/check', behaviour);
        return { ports: { process: scripts } };
      },
    });
    if (checker === undefined) throw new Error('checker-misc defines no checker');
    holds(checker, {
      up: [script('a script that ends well', { code: 0, durationMs: 50 })],
      down: [
        script('one that fails', { code: 1 }),
        script('one that hangs', { durationMs: 60_000 }),
        script('one that ignores SIGTERM', { durationMs: Number.POSITIVE_INFINITY }),
      ],
    });
  });
});
