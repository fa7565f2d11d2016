/**
 * The configurations of test/fixtures/ipvs on the kernel that runs this: each makes the table that stands beside it, an audit finds
 * nothing to do, and a stop leaves nothing. Started in the lab by scripts/test.mjs.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '@mainstay/core';
import { LinuxIpvs } from '@mainstay/core/linux-ipvs';
import type { IpvsEdit } from '@mainstay/sdk';
import type { LogRecord } from '@mainstay/testing';
import { after, describe, it } from 'mocha';
import { sortedTableText } from '../support/ipvsadm-text.js';
import { onlyInTheLab } from '../support/lab.js';
import { root } from '../support/repository.js';
import { treeOf } from '../unit/ipvs/configs.js';
import { FakeAddresses, FakeChecks, hostOf } from '../unit/ipvs/stand.js';

const folder = join(root, 'test/fixtures/ipvs');
/** The kernel of the lab is built without it. */
const beyond = new Set(['scheduler-twos']);
const names = readdirSync(folder).flatMap((file) => (file.endsWith('.conf') ? [file.slice(0, -5)] : []));

onlyInTheLab();
describe('tables of configurations, in the kernel', () => {
  const kernel = new LinuxIpvs();
  after(() => kernel.close());

  const table = async () =>
    sortedTableText((await kernel.read()).map((service) => ({ service, destinations: service.destinations })));

  async function becomes(expected: string): Promise<void> {
    for (let tries = 0; tries < 50 && (await table()) !== expected; tries++) await pause(50);
    assert.equal(await table(), expected);
  }

  for (const name of names.filter((one) => !beyond.has(one))) {
    it(name, async function () {
      this.timeout(30_000);
      const config = readFileSync(join(folder, `${name}.conf`), 'utf8');
      const edits: IpvsEdit[] = [];
      const ipvs = noting(kernel, edits);
      const checks = new FakeChecks();
      const log: LogRecord[] = [];
      const host = hostOf({ ipvs, clock: systemClock, log, checks, addresses: new FakeAddresses() });
      host.bind(await treeOf(`global_defs {\n lvs_audit_interval 0.5\n}\n${config}`), { unknownKeywords: 'error' });
      host.freeze();
      await host.start();
      for (const [, word, addresses = ''] of config.matchAll(/^# (down|up): (.*)$/gm)) {
        for (const { id, target } of checks.requests)
          if (addresses.split(' ').some((one) => one === target.address || one === `${target.address}:${target.port}`))
            checks.tell(id, word === 'up');
      }
      await becomes(readFileSync(join(folder, `${name}.txt`), 'utf8'));
      const before = edits.length;
      await pause(700);
      assert.deepEqual(edits.slice(before), []);
      await host.stop('shutdown');
      assert.equal(await table(), '');
      assert.deepEqual(
        log.filter(({ level }) => level === 'error').map(({ message }) => message),
        [],
      );
    });
  }
});

/** The port, with its edits written down. */
function noting(kernel: LinuxIpvs, edits: IpvsEdit[]): LinuxIpvs {
  const apply = (list: readonly IpvsEdit[]) => {
    edits.push(...list);
    return kernel.apply(list);
  };
  return new Proxy(kernel, {
    get(target, key) {
      const value: unknown = key === 'apply' ? apply : Reflect.get(target, key);
      return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  });
}
