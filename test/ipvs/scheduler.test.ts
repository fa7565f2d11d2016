/**
 * A change of the scheduler that the kernel refuses when it has let go of the old one: mh has places for fewer servers than the service has.
 * Whatever this kernel makes of it, the service goes on with the old one, and that is said. Started in the lab by scripts/test.mjs.
 */
import assert from 'node:assert/strict';
import { LinuxIpvs } from '@mainstay/core/linux-ipvs';
import { createVirtualClock, type LogRecord } from '@mainstay/testing';
import { describe, it } from 'mocha';
import { until } from '../support/command.js';
import { onlyInTheLab } from '../support/lab.js';
import { treeOf } from '../unit/ipvs/configs.js';
import { FakeAddresses, FakeChecks, hostOf } from '../unit/ipvs/stand.js';

/** For what hangs. */
const patienceMs = 240_000;
/** Those of the kernel of the lab. */
const places = 4093;
const servers = Array.from({ length: places + 1 }, (_, i) => ` real_server 10.0.${i >> 8}.${i & 255} 80 {\n }\n`);
const virtual = (scheduler: string, count: number) =>
  `virtual_server 192.0.2.1 80 {\n protocol TCP\n lvs_sched ${scheduler}\n${servers.slice(0, count).join('')}}\n`;

describe('a scheduler that the kernel refuses half way', function () {
  this.timeout(2 * patienceMs);
  onlyInTheLab();

  it('is the old one again, and the new one once there is room for it', async () => {
    const kernel = new LinuxIpvs();
    const [clock, log]: [ReturnType<typeof createVirtualClock>, LogRecord[]] = [createVirtualClock(), []];
    const host = hostOf({ ipvs: kernel, clock, log, checks: new FakeChecks(), addresses: new FakeAddresses() });
    const becomes = (scheduler: string, count: number) =>
      until(`the service has ${scheduler} and ${count} servers`, patienceMs, async () => {
        const [service] = await kernel.read();
        return service?.scheduler === scheduler && service.destinations.length === count;
      });
    const complaints = () => log.filter(({ level }) => level === 'error').map(({ message }) => message);
    await kernel.flush();
    assert.deepEqual(host.bind(await treeOf(virtual('sh', places + 1)), { unknownKeywords: 'error' }), []);
    host.freeze();
    await host.start();
    await becomes('sh', places + 1);
    await host.reload(await treeOf(virtual('mh', places + 1)), { unknownKeywords: 'error' });
    await until('it says so', patienceMs, () => complaints().length > 0);
    assert.match(
      complaints().join('\n'),
      /^the kernel refuses the change of the service TCP 192\.0\.2\.1:80: .*mh has fewer places.*\[EINVAL\]; it goes on as it was\. .*10 minutes/,
    );
    await becomes('sh', places + 1);
    await host.reload(await treeOf(virtual('mh', places)), { unknownKeywords: 'error' });
    await becomes('sh', places);
    await clock.advance(125_000);
    await becomes('mh', places);
    await host.stop('shutdown');
    assert.deepEqual(await kernel.read(), []);
    kernel.close();
  });
});
