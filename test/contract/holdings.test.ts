/**
 * Virtual addresses taken and released as fast as can be on a real kernel: none of our own removals may be taken for somebody
 * else's, and nothing may be left. Once in peace, and once while another program's changes overrun the notifications.
 */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { after, before, describe, it } from 'mocha';
import { type Host, Lan } from '../support/netns.js';
import { requireRoot } from './support/linux-world.js';

const ports = fileURLToPath(import.meta.resolve('@mainstay/core/linux-ports'));
const holdings = fileURLToPath(import.meta.resolve('@mainstay/vrrp/internal/holdings.js'));

/** Runs in the namespace; prints what it saw. A storm of changes by somebody else blocks its loop meanwhile. */
function program(rounds: number, storms: number): string {
  return `
    import { execFileSync } from 'node:child_process';
    import { openLinuxPorts } from '${ports}';
    import { Holdings } from '${holdings}';
    const troubles = [];
    const ports = await openLinuxPorts({ onError: (error) => troubles.push(error.message) });
    const vip = (address, family, prefixLength, peer) => ({ address, family, prefixLength, scope: 'global', isTracked: true, ...(peer && { peer }) });
    const addresses = [vip('10.9.0.100', 4, 24), vip('10.9.0.101', 4, 24), vip('10.9.0.102', 4, 32),
      vip('10.9.5.1', 4, 32, '10.9.5.2'), vip('fd09::100', 6, 64), vip('fd09::101', 6, 128)];
    const config = { interface: 'eth0', basePriority: 100, addresses, excluded: [] };
    const held = new Holdings(ports);
    const lost = [];
    ports.addresses.watch((event) => { const address = held.lostBy(event); if (address !== undefined) lost.push(address); });
    let seed = 1;
    const draw = (below) => { seed = (Math.imul(seed, 1103515245) + 12345) >>> 0; return (seed >>> 16) % below; };
    const storm = ['add', 'del'].map((verb) => Array.from({ length: 12000 }, (_, i) => 'address ' + verb + ' 10.77.' + (i >> 8) + '.' + (i & 255) + '/32 dev lo').join('\\n'));
    const answers = [];
    for (let round = 0, storms = 0; round < ${rounds}; round++) {
      for (let n = draw(4); n >= 0; n--) {
        answers.push(draw(2) === 0 ? held.take(config).then(({ failures }) => failures) : held.release());
        if (draw(3) === 0) await null;
        if (draw(4) === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      if (storms < ${storms} && round % 20 === 10) execFileSync('ip', ['-batch', '-'], { input: storm[storms++ % 2] });
      if (draw(10) === 0) await answers.at(-1);
    }
    const failures = (await Promise.all(answers)).flat();
    failures.push(...await held.release());
    const text = execFileSync('ip', ['-j', 'address', 'show', 'dev', 'eth0'], { encoding: 'utf8' });
    const left = JSON.parse(text)[0].addr_info.map(({ local }) => local).filter((local) => addresses.some(({ address }) => address === local));
    console.log(JSON.stringify({ lost, failures, left, troubles, overruns: ports.overruns() }));
    ports.close();`;
}

describe('holdings on the kernel (Linux)', function () {
  this.timeout(120_000);
  let lan: Lan;
  let host: Host;

  before(async () => {
    requireRoot();
    lan = await Lan.create('a');
    host = lan.host('a');
  });

  after(() => lan?.destroy());

  const saw = async (rounds: number, storms: number) => {
    const output = await host.run(process.execPath, ['--input-type=module', '-e', program(rounds, storms)]);
    const { overruns, ...rest } = JSON.parse(output) as { overruns: number };
    assert.deepEqual(rest, { lost: [], failures: [], left: [], troubles: [] });
    return overruns;
  };

  it('never mistakes a removal of its own, in a thousand rounds', async () => {
    await saw(1000, 0);
  });

  it('never mistakes a removal of its own while notifications are lost', async () => {
    assert.ok((await saw(80, 4)) > 0, 'the notifications did overrun: otherwise this test shows nothing');
  });
});
