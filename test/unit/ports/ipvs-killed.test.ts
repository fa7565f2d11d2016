/** What the kernel's table looks like when the process that writes it is killed: after any of its datagrams, which the kernel takes whole. */
import assert from 'node:assert/strict';
import { LinuxIpvs } from '@mainstay/core/linux-ipvs';
import { type IpvsEdit, type IpvsServiceId, ipvsTogether } from '@mainstay/sdk';
import { IpvsTable } from '@mainstay/testing';
import { describe, it } from 'mocha';
import { NetlinkKernel } from '../../support/netlink-kernel.js';

const numbers = { weight: 1, upperThreshold: 0, lowerThreshold: 0 } as const;

function serviceWith(n: number, servers: number): readonly IpvsEdit[] {
  const id: IpvsServiceId = { family: 4, protocol: 'tcp', address: `192.0.${n >> 8}.${n & 255}`, port: 80 };
  const destination = (i: number): IpvsEdit => ({
    do: 'addDestination',
    service: id,
    destination: { family: 4, address: `10.0.${i >> 8}.${i & 255}`, port: 80, method: 'nat', ...numbers },
  });
  return [{ do: 'addService', service: { id, scheduler: 'rr' } }, ...Array.from({ length: servers }, (_, i) => destination(i))];
}

/** Numbers of servers of each service, after each datagram. */
async function steps(...sizes: readonly number[]): Promise<readonly (readonly number[])[]> {
  const table = new IpvsTable(() => true);
  const seen: (readonly number[])[] = [];
  const kernel = new (class extends NetlinkKernel {
    override send(bytes: Uint8Array): void {
      super.send(bytes);
      seen.push(table.list().map(({ destinations }) => destinations.length));
    }
  })(table);
  const ipvs = new LinuxIpvs({ open: () => kernel, load: async () => undefined });
  const results = await ipvs.apply(sizes.flatMap((size, n) => serviceWith(n, size)));
  assert.ok(results.every(({ outcome }) => outcome === 'done'));
  return seen;
}

describe('a process that is killed while it writes the table', function () {
  this.timeout(30_000);

  it('leaves every service with all of its servers, or not there at all', async () => {
    const sizes = [100, 100, 55, 100, 0, 1, 250, 3, ipvsTogether - 1, 7];
    for (const seen of await steps(...sizes)) assert.deepEqual(seen, sizes.slice(0, seen.length));
  });

  it('leaves of a service with more servers the first, as many as go together', async () => {
    const seen = await steps(5, 600, 4);
    assert.deepEqual(seen, [[], [5], [5, 255], [5, 511], [5, 600, 4]]);
  });

  it('costs few more datagrams for it', async () => {
    const kernel = new NetlinkKernel(new IpvsTable(() => true));
    const ipvs = new LinuxIpvs({ open: () => kernel, load: async () => undefined });
    await ipvs.apply(Array.from({ length: 30 }, (_, n) => serviceWith(n, 40)).flat());
    assert.equal(kernel.datagrams, 1 + Math.ceil(30 / Math.floor(ipvsTogether / 41)));
  });
});
