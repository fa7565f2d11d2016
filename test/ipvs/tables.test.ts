/**
 * The configurations of test/fixtures/ipvs on the kernel that runs this, all at once, each at addresses of its own: each makes the table that
 * stands beside it, an audit finds nothing to do, and a stop leaves nothing. Started in the lab by scripts/test.mjs.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '@mainstay/core';
import { LinuxIpvs } from '@mainstay/core/linux-ipvs';
import type { IpvsEdit } from '@mainstay/sdk';
import type { LogRecord } from '@mainstay/testing';
import { after, before, describe, it } from 'mocha';
import { sortedTableText } from '../support/ipvsadm-text.js';
import { onlyInTheLab } from '../support/lab.js';
import { root } from '../support/repository.js';
import { treeOf } from '../unit/ipvs/configs.js';
import { FakeAddresses, FakeChecks, hostOf } from '../unit/ipvs/stand.js';
import { Moved } from './parity/moved.js';

const folder = join(root, 'test/fixtures/ipvs');
/** The kernel of the lab is built without it. */
const beyond = new Set(['scheduler-twos']);
const read = (file: string) => readFileSync(join(folder, file), 'utf8');
const fixtures = readdirSync(folder)
  .filter((file) => file.endsWith('.conf') && !beyond.has(file.slice(0, -5)))
  .map((file, i) => new Moved(file.slice(0, -5), i + 1));
const patienceMs = 30_000;

/** Services, each with its destinations. */
const blocks = (table: string): readonly string[] => table.split(/^(?! )/m).filter(Boolean);

onlyInTheLab();
describe('tables of configurations, in the kernel', function () {
  this.timeout(patienceMs * 3);
  const kernel = new LinuxIpvs();
  const edits: IpvsEdit[] = [];
  const log: LogRecord[] = [];
  const checks = new FakeChecks();
  const host = hostOf({ ipvs: noting(kernel, edits), clock: systemClock, log, checks, addresses: new FakeAddresses() });
  /** As it was in the end. */
  let found: readonly string[] = [];

  const table = async () =>
    sortedTableText((await kernel.read()).map((service) => ({ service, destinations: service.destinations })));
  const expectedOf = (one: Moved) => blocks(one.tableThere(read(`${one.name}.txt`))).toSorted();

  before(async () => {
    const configs = fixtures.map((one) => one.there(read(`${one.name}.conf`)));
    host.bind(await treeOf(`global_defs {\n lvs_audit_interval 0.5\n}\n${configs.join('\n')}`), { unknownKeywords: 'error' });
    host.freeze();
    await host.start();
    for (const one of fixtures) {
      for (const [, word, list = ''] of read(`${one.name}.conf`).matchAll(/^# (down|up): (.*)$/gm)) {
        const addresses = one.address(list).split(' ');
        for (const { id, target } of checks.requests)
          if (addresses.some((each) => each === target.address || each === `${target.address}:${target.port}`))
            checks.tell(id, word === 'up');
      }
    }
    const expected = fixtures.flatMap(expectedOf).toSorted().join('');
    // What is otherwise when the patience is over is found out below, by each test.
    for (const end = performance.now() + patienceMs; performance.now() < end; await pause(50)) {
      const now = await table();
      found = blocks(now);
      if (now === expected) break;
    }
  });
  after(() => kernel.close());

  for (const one of fixtures) {
    it(one.name, () => {
      assert.deepEqual(
        found.filter((block) => one.has(block)),
        expectedOf(one),
      );
    });
  }

  it('has nothing else', () => {
    assert.deepEqual(
      found.filter((block) => !fixtures.some((one) => one.has(block))),
      [],
    );
  });

  it('leaves an audit nothing to do', async () => {
    const before = edits.length;
    await pause(700);
    assert.deepEqual(edits.slice(before), []);
  });

  it('is empty after a stop, and nothing was an error', async () => {
    await host.stop('shutdown');
    assert.equal(await table(), '');
    assert.deepEqual(
      log.filter(({ level }) => level === 'error').map(({ message }) => message),
      [],
    );
  });
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
