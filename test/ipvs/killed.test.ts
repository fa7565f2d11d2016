/**
 * Processes that are killed while they write the table into this kernel: each service has all of its servers, or is not there. What the
 * adoption of a table relies on. Started in the lab by scripts/test.mjs.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { LinuxIpvs } from '@mainstay/core/linux-ipvs';
import { ipvsTogether } from '@mainstay/sdk';
import { after, describe, it } from 'mocha';
import { onlyInTheLab } from '../support/lab.js';
import { root } from '../support/repository.js';

const count = 120;
const mostRounds = 16;
/** Numbers of servers, in turn; the last does not fit with its service. */
const sizes = [7, 1, 40, 3, 300];
const writer = `
import { LinuxIpvs } from '@mainstay/core/linux-ipvs';
const sizes = ${JSON.stringify(sizes)};
const edits = [];
for (let n = 0; n < ${count}; n++) {
  const id = { family: 4, protocol: 'tcp', address: \`192.0.\${n >> 8}.\${n & 255}\`, port: 80 };
  edits.push({ do: 'addService', service: { id, scheduler: 'rr' } });
  for (let i = 0; i < sizes[n % sizes.length]; i++) {
    const numbers = { weight: 1, upperThreshold: 0, lowerThreshold: 0 };
    const destination = { family: 4, address: \`10.0.\${i >> 8}.\${i & 255}\`, port: 80, method: 'nat', ...numbers };
    edits.push({ do: 'addDestination', service: id, destination });
  }
}
// A turn of the event loop comes between two datagrams now and then.
setInterval(() => process.stdout.write('.'), 1);
await new LinuxIpvs().apply(edits);
process.exit();
`;

onlyInTheLab();
describe('a process that is killed while it fills the table', function () {
  this.timeout(240_000);
  const kernel = new LinuxIpvs();
  after(async () => {
    await kernel.flush();
    kernel.close();
  });

  it('leaves whole services, and of larger ones the first servers', async () => {
    let cut = 0;
    // Each later than the one before, until one has met the middle.
    for (let round = 0; round < 3 || (cut === 0 && round < mostRounds); round++) {
      await kernel.flush();
      const child = spawn(process.execPath, ['--input-type=module', '-e', writer], {
        cwd: root,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const closed = once(child, 'close');
      for (let turns = 0; turns <= round; turns++) await Promise.race([once(child.stdout, 'data'), closed]);
      child.kill('SIGKILL');
      await closed;
      const services = await kernel.read();
      if (services.length > 0 && services.length < count) cut++;
      for (const { id, destinations } of services) {
        const n =
          'address' in id
            ? id.address
                .split('.')
                .slice(2)
                .reduce((sum, part) => sum * 256 + Number(part), 0)
            : 0;
        const size = sizes[n % sizes.length] ?? 0;
        const isWhole = destinations.length === size;
        assert.ok(
          isWhole || (size > ipvsTogether && (destinations.length + 1) % ipvsTogether === 0),
          `${n}: ${destinations.length}`,
        );
      }
    }
    assert.ok(cut > 0, 'no process was killed in the middle');
  });
});
