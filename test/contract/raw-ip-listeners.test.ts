/** Several users of one raw socket: what one of them throws is nobody else's loss. On loopback, as root. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'mocha';

const ports = fileURLToPath(import.meta.resolve('@mainstay/core/linux-ports'));

describe('users of one raw socket', () => {
  it('hear every packet though another one throws, and the process hears of that', () => {
    const script = `
      import { openLinuxPorts } from '${ports}';
      const ports = await openLinuxPorts({ needs: new Set(['links', 'rawIp']) });
      const heard = [];
      process.on('uncaughtException', (error) => heard.push(error.message));
      const onError = (error) => heard.push('error ' + error.message);
      const open = (onPacket) => ports.rawIp.open({ family: 4, protocol: 253, link: 1, onPacket, onError });
      open(({ payload }) => { throw new Error('thrown ' + payload[0]); });
      const last = open(({ payload }) => {
        heard.push('heard ' + payload[0]);
        if (payload[0] === 3) setImmediate(() => { console.log(heard.sort().join(', ')); ports.close(); });
      });
      const packet = { source: '127.0.0.1', destination: '127.0.0.1', hopLimit: 1, trafficClass: 0 };
      for (let i = 1; i <= 3; i++) last.send({ ...packet, payload: Uint8Array.of(i) });`;
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8', timeout: 20_000 });
    assert.equal(output, 'heard 1, heard 2, heard 3, thrown 1, thrown 2, thrown 3\n');
  }).timeout(30_000);
});
