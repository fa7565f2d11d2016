/** What tests can do to the simulated IPVS table: faults, a full or missing kernel, somebody else's changes, traffic, power cuts. */
import assert from 'node:assert/strict';
import type { IpvsEdit } from '@mainstay/sdk';
import { createPorts, createSimulation } from '@mainstay/testing';
import { describe, it } from 'mocha';

const web = { family: 4, protocol: 'tcp', address: '192.0.2.1', port: 80 } as const;
const server = { family: 4, address: '10.0.0.1', port: 80 } as const;
const add: IpvsEdit = { do: 'addService', service: { id: web, scheduler: 'rr' } };
const addServer: IpvsEdit = {
  do: 'addDestination',
  service: web,
  destination: { ...server, method: 'nat', weight: 1, upperThreshold: 0, lowerThreshold: 0 },
};

function make() {
  const kernel = createSimulation({ seed: 1 }).addBystander('balancer', { links: { eth0: [] } });
  const process = kernel.spawn();
  return { kernel, process, port: createPorts(process).ipvs };
}

describe('the simulated IPVS table', () => {
  it('refuses what a test orders, edit by edit', async () => {
    const { kernel, port } = make();
    kernel.faults.refuse('ipvs.apply', 'ENOMEM', 1);
    const failed = { outcome: 'failed', code: 'ENOMEM', error: 'cannot allocate memory [ENOMEM]' };
    assert.deepEqual(await port.apply([add, add]), [failed, { outcome: 'done' }]);
    kernel.faults.refuse('ipvs.change', 'EPERM', 1);
    assert.equal((await port.flush()).outcome, 'failed');
    kernel.faults.refuse('ipvs.read', 'EPERM', 1);
    await assert.rejects(port.read(), { errno: 'EPERM' });
    assert.equal((await port.read()).length, 1);
  });

  it('can be full', async () => {
    const { kernel, port } = make();
    kernel.ipvs.room = 1;
    assert.deepEqual(
      (await port.apply([add, addServer])).map((result) => (result.outcome === 'failed' ? result.code : result.outcome)),
      ['done', 'ENOMEM'],
    );
    kernel.ipvs.room = 2;
    assert.deepEqual(await port.apply([addServer]), [{ outcome: 'done' }]);
  });

  it('can be missing', async () => {
    const { kernel, port } = make();
    kernel.ipvs.isAvailable = false;
    await assert.rejects(port.read(), { errno: 'EPROTONOSUPPORT' });
    await assert.rejects(port.syncDaemons(), { errno: 'EPROTONOSUPPORT' });
    const [result] = await port.apply([add]);
    assert.ok(result?.outcome === 'failed' && result.code === 'EPROTONOSUPPORT');
  });

  it('may be changed by somebody else', async () => {
    const { kernel, port } = make();
    await port.apply([add, addServer]);
    kernel.ipvs.apply({ do: 'deleteDestination', service: web, destination: server });
    assert.deepEqual((await port.read())[0]?.destinations, []);
  });

  it('counts what a test says, and forgets it at zero; connections stay', async () => {
    const { kernel, port } = make();
    await port.apply([add, addServer]);
    kernel.ipvs.setTraffic(web, { connections: 5n, inByteRate: 7 });
    kernel.ipvs.setTraffic(web, { connections: 3n, activeConnections: 2 }, server);
    const counts = async () => {
      const [service] = await port.read();
      const [one] = service?.destinations ?? [];
      return [
        service?.statistics.connections,
        service?.statistics.inByteRate,
        one?.statistics.connections,
        one?.activeConnections,
      ];
    };
    assert.deepEqual(await counts(), [5n, 7, 3n, 2]);
    assert.deepEqual(await port.zero(web), { outcome: 'done' });
    assert.deepEqual(await counts(), [0n, 0, 0n, 2]);
    assert.throws(() => kernel.ipvs.setTraffic({ ...web, port: 1 }, {}), /no such entry/);
  });

  it('outlives the process, not the power', async () => {
    const { kernel, process, port } = make();
    await port.apply([add]);
    await port.startSyncDaemon({ role: 'backup', link: 'eth0', syncId: 1 });
    process.kill();
    const next = createPorts(kernel.spawn()).ipvs;
    assert.equal((await next.read()).length, 1);
    kernel.powerOff();
    kernel.powerOn();
    const last = createPorts(kernel.spawn()).ipvs;
    assert.deepEqual([await last.read(), await last.syncDaemons()], [[], []]);
  });

  it('never answers a dead process', async () => {
    const { process, port, kernel } = make();
    process.kill();
    const answered = await Promise.race([
      port.apply([add]).then(() => true),
      new Promise((end) => setImmediate(() => end(false))),
    ]);
    assert.equal(answered, false);
    assert.deepEqual(kernel.ipvs.list(), []);
  });
});
