/** Many virtual routers that take over in one moment, are reloaded, and stop: what they do together, and in which order. */
import assert from 'node:assert/strict';
import { testPlugin } from '@mainstay/testing';
import { createVrrpPlugin } from '@mainstay/vrrp';
import { describe, it } from 'mocha';

const links = ['eth0', 'eth1', 'eth2'];
const perLink = 25;
const all = links.flatMap((_, i) => Array.from({ length: perLink }, (_, v) => `10.1${i}.1.${v + 1}`));

function conf(more: (address: string) => string = () => ''): string {
  return links
    .flatMap((link, i) =>
      Array.from({ length: perLink }, (_, v) => {
        const address = `10.1${i}.1.${v + 1}`;
        const head = `vrrp_instance ${link}_${v + 1} {\n  interface ${link}\n  virtual_router_id ${v + 1}\n  version 3\n`;
        return `${head}${more(address)}  virtual_ipaddress {\n    ${address}/32\n  }\n}\n`;
      }),
    )
    .join('');
}

async function many() {
  const router = Object.fromEntries(links.map((link, i) => [link, { segment: link, addresses: [`10.1${i}.0.1/24`] }]));
  const tested = await testPlugin(createVrrpPlugin(), { config: conf(), hosts: { router } });
  const told = new Map(links.map((link) => [link, [] as string[]]));
  for (const link of links) {
    tested.net.segment(link).watch(({ frame }) => {
      if (frame.etherType === 0x0806) told.get(link)?.push(frame.bytes.subarray(28, 32).join('.'));
    });
  }
  return { tested, told };
}

describe('many virtual routers', function () {
  this.timeout(10_000);

  it('take over together: every address is added, and announced once before any is repeated', async () => {
    const { tested, told } = await many();
    await tested.advance(4000);
    assert.ok(all.every((address) => tested.kernel.hasAddress(address)));
    assert.equal(tested.status().filter(({ state }) => state === 'master').length, all.length);
    for (const [i, link] of links.entries()) {
      const frames = told.get(link) ?? [];
      const own = all.slice(i * perLink, (i + 1) * perLink);
      assert.deepEqual(frames.slice(0, perLink).sort(), [...own].sort());
      assert.equal(frames.length, 5 * perLink);
    }
  });

  it('are reloaded without touching those that stay the same, and stop together', async () => {
    const { tested } = await many();
    await tested.advance(4000);
    const changes: string[] = [];
    tested.ports.addresses.watch(({ kind, address }) => changes.push(`${kind} ${address.address}`));
    assert.equal((await tested.reload(conf((address) => (address === '10.12.1.7' ? '  priority 120\n' : '')))).ok, true);
    await tested.advance(100);
    assert.equal(tested.status().filter(({ state }) => state === 'master').length, all.length);
    assert.deepEqual(changes, []);
    assert.equal((await tested.reload(conf().replaceAll('/32', '/31'))).ok, true);
    await tested.advance(100);
    assert.equal(changes.length, 2 * all.length);
    assert.ok(all.every((address) => tested.kernel.hasAddress(address)));
    await tested.stop();
    assert.ok(all.every((address) => !tested.kernel.hasAddress(address)));
  });
});
