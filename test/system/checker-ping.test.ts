/** PING_CHECK between network namespaces: replies of both families, a host that says nothing, one that is not there. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { after, before, describe, it } from 'mocha';
import { Lan } from '../support/netns.js';

const agent = fileURLToPath(new URL('../support/probe-agent.js', import.meta.url));

describe('PING_CHECK between namespaces', function () {
  this.timeout(60_000);
  let lan: Lan;
  before(async () => {
    lan = await Lan.create('prober', 'server');
  });
  after(() => lan.destroy());

  async function ping(target: object, deadlineMs = 2000): Promise<{ said: string; durationMs: number }> {
    const args = [agent, '@mainstay/checker-ping', 'pingCheck', JSON.stringify(target), '', String(deadlineMs)];
    return JSON.parse(await lan.host('prober').run(process.execPath, args));
  }

  it('is up with a reply, of either family and from a link-local address', async () => {
    const { address4, address6, linkLocal } = lan.host('server');
    for (const target of [{ address: address4 }, { address: address6 }, { address: linkLocal, link: 'eth0' }]) {
      assert.equal((await ping(target)).said, 'up: an echo reply came', JSON.stringify(target));
    }
    assert.equal((await ping({ address: address4, localAddress: lan.host('prober').address4 })).said, 'up: an echo reply came');
  });

  it('is down where the host says nothing', async () => {
    const server = lan.host('server');
    const ignore = (value: number) => server.run('sh', ['-c', `echo ${value} >/proc/sys/net/ipv4/icmp_echo_ignore_all`]);
    await ignore(1);
    assert.equal((await ping({ address: server.address4 }, 500)).said, 'down: timeout');
    await ignore(0);
    assert.equal((await ping({ address: server.address4 })).said, 'up: an echo reply came');
  });

  it('is down before the deadline where the host is not there, or no way leads to it', async () => {
    const absent = await ping({ address: '10.9.0.77' }, 10_000);
    assert.match(absent.said, /^down: .*10\.9\.0\.77.*(unreachable|no route)/i);
    assert.ok(absent.durationMs < 9000, `${absent.durationMs} ms`);
    assert.match((await ping({ address: '203.0.113.1' })).said, /^down: .*203\.0\.113\.1.*(unreachable|no route)/i);
  });
});
