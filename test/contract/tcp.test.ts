/** Contract of the port `tcp`. */
import assert from 'node:assert/strict';
import { it } from 'mocha';
import { enough, type Settled } from './support/socket-driver.js';
import { at, failure, leavesNothing, open, readText, value } from './support/socket-steps.js';
import { describeSocketContract } from './support/socket-world.js';

let port = 1000;
let signals = 0;

describeSocketContract('tcp', (world) => {
  for (const family of [4, 6] as const) {
    it(`reads over IPv${family} what a server says, to its end`, async () => {
      await world().serve(++port, ['text', 'good morning']);
      await leavesNothing(world(), async () => {
        const { id } = await open(world(), 'tcp', at(world(), port, { address: world().server[family] }));
        assert.equal(await readText(world(), id), 'good morning');
        assert.equal(await readText(world(), id), '', 'the end stays the end');
        await world().driver.close(id);
      });
    });

    it(`is refused over IPv${family} where nobody listens`, async () => {
      await leavesNothing(world(), async () => {
        const to = at(world(), ++port, { address: world().server[family] });
        const { errno, message } = failure(await world().drive(world().driver.open('tcp', to)));
        assert.equal(errno, 'ECONNREFUSED');
        assert.equal(message, `cannot connect to ${to.address} port ${to.port}: connection refused [ECONNREFUSED]`);
      });
    });
  }

  it('says that a host is unreachable', async () => {
    const to = { address: world().unreachable, port: 80 };
    assert.equal(failure(await world().drive(world().driver.open('tcp', to))).errno, 'EHOSTUNREACH');
  });

  it('gives up a connection attempt that nobody answers, at the moment of the abort', async () => {
    await leavesNothing(world(), async () => {
      const signal = ++signals;
      const opening = world().driver.open('tcp', { address: world().silent, port: 80 }, { signal });
      await world().pass(100);
      await world().driver.abort(signal);
      assert.equal(failure(await world().drive(opening)).message, enough);
      const again = await world().driver.open('tcp', at(world(), 1), { signal });
      assert.equal(failure(again).message, enough, 'aborted before it began');
    });
  });

  it('writes, and goes on reading after its own end', async () => {
    await world().serve(++port, ['count']);
    const { id } = await open(world(), 'tcp', at(world(), port));
    value(await world().drive(world().driver.write(id, 'abc')));
    value(await world().drive(world().driver.write(id, 'x'.repeat(500_000))));
    await world().driver.end(id);
    assert.equal(await readText(world(), id), '500003 bytes');
    assert.equal(failure(await world().drive(world().driver.write(id, 'late'))).errno, 'EPIPE');
    await world().driver.close(id);
  });

  it('goes on writing after the end of the server', async () => {
    await world().serve(++port, ['text', '']);
    const { id } = await open(world(), 'tcp', at(world(), port));
    assert.equal(await readText(world(), id), '');
    value(await world().drive(world().driver.write(id, 'still here')));
    await world().driver.close(id);
  });

  it('hears answer after question', async () => {
    await world().serve(++port, ['echo']);
    const { id } = await open(world(), 'tcp', at(world(), port));
    for (const text of ['one', 'two', 'three']) {
      value(await world().drive(world().driver.write(id, text)));
      assert.equal(await readText(world(), id, text.length), text);
    }
    await world().driver.close(id);
  });

  it('reads what came before a reset, then says ECONNRESET', async () => {
    await leavesNothing(world(), async () => {
      await world().serve(++port, ['resetWhenAsked', 'the last words']);
      const { id } = await open(world(), 'tcp', at(world(), port));
      value(await world().drive(world().driver.write(id, 'speak')));
      assert.equal(await readText(world(), id, 14), 'the last words');
      assert.equal(failure(await world().drive(world().driver.read(id))).errno, 'ECONNRESET');
      assert.equal(failure(await world().drive(world().driver.write(id, 'x'))).errno, 'ECONNRESET');
      await world().driver.close(id);
    });
  });

  it('connects to a server that breaks off at once, each time, and says ECONNRESET afterwards', async () => {
    await leavesNothing(world(), async () => {
      await world().serve(++port, ['reset', '']);
      for (let n = 0; n < 100; n++) {
        const { id } = await open(world(), 'tcp', at(world(), port));
        assert.equal(failure(await world().drive(world().driver.read(id))).errno, 'ECONNRESET');
        await world().driver.close(id);
      }
    });
  });

  it('does not hoard what nobody reads, and loses none of it', async () => {
    await world().serve(++port, ['endless', 'y'.repeat(1024), 0]);
    const { id } = await open(world(), 'tcp', at(world(), port));
    const before = await world().sent();
    assert.equal((await readText(world(), id, 10)).slice(0, 10), 'y'.repeat(10));
    await world().pass(500);
    const stalled = await world().sent();
    await world().pass(500);
    assert.equal(await world().sent(), stalled, 'the server goes on sending to somebody who does not read');
    assert.ok(stalled - before < 16 << 20, `${stalled - before} bytes are held for a reader who does not read`);
    assert.ok((await readText(world(), id, 1 << 20)).length >= 1 << 20);
    await world().driver.close(id);
  });

  for (const pending of ['read', 'write'] as const) {
    it(`ends a ${pending} that waits, by abort and by close`, async () => {
      await world().serve(++port, ['deaf']);
      const begin = (id: number): Promise<Settled<unknown>> =>
        pending === 'read' ? world().driver.read(id) : world().driver.write(id, 'z'.repeat(32 << 20));
      await leavesNothing(world(), async () => {
        const signal = ++signals;
        const { id } = await open(world(), 'tcp', at(world(), port), { signal });
        const waiting = begin(id);
        await world().pass(100);
        await world().driver.abort(signal);
        assert.equal(failure(await world().drive(waiting)).message, enough);
        assert.equal(failure(await world().driver.read(id)).message, enough);
        const other = await open(world(), 'tcp', at(world(), port));
        const longing = begin(other.id);
        await world().pass(100);
        await world().driver.close(other.id);
        await world().driver.close(other.id);
        assert.equal(failure(await world().drive(longing)).errno, 'EBADF');
        assert.equal(failure(await world().driver.write(other.id, 'x')).errno, 'EBADF');
      });
    });
  }

  it('comes from the address and port that it was given', async () => {
    await world().serve(++port, ['caller']);
    for (const family of [4, 6] as const) {
      const { local, server } = world();
      const localPort = 4000 + family;
      const to = at(world(), port, { address: server[family], localAddress: local[family], localPort, link: local.link });
      const { id } = await open(world(), 'tcp', to);
      assert.match(await readText(world(), id), new RegExp(`^${local[family]} ${localPort} `));
      await world().driver.close(id);
    }
  });

  it('says which wish about its origin cannot be granted', async () => {
    await leavesNothing(world(), async () => {
      const strange = at(world(), port, { localAddress: '203.0.113.7' });
      assert.equal(failure(await world().drive(world().driver.open('tcp', strange))).errno, 'EADDRNOTAVAIL');
      for (const link of ['none', 'a-name-that-no-link-may-have']) {
        assert.equal(failure(await world().drive(world().driver.open('tcp', at(world(), port, { link })))).errno, 'ENODEV');
      }
    });
  });

  it('leaves nothing behind after a thousand connections, whether they worked or not', async () => {
    await world().serve(++port, ['silence']);
    await leavesNothing(world(), async () => {
      const { link } = world().local;
      assert.deepEqual(await world().drive(world().driver.storm('tcp', at(world(), port), 500)), {});
      assert.deepEqual(await world().drive(world().driver.storm('tcp', at(world(), port, { link }), 250)), {});
      assert.deepEqual(await world().drive(world().driver.storm('tcp', at(world(), 1), 250)), { ECONNREFUSED: 250 });
      assert.deepEqual(await world().drive(world().driver.storm('tcp', at(world(), 1, { link }), 250)), { ECONNREFUSED: 250 });
    });
  });
});
