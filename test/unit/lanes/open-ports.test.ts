/** Which ports a lane opens for what its plugins need. */
import assert from 'node:assert/strict';
import { openPorts } from '@mainstay/core';
import type { PortName } from '@mainstay/sdk';
import { describe, it } from 'mocha';

async function opened(...needs: readonly PortName[]): Promise<readonly string[]> {
  const ports = await openPorts(new Set(needs), (error) => assert.fail(String(error)));
  return Object.keys(ports).sort();
}

describe('the ports of a lane', () => {
  it('are those to the host, which cost nothing', async () => {
    assert.deepEqual(await opened(), ['files', 'modules', 'process']);
  });

  it('hold no copy of links and routes where only IPVS is needed', async () => {
    assert.deepEqual(await opened('ipvs', 'process'), ['files', 'ipvs', 'modules', 'process']);
  });
});
