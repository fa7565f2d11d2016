/** Contract of the port `icmp`. */
import assert from 'node:assert/strict';
import { it } from 'mocha';
import { enough } from './support/socket-driver.js';
import { failure, leavesNothing, value } from './support/socket-steps.js';
import { describeSocketContract } from './support/socket-world.js';

let signals = 0;

describeSocketContract('icmp', (world) => {
  for (const family of [4, 6] as const) {
    it(`has an IPv${family} host answer, with data of any length`, async () => {
      await leavesNothing(world(), async () => {
        for (const size of [undefined, 0, 1, 8, 1400, 9000]) {
          const wish = size === undefined ? {} : { size };
          const durationMs = value(await world().drive(world().driver.echo({ address: world().server[family] }, wish)));
          assert.ok(durationMs > 0 && durationMs < 1000, `${durationMs} ms`);
        }
      });
    });

    it(`leaves from the address and link that it was given (IPv${family})`, async () => {
      const { server, local } = world();
      const to = { address: server[family], localAddress: local[family], link: local.link };
      value(await world().drive(world().driver.echo(to)));
      const strange = family === 4 ? '203.0.113.7' : '2001:db8::7';
      assert.equal(failure(await world().drive(world().driver.echo({ ...to, localAddress: strange }))).errno, 'EADDRNOTAVAIL');
      assert.equal(failure(await world().drive(world().driver.echo({ ...to, link: 'none' }))).errno, 'ENODEV');
    });
  }

  it('says that a host is unreachable', async () => {
    assert.equal(failure(await world().drive(world().driver.echo({ address: world().unreachable }))).errno, 'EHOSTUNREACH');
  });

  it('gives up at the moment of the abort', async () => {
    await leavesNothing(world(), async () => {
      const signal = ++signals;
      const waiting = world().driver.echo({ address: world().silent }, { signal });
      await world().pass(100);
      await world().driver.abort(signal);
      assert.equal(failure(await world().drive(waiting)).message, enough);
      assert.equal(failure(await world().driver.echo({ address: world().silent }, { signal })).message, enough);
    });
  });

  it('asks many at once, and takes no reply for that of another', async () => {
    await leavesNothing(world(), async () => {
      const { driver, server, silent } = world();
      const answered = Array.from({ length: 500 }, () => driver.echo({ address: server[4] }));
      const aborted = Array.from({ length: 50 }, () => ++signals);
      const unanswered = aborted.map((signal) => driver.echo({ address: silent }, { signal }));
      for (const one of await world().drive(Promise.all(answered))) value(one);
      for (const signal of aborted) await driver.abort(signal);
      for (const one of await world().drive(Promise.all(unanswered))) assert.equal(failure(one).message, enough);
    });
  });

  it('refuses lengths that no request has', async () => {
    for (const size of [-1, 1.5, 70_000]) {
      assert.match(failure(await world().driver.echo({ address: world().server[4] }, { size })).message, /no length/);
    }
  });
});
