/** Which ports cost something when a lane opens them. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { openPorts } from '@mainstay/core';
import type { PortName } from '@mainstay/sdk';
import { describe, it } from 'mocha';

describe('openPorts', () => {
  it('opens nothing for the ports to servers and to the host, and keeps no copy of the kernel', async () => {
    const needs: readonly PortName[] = ['tcp', 'tls', 'udp', 'icmp', 'process', 'modules', 'files'];
    const before = readdirSync('/proc/self/fd').length;
    const ports = await openPorts(new Set(needs), (error) => assert.fail(String(error)));
    assert.equal(readdirSync('/proc/self/fd').length, before);
    assert.deepEqual(Object.keys(ports).sort(), [...needs].sort());
  });
});
