/** What the ports to servers promise of Linux alone: marks, zones, routers, privileges. In namespaces; needs root. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { run } from '../support/command.js';
import { SocketAgent } from '../support/socket-agent.js';
import { type LinuxSocketWorld, makeLinuxSocketWorld } from './support/linux-socket-world.js';
import type { SocketDriver } from './support/socket-driver.js';
import { at, failure, leavesNothing, open, readText, value } from './support/socket-steps.js';

const port = 80;
const udpPort = 53;
/** On the server's host; only marked packets find the way. */
const hidden = { 4: '198.51.100.9', 6: '2001:db8:9::9' } as const;
const mark = 7;
const powerless = 'setpriv --bounding-set=-all --inh-caps=-all --ambient-caps=-all'.split(' ');

describe('ports to servers (Linux alone)', function () {
  this.timeout(60_000);
  let world: LinuxSocketWorld;

  before(async () => {
    world = await makeLinuxSocketWorld();
    const { a, b } = world;
    await world.serve(port, ['text', 'hello']);
    await world.respond(udpPort, 'echo');
    // Else the second "unreachable" within a second is not sent.
    await b.run('sysctl', ['-qw', 'net.ipv4.icmp_ratelimit=0', 'net.ipv6.icmp.ratelimit=0']);
    for (const family of [4, 6] as const) {
      const length = family === 4 ? 32 : 128;
      await b.ip('address', 'add', `${hidden[family]}/${length}`, 'dev', 'lo');
      await a.ip(`-${family}`, 'rule', 'add', 'fwmark', String(mark), 'lookup', '100');
      await a.ip(`-${family}`, 'route', 'add', hidden[family], 'via', world.server[family], 'table', '100');
    }
  });
  after(() => (world as LinuxSocketWorld | undefined)?.destroy());

  for (const family of [4, 6] as const) {
    it(`marks the packets of every port (IPv${family})`, async () => {
      const to = { address: hidden[family], port };
      const { driver } = world;
      await leavesNothing(world, async () => {
        for (const kind of ['tcp', 'udp'] as const) {
          assert.equal(failure(await driver.open(kind, to)).errno, 'ENETUNREACH');
          const { id } = await open(world, kind, { ...to, mark });
          if (kind === 'tcp') assert.equal(await readText(world, id), 'hello');
          else {
            // A server on every address would answer from the one of its link: that nobody listens is said from the right one.
            value(await driver.write(id, 'hello'));
            assert.equal(failure(await driver.read(id)).errno, 'ECONNREFUSED');
          }
          await driver.close(id);
        }
        assert.equal(failure(await driver.echo(to)).errno, 'ENETUNREACH');
        assert.ok(value(await driver.echo({ ...to, mark })) > 0);
      });
    });
  }

  it('reaches link-local addresses by their link', async () => {
    const to = { address: world.b.linkLocal, port, link: world.local.link };
    const { id } = await open(world, 'tcp', to);
    assert.equal(await readText(world, id), 'hello');
    await world.driver.close(id);
    assert.ok(value(await world.driver.echo(to)) > 0);
    const exchange = await open(world, 'udp', { ...to, port: udpPort });
    value(await world.driver.write(exchange.id, 'hello'));
    assert.equal(await readText(world, exchange.id, 5), 'hello');
    await world.driver.close(exchange.id);
    assert.equal(failure(await world.driver.open('tcp', { address: to.address, port })).errno, 'EINVAL');
  });

  it('hears routers that say "unreachable"', async () => {
    const beyond = '203.0.113.9';
    await world.a.ip('route', 'add', beyond, 'via', world.server[4]);
    // Not by a route, whose errors the kernel sends once a second whatever the sysctl says.
    const chain = 'add chain inet test early { type filter hook prerouting priority -150; }';
    const rule = `add rule inet test early ip daddr ${beyond} reject with icmp type host-unreachable`;
    await world.b.run('nft', ['-f', '-'], `${chain}\n${rule}\n`);
    const to = { address: beyond, port };
    assert.equal(failure(await world.driver.open('tcp', to)).errno, 'EHOSTUNREACH');
    assert.equal(failure(await world.driver.echo(to)).errno, 'EHOSTUNREACH');
    const { id } = await open(world, 'udp', to);
    value(await world.driver.write(id, 'x'));
    assert.equal(failure(await world.driver.read(id)).errno, 'EHOSTUNREACH');
    await world.driver.close(id);
  });

  it('takes a source port for several servers at a time, where the source address is given', async () => {
    await world.a.run('sysctl', ['-qw', 'net.ipv4.ip_local_port_range=40000 40001']);
    try {
      const ids: number[] = [];
      for (const server of [81, 82, 83, 84, 85]) {
        await world.serve(server, ['silence']);
        ids.push((await open(world, 'tcp', at(world, server, { localAddress: world.local[4] }))).id);
      }
      for (const id of ids) await world.driver.close(id);
    } finally {
      await world.a.run('sysctl', ['-qw', 'net.ipv4.ip_local_port_range=32768 60999']);
    }
  });

  describe('without privileges', () => {
    let agent: SocketAgent;
    let driver: SocketDriver;
    before(async () => {
      agent = await SocketAgent.start(world.a.namespace, [...powerless, '--reuid=65534', '--regid=65534', '--clear-groups']);
      driver = agent.driver;
    });
    after(() => agent.stop());

    it('connects, also through a link that it names', async () => {
      for (const link of [undefined, 'eth0']) {
        const { id } = value(await driver.open('tcp', at(world, port, link === undefined ? {} : { link })));
        await driver.close(id);
      }
    });

    it('is refused marks, with what to do', async () => {
      const { errno, message } = failure(await driver.open('tcp', at(world, port, { mark })));
      assert.equal(errno, 'EPERM');
      assert.match(message, /^cannot connect to \S+ port 80: operation not permitted \[EPERM\] \(firewall mark\).*CAP_NET_ADMIN/);
    });

    it('sends echo requests where the sysctl admits it, and says what to do where not', async () => {
      const sysctl = (range: string) => world.a.run('sysctl', ['-qw', `net.ipv4.ping_group_range=${range}`]);
      await sysctl('0 0');
      const { errno, message } = failure(await driver.echo({ address: world.server[4] }));
      assert.equal(errno, 'EACCES');
      assert.match(message, /sysctl -w net\.ipv4\.ping_group_range="0 2147483647"/);
      await sysctl('0 2147483647');
      assert.ok(value(await driver.echo({ address: world.server[4] })) > 0);
      await sysctl('1 0');
    });
  });

  it('admits its own group where it may', async () => {
    const read = () => run('ip', ['netns', 'exec', world.a.namespace, 'cat', '/proc/sys/net/ipv4/ping_group_range']);
    await world.a.run('sysctl', ['-qw', 'net.ipv4.ping_group_range=1 0']);
    assert.ok(value(await world.driver.echo({ address: world.server[6] })) > 0);
    assert.deepEqual((await read()).trim().split(/\s+/).map(Number), [0, 0]);
  });
});
