/** The port `ipvs` when somebody unloads and loads the kernel's module under it. Started in the lab by scripts/test.mjs. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { LinuxIpvs } from '@mainstay/core/linux-ipvs';
import type { IpvsEdit } from '@mainstay/sdk';
import { after, describe, it } from 'mocha';
import { run } from '../support/command.js';
import { onlyInTheLab } from '../support/lab.js';

const table = '/proc/net/ip_vs';
/** The program by which the kernel itself loads what is asked for, such as this family. */
const loader = '/proc/sys/kernel/modprobe';
const web = { family: 4, protocol: 'tcp', address: '192.0.2.1', port: 80 } as const;
const add: IpvsEdit = { do: 'addService', service: { id: web, scheduler: 'wlc' } };

/** Schedulers first: they hold the module that they belong to. modprobe fails where it cannot take that along yet. */
async function unload(): Promise<void> {
  const names = '$(grep -o "^ip_vs_[a-z_]*" /proc/modules) ip_vs';
  await run('/bin/sh', ['-c', `for name in ${names}; do /sbin/modprobe -r $name; done; true`]);
  assert.equal(existsSync(table), false);
}

describe('the port ipvs and the module of the kernel', function () {
  this.timeout(60_000);
  onlyInTheLab();
  const ports: LinuxIpvs[] = [];
  const open = (...options: ConstructorParameters<typeof LinuxIpvs>) => {
    const port = new LinuxIpvs(...options);
    ports.push(port);
    return port;
  };
  after(() => {
    for (const port of ports) port.close();
  });

  it('has a module that is not there loaded by the kernel', async () => {
    await unload();
    assert.deepEqual(await open().read(), []);
    assert.equal(existsSync(table), true);
  });

  it('loads it where the kernel does not', async () => {
    await unload();
    const before = readFileSync(loader, 'utf8');
    writeFileSync(loader, '/nowhere');
    assert.deepEqual(await open().read(), []);
    assert.equal(existsSync(table), true);
    writeFileSync(loader, before);
  });

  it('goes on under the new number of a module that was loaded anew', async () => {
    const port = open();
    assert.deepEqual(await port.apply([add]), [{ outcome: 'done' }]);
    assert.deepEqual(await port.flush(), { outcome: 'done' });
    await unload();
    await run('/sbin/modprobe', ['ip_vs']);
    assert.deepEqual(await port.apply([add]), [{ outcome: 'done' }]);
    assert.equal((await port.read()).length, 1);
    assert.deepEqual(await port.flush(), { outcome: 'done' });
  });

  it('says what to do where it cannot be loaded', async () => {
    await unload();
    const before = readFileSync(loader, 'utf8');
    writeFileSync(loader, '/nowhere');
    const port = open({ load: async () => 'modprobe was not allowed' });
    await assert.rejects(port.read(), { errno: 'EPROTONOSUPPORT', message: /no IPVS.*modprobe was not allowed.*modprobe ip_vs/ });
    const [result] = await port.apply([add]);
    assert.ok(result?.outcome === 'failed' && result.code === 'EPROTONOSUPPORT');
    writeFileSync(loader, before);
    await run('/sbin/modprobe', ['ip_vs']);
    assert.deepEqual(await port.read(), []);
  });
});
