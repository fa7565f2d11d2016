/** The simulated servers of @mainstay/testing: what the contract of the ports cannot see. */
import assert from 'node:assert/strict';
import { definePlugin, type Ports } from '@mainstay/sdk';
import {
  createPorts,
  createSimulation,
  createVirtualClock,
  type ServerTls,
  SimulatedServers,
  serves,
  simulatedSockets,
  testPlugin,
} from '@mainstay/testing';
import { beforeEach, describe, it } from 'mocha';

const address = '192.0.2.10';
const { signal } = new AbortController();
const text = (data: Uint8Array | undefined) => data && new TextDecoder().decode(data);

describe('simulated servers', () => {
  let clock: ReturnType<typeof createVirtualClock>;
  let servers: SimulatedServers;
  let ports: Pick<Ports, 'tcp' | 'tls' | 'udp' | 'icmp'>;
  beforeEach(() => {
    clock = createVirtualClock();
    servers = new SimulatedServers(clock);
    ports = simulatedSockets(servers);
  });
  const connect = (port: number) => clock.drive(ports.tcp.connect({ address, port }, { signal }));

  it('take their time: one byte each second', async () => {
    servers.tcp(address, 80, serves.slowly('abc', 1000));
    const connection = await connect(80);
    const began = clock.now();
    for (const byte of ['a', 'b', 'c', undefined]) assert.equal(text(await clock.drive(connection.read())), byte);
    assert.equal(Math.round(clock.now() - began), 3000);
    connection.close();
  });

  it('hold a conversation, line by line', async () => {
    servers.tcp(
      address,
      25,
      serves.lines('220 ready\r\n', (line) => (line === 'QUIT' ? undefined : `250 ${line}\r\n`)),
    );
    const connection = await connect(25);
    assert.equal(text(await clock.drive(connection.read())), '220 ready\r\n');
    await connection.write('HELO a\r\nHELO b\r');
    assert.equal(text(await clock.drive(connection.read())), '250 HELO a\r\n');
    await connection.write('\nQUIT\r\n');
    assert.equal(text(await clock.drive(connection.read())), '250 HELO b\r\n');
    assert.equal(await clock.drive(connection.read()), undefined);
    connection.close();
  });

  it('send without end, and stop as soon as nobody reads or the client has gone', async () => {
    servers.tcp(address, 80, serves.endless('x'.repeat(1000), 10));
    const connection = await connect(80);
    await clock.advance(60_000);
    const waiting = clock.pending;
    await clock.advance(60_000);
    assert.equal(clock.pending, waiting);
    connection.close();
    await clock.advance(60_000);
    assert.deepEqual([servers.open, clock.pending], [0, 0]);
  });

  it('come and go', async () => {
    servers.tcp(address, 80, serves.echo());
    (await connect(80)).close();
    servers.stop(address, 80);
    await assert.rejects(connect(80), { errno: 'ECONNREFUSED' });
    servers.host(address, { state: 'unreachable' });
    await assert.rejects(connect(80), { errno: 'EHOSTUNREACH' });
    servers.host(address, { answersEcho: false });
    servers.tcp(address, 80, serves.echo());
    (await connect(80)).close();
    const asking = ports.icmp.echo({ address }, { signal: AbortSignal.any([signal]) });
    let isSettled = false;
    asking.finally(() => {
      isSettled = true;
    });
    await clock.advance(60_000);
    assert.equal(isSettled, false);
  });

  it('know who called', async () => {
    servers.tcp(address, 443, serves.echo(), { tls: { names: ['a'] } });
    const to = { address, port: 443, mark: 7, link: 'eth1', localAddress: '192.0.2.1', localPort: 999 };
    const options = { signal, verify: false, serverName: 'a' };
    (await clock.drive(ports.tls.connect(to, options))).close();
    assert.deepEqual(servers.callers, [{ ...to, serverName: 'a' }]);
  });

  it('judge handshakes by the facts about the server', async () => {
    const now = clock.wall();
    const outcome = async (tls: ServerTls | undefined, more: object = {}) => {
      servers.tcp(address, 443, serves.text('x'), tls === undefined ? {} : { tls });
      try {
        const connecting = ports.tls.connect({ address, port: 443 }, { signal, verify: true, ...more });
        const connection = await clock.drive(connecting);
        connection.close();
        return `${connection.protocol} ${(connection.expiresAt ?? 0) - now}`;
      } catch (error) {
        return (error as Error).message.replace(/^no TLS with 192\.0\.2\.10 port 443: /, '');
      }
    };
    const good: ServerTls = { isTrusted: true, names: [address], expiresAt: now + 1000 };
    assert.equal(await outcome(good), 'TLSv1.3 1000');
    assert.equal(await outcome({ ...good, protocol: 'TLSv1.2' }), 'TLSv1.2 1000');
    assert.equal(await outcome(undefined), 'the server does not speak TLS');
    assert.equal(await outcome({ ...good, isTrusted: false }), 'the certificate is of no trusted authority');
    assert.equal(await outcome({ ...good, ca: 'PEM' }, { ca: 'PEM' }), 'TLSv1.3 1000');
    assert.equal(await outcome({ ...good, expiresAt: now }), 'the certificate has expired');
    assert.equal(await outcome({ ...good, names: ['b'] }), 'the certificate is for another name');
    assert.equal(await outcome({ names: ['b'], expiresAt: now }, { verify: false }), 'TLSv1.3 0');
    assert.match(await outcome({ ...good, handshake: 'fails' }), /no cipher in common/);
    assert.match(await outcome({ ...good, wantsCertificate: true }), /wants a certificate/);
    assert.equal(servers.open, 0);
  });

  it('leave a handshake that hangs to the abort', async () => {
    servers.tcp(address, 443, serves.text('x'), { tls: { handshake: 'hangs' } });
    const abort = new AbortController();
    const connecting = ports.tls.connect({ address, port: 443 }, { signal: abort.signal, verify: false });
    clock.after(5000, () => abort.abort(new Error('late')));
    await assert.rejects(clock.drive(connecting), /late/);
    assert.deepEqual([servers.open, Math.round(clock.now())], [0, 5000]);
  });

  it('answer datagrams with none, one or several', async () => {
    servers.udp(address, 53, (data) => (data.length === 1 ? undefined : data.length === 2 ? data : [data, data]));
    const exchange = await ports.udp.open({ address, port: 53 }, { signal });
    for (const length of [1, 2, 3]) await exchange.send(new Uint8Array(length));
    for (const length of [2, 3, 3]) assert.equal((await clock.drive(exchange.receive())).length, length);
    exchange.close();
    assert.equal(servers.open, 0);
  });
});

describe('ports to servers of a simulated process', () => {
  it('are refused as the test orders, and by the facts of its host', async () => {
    const { clock, net } = createSimulation({ seed: 1 });
    const kernel = net.addHost('a', { links: { eth0: ['192.0.2.1/24'] } });
    const ports = createPorts(kernel.spawn());
    net.servers.tcp(address, 80, serves.echo());
    const connect = (more: object = {}) => clock.drive(ports.tcp.connect({ address, port: 80, ...more }, { signal }));
    kernel.faults.refuse('tcp.connect', 'EPERM', 1);
    await assert.rejects(connect({ mark: 1 }), { errno: 'EPERM' });
    await assert.rejects(connect({ link: 'eth7' }), { errno: 'ENODEV' });
    await assert.rejects(connect({ localAddress: '192.0.2.2' }), { errno: 'EADDRNOTAVAIL' });
    (await connect({ mark: 1, link: 'eth0', localAddress: '192.0.2.1' })).close();
    kernel.faults.refuse('udp.open', 'ENOBUFS', 1);
    await assert.rejects(ports.udp.open({ address, port: 53 }, { signal }), { errno: 'ENOBUFS' });
    kernel.faults.refuse('icmp.echo', 'EACCES', 1);
    await assert.rejects(ports.icmp.echo({ address }, { signal }), { errno: 'EACCES' });
  });

  it('end with the process', async () => {
    const { clock, net } = createSimulation({ seed: 1 });
    const process = net.addHost('a', { links: { eth0: ['192.0.2.1/24'] } }).spawn();
    const ports = createPorts(process);
    net.servers.tcp(address, 80, serves.silence());
    const connection = await clock.drive(ports.tcp.connect({ address, port: 80 }, { signal }));
    const exchange = await ports.udp.open({ address, port: 53 }, { signal });
    assert.equal(net.servers.open, 2);
    process.kill();
    assert.equal(net.servers.open, 0);
    await assert.rejects(connection.read(), { errno: 'EBADF' });
    await assert.rejects(exchange.receive(), { errno: 'EBADF' });
  });

  it('are there for plugins', async () => {
    const verdicts: string[] = [];
    const plugin = definePlugin({
      name: 'asker',
      setup: () => {},
      start: async ({ ports: { tcp } }) => {
        const connection = await tcp.connect({ address, port: 80 }, { signal });
        verdicts.push(text(await connection.read()) ?? 'the end');
        connection.close();
      },
    });
    const tested = await testPlugin(plugin, {
      servers: (servers) => servers.tcp(address, 80, serves.text('I am fine')),
    });
    assert.deepEqual(verdicts, ['I am fine']);
    await tested.stop();
  });
});
