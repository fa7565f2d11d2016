/** Which ports a lane opens for what its plugins need, and which of them cost something. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { openPorts } from '@mainstay/core';
import type { PortName } from '@mainstay/sdk';
import { describe, it } from 'mocha';

const light = ['files', 'icmp', 'modules', 'process', 'tcp', 'tls', 'udp'] as const;

async function opened(...needs: readonly PortName[]): Promise<readonly string[]> {
  const ports = await openPorts(new Set(needs), (error) => assert.fail(String(error)));
  return Object.keys(ports).sort();
}

describe('the ports of a lane', () => {
  it('are those to servers and to the host, which open nothing and keep no copy of the kernel', async () => {
    const before = readdirSync('/proc/self/fd').length;
    assert.deepEqual(await opened(), light);
    assert.deepEqual(await opened(...light), light);
    assert.equal(readdirSync('/proc/self/fd').length, before);
  });

  it('hold no copy of links and routes where only the table of virtual services is needed', async () => {
    assert.deepEqual(await opened('ipvs', 'process'), ['files', 'icmp', 'ipvs', 'modules', 'process', 'tcp', 'tls', 'udp']);
  });
});
