/** Connections through a virtual service on the kernel that runs this: counted as ipvsadm counts them. Started by scripts/test.mjs. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { LinuxIpvs } from '@mainstay/core/linux-ipvs';
import type { KnownIpvsDestination, KnownIpvsService } from '@mainstay/sdk';
import { after, before, describe, it } from 'mocha';
import { run, until } from '../support/command.js';
import { onlyInTheLab } from '../support/lab.js';

const web = { family: 4, protocol: 'tcp', address: '192.0.2.1', port: 80 } as const;
const connections = 3;

describe('the port ipvs and traffic', function () {
  this.timeout(60_000);
  onlyInTheLab();
  let server: Server;
  let port: LinuxIpvs;
  before(async () => {
    await run('ip', ['address', 'add', `${web.address}/32`, 'dev', 'lo']);
    server = createServer((socket) => socket.end('answer')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = new LinuxIpvs();
  });
  after(async () => {
    await port.flush();
    port.close();
    server.close();
    await run('ip', ['address', 'delete', `${web.address}/32`, 'dev', 'lo']);
  });

  const entries = async (): Promise<readonly [KnownIpvsService, KnownIpvsDestination]> => {
    const [service] = await port.read();
    const [one] = service?.destinations ?? [];
    assert.ok(service !== undefined && one !== undefined);
    return [service, one];
  };

  it('sees connections and counts them', async () => {
    const numbers = { weight: 1, upperThreshold: 0, lowerThreshold: 0 };
    const { port: real } = server.address() as AddressInfo;
    const destination = { family: 4, address: '127.0.0.1', port: real, method: 'nat', ...numbers } as const;
    const results = await port.apply([
      { do: 'addService', service: { id: web, scheduler: 'rr' } },
      { do: 'addDestination', service: web, destination },
    ]);
    assert.deepEqual(results, [{ outcome: 'done' }, { outcome: 'done' }]);
    for (let i = 0; i < connections; i++) {
      const socket = connect(web.port, web.address);
      let answer = '';
      socket.setEncoding('utf8').on('data', (text: string) => {
        answer += text;
      });
      await once(socket, 'close');
      assert.equal(answer, 'answer');
    }
    // The kernel adds its counters up every two seconds.
    const [service, one] = await until('the connections are counted', 10_000, async () => {
      const both = await entries();
      return both[0].statistics.connections === BigInt(connections) && both;
    });
    assert.equal(one.statistics.connections, BigInt(connections));
    assert.equal(one.activeConnections + one.inactiveConnections, connections);
    const { inPackets, outPackets, inBytes, outBytes } = service.statistics;
    assert.ok(inPackets > 0n && outPackets > 0n && inBytes >= inPackets * 40n && outBytes >= outPackets * 40n);
    const told = await run('ipvsadm', ['-Ln', '--stats', '--exact']);
    const counted = [connections, inPackets, outPackets, inBytes, outBytes].join(' +');
    assert.match(told, new RegExp(`TCP +192\\.0\\.2\\.1:80 +${counted}\\n`));
  });

  it('sets the counters to zero, and keeps the connections', async () => {
    assert.deepEqual(await port.zero(web), { outcome: 'done' });
    const [service, one] = await entries();
    assert.deepEqual([service.statistics.connections, one.statistics.inBytes], [0n, 0n]);
    assert.equal(one.activeConnections + one.inactiveConnections, connections);
  });
});
