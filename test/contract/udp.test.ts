/** Contract of the port `udp`. */
import assert from 'node:assert/strict';
import { it } from 'mocha';
import { enough } from './support/socket-driver.js';
import { at, failure, leavesNothing, open, value } from './support/socket-steps.js';
import { describeSocketContract } from './support/socket-world.js';

let port = 2000;
let signals = 0;

describeSocketContract('udp', (world) => {
  for (const family of [4, 6] as const) {
    it(`exchanges datagrams over IPv${family}, oldest first`, async () => {
      await world().respond(++port, 'echo');
      await leavesNothing(world(), async () => {
        const { id } = await open(world(), 'udp', at(world(), port, { address: world().server[family] }));
        for (const text of ['one', 'two', '']) value(await world().driver.write(id, text));
        for (const text of ['one', 'two', '']) assert.equal(value(await world().drive(world().driver.read(id))), text);
        await world().driver.close(id);
      });
    });

    it(`says over IPv${family} that nobody listens, once for each datagram`, async () => {
      const { id } = await open(world(), 'udp', at(world(), ++port, { address: world().server[family] }));
      value(await world().driver.write(id, 'anybody?'));
      assert.equal(failure(await world().drive(world().driver.read(id))).errno, 'ECONNREFUSED');
      value(await world().driver.write(id, 'anybody?'));
      await world().pass(100);
      assert.equal(failure(await world().driver.write(id, 'again?')).errno, 'ECONNREFUSED');
      value(await world().driver.write(id, 'again?'));
      await world().driver.close(id);
    });
  }

  it('says that a host is unreachable', async () => {
    const { id } = await open(world(), 'udp', { address: world().unreachable, port: 53 });
    value(await world().driver.write(id, 'anybody?'));
    assert.equal(failure(await world().drive(world().driver.read(id))).errno, 'EHOSTUNREACH');
    await world().driver.close(id);
  });

  it('goes on after trouble', async () => {
    const { id } = await open(world(), 'udp', at(world(), ++port));
    value(await world().driver.write(id, 'too early'));
    assert.equal(failure(await world().drive(world().driver.read(id))).errno, 'ECONNREFUSED');
    await world().respond(port, 'echo');
    value(await world().driver.write(id, 'now'));
    assert.equal(value(await world().drive(world().driver.read(id))), 'now');
    await world().driver.close(id);
  });

  it('waits for a server that says nothing until the abort, or the close', async () => {
    await world().respond(++port, 'silence');
    await leavesNothing(world(), async () => {
      const signal = ++signals;
      const { id } = await open(world(), 'udp', at(world(), port), { signal });
      value(await world().driver.write(id, 'hello'));
      const waiting = world().driver.read(id);
      await world().pass(100);
      await world().driver.abort(signal);
      assert.equal(failure(await world().drive(waiting)).message, enough);
      assert.equal(failure(await world().driver.write(id, 'x')).message, enough);
      assert.equal(failure(await world().driver.open('udp', at(world(), port), { signal })).message, enough);
      const other = await open(world(), 'udp', at(world(), port));
      const longing = world().driver.read(other.id);
      await world().driver.close(other.id);
      await world().driver.close(other.id);
      assert.equal(failure(await world().drive(longing)).errno, 'EBADF');
      assert.equal(failure(await world().driver.write(other.id, 'x')).errno, 'EBADF');
    });
  });

  it('keeps 64 datagrams for a reader who is late', async () => {
    await world().respond(++port, 'echo');
    const { id } = await open(world(), 'udp', at(world(), port));
    for (let i = 0; i < 70; i++) value(await world().driver.write(id, String(i)));
    await world().pass(200);
    for (let i = 0; i < 64; i++) assert.equal(value(await world().driver.read(id)), String(i));
    value(await world().driver.write(id, 'next'));
    assert.equal(value(await world().drive(world().driver.read(id))), 'next');
    await world().driver.close(id);
  });

  it('comes from the link and address that it was given, and says where it cannot', async () => {
    await world().respond(++port, 'echo');
    const { local } = world();
    const wish = { link: local.link, localAddress: local[4], localPort: 5353 };
    const { id } = await open(world(), 'udp', at(world(), port, wish));
    value(await world().driver.write(id, 'x'));
    assert.equal(value(await world().drive(world().driver.read(id))), 'x');
    await world().driver.close(id);
    const fails = async (more: object) => failure(await world().drive(world().driver.open('udp', at(world(), port, more)))).errno;
    assert.equal(await fails({ link: 'none' }), 'ENODEV');
    assert.equal(await fails({ localAddress: '203.0.113.7' }), 'EADDRNOTAVAIL');
  });

  it('leaves nothing behind after a thousand sockets', async () => {
    await leavesNothing(world(), async () => {
      assert.deepEqual(await world().drive(world().driver.storm('udp', at(world(), port), 1000)), {});
    });
  });
});
