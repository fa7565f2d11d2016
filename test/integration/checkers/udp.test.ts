/** UDP_CHECK against an echo server in another process, a silent one, and a closed port. */
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { udpCheck } from '@mainstay/checker-udp';
import { after, before, describe, it } from 'mocha';
import { inShort, probe } from '../../support/probe.js';
import { freePort, type RealServer, startUdpEcho } from '../../support/real-servers.js';

describe('UDP_CHECK on the loopback', function () {
  this.timeout(30_000);
  let echo: RealServer;
  let silent: Socket;
  before(async () => {
    echo = await startUdpEcho();
    silent = createSocket('udp4').bind(0, '127.0.0.1');
    await once(silent, 'listening');
  });
  after(async () => {
    silent.close();
    await echo.stop();
  });

  const ask = async (port: number, config: string) => inShort(await probe(udpCheck, { port }, config, 1500));

  it('is up with a reply that matches, and down with another', async () => {
    assert.equal(await ask(echo.port, 'payload 01 02 ff\nrequire_reply 01 0x ff'), 'up: a reply of 3 octets came, as required');
    assert.equal(await ask(echo.port, 'payload 01 02 ff\nrequire_reply 01 1x'), 'down: octet 2 of the reply is 02, not 1x');
    assert.equal(await ask(echo.port, 'require_reply'), 'up: a reply came');
  });

  it('is up with silence, unless a reply is required', async () => {
    assert.equal(await ask(silent.address().port, ''), 'up: no ICMP error came');
    assert.equal(await ask(silent.address().port, 'require_reply'), 'down: timeout');
  });

  it('is down at once where the kernel answers that nobody listens', async () => {
    const port = await freePort();
    for (const config of ['', 'require_reply']) {
      const { durationMs, verdict } = await probe(udpCheck, { port }, config);
      assert.match(verdict.ok ? 'up' : verdict.reason, /refused/);
      assert.ok(durationMs < 1000, `${durationMs} ms`);
    }
  });
});
