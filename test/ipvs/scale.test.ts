/** The port `ipvs` with twenty thousand destinations, on the kernel that runs this. Started in the lab by scripts/test.mjs. */
import assert from 'node:assert/strict';
import { LinuxIpvs } from '@mainstay/core/linux-ipvs';
import type { IpvsEdit, IpvsServiceId } from '@mainstay/sdk';
import { describe, it } from 'mocha';
import { onlyInTheLab } from '../support/lab.js';

const services = 100;
const destinationsOfEach = 200;

function edits(): readonly IpvsEdit[] {
  return Array.from({ length: services }, (_, i) => i).flatMap((i) => {
    const service: IpvsServiceId = { family: 4, protocol: 'tcp', address: `192.0.2.${i}`, port: 80 };
    return [
      { do: 'addService', service: { id: service, scheduler: 'wlc' } } as const,
      ...Array.from({ length: destinationsOfEach }, (_, j): IpvsEdit => {
        const numbers = { weight: j, upperThreshold: 0, lowerThreshold: 0 };
        const destination = { family: 4, address: `10.${i}.0.${j}`, port: 80, method: 'nat', ...numbers } as const;
        return { do: 'addDestination', service, destination };
      }),
    ];
  });
}

describe('the port ipvs with many destinations', function () {
  this.timeout(180_000);
  onlyInTheLab();

  it(`adds and reads ${services * destinationsOfEach}, and lets the event loop turn meanwhile`, async () => {
    const port = new LinuxIpvs();
    const wanted = edits();
    let turns = 0;
    const turning = setInterval(() => turns++, 1);
    const startedAt = performance.now();
    const results = await port.apply(wanted);
    const appliedAt = performance.now();
    assert.ok(turns > 10, `${turns} turns`);
    assert.deepEqual(
      results.filter(({ outcome }) => outcome !== 'done'),
      [],
    );
    const table = await port.read();
    const readAt = performance.now();
    clearInterval(turning);
    assert.equal(table.length, services);
    for (const { destinations } of table) {
      assert.equal(destinations.length, destinationsOfEach);
      assert.equal(new Set(destinations.map(({ weight, address }) => `${address} ${weight}`)).size, destinationsOfEach);
    }
    assert.deepEqual(await port.flush(), { outcome: 'done' });
    port.close();
    console.log(
      `      ${wanted.length} edits in ${Math.round(appliedAt - startedAt)} ms, read in ${Math.round(readAt - appliedAt)} ms`,
    );
  });
});
