/** TCP_CHECK (plugins/checker-tcp) against listening, closed and silent ports. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import tcpCheck from '@mainstay/checker-tcp';
import type { TcpPort } from '@mainstay/sdk';
import { runChecker } from '@mainstay/testing';
import { afterEach, describe, it } from 'mocha';
import { probing } from '../../support/probing.js';

const servers: Server[] = [];

async function listening(): Promise<number> {
  const server = createServer((socket) => void socket.on('error', () => {}).resume());
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

describe('TCP_CHECK', () => {
  afterEach(async () => {
    for (const server of servers.splice(0)) await new Promise((closed) => server.close(closed));
  });

  it('is up where somebody accepts, and leaves nothing open', async () => {
    const { probe, ports } = probing(tcpCheck, { port: await listening() });
    for (let i = 0; i < 20; i++) assert.equal((await probe()).ok, true);
    assert.equal(ports.open(), 0);
  });

  it('is down where nobody listens, and says whom it asked', async () => {
    const port = await listening();
    await new Promise((closed) => servers.pop()?.close(closed));
    const { probe, ports } = probing(tcpCheck, { port });
    const verdict = await probe();
    assert.ok(!verdict.ok);
    assert.match(verdict.reason, new RegExp(`127\\.0\\.0\\.1.*${port}.*ECONNREFUSED`));
    assert.equal(ports.open(), 0);
  });

  it('asks where connect_ip and connect_port say', async () => {
    const port = await listening();
    const config = `connect_ip 127.0.0.1\nconnect_port ${port}\nretry 3\ndelay_before_retry 2`;
    const { probe, ports } = probing(tcpCheck, { config, address: '192.0.2.1', port: 9 });
    assert.equal((await probe()).ok, true);
    assert.deepEqual(ports.asked, [{ to: { address: '127.0.0.1', port } }]);
  });

  it('gives up at the deadline where nobody answers', async () => {
    let isGivenUp = false;
    const silent: TcpPort = {
      connect: (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            isGivenUp = true;
            reject(signal.reason);
          });
        }),
    };
    const { verdict, durationMs } = await runChecker(tcpCheck, { ports: { tcp: silent }, deadlineMs: 2000 });
    assert.deepEqual([verdict, durationMs, isGivenUp], [{ ok: false, reason: 'timeout' }, 2000, true]);
  });
});
