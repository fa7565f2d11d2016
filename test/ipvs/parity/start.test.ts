/**
 * The configurations of test/fixtures/ipvs given to keepalived and to Mainstay: each makes the same table of both, to the letter of
 * ipvsadm, and the one that its text file says. All of them are one large configuration, in which each has addresses of its own:
 * fifty keepaliveds would be dear in the lab. Run there by scripts/test.mjs.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { after, before, describe, it } from 'mocha';
import { onlyInTheLab } from '../../support/lab.js';
import { scratch } from '../../support/peers.js';
import { root } from '../../support/repository.js';
import { Shell } from '../../support/shell.js';
import { startDepartures } from './departures.js';
import { type Director, makeDirectors, removeDirectors } from './director.js';
import { Farm } from './farm-client.js';
import { Keepalived } from './keepalived.js';
import { Mainstay } from './mainstay.js';
import { Moved } from './moved.js';

const folder = join(root, 'test/fixtures/ipvs');
/** Not given to both: the kernel of the lab lacks a scheduler; keepalived adds services without end (docs/decisions/0017). */
const beyond = new Set(['scheduler-twos', 'group-range-across']);
/** Until both have settled. */
const patienceMs = 300_000;
const read = (file: string) => readFileSync(join(folder, file), 'utf8');
const all = readdirSync(folder)
  .filter((file) => file.endsWith('.conf') && !beyond.has(file.slice(0, -5)))
  .map((file, i) => new Moved(file.slice(0, -5), read(file), read(`${file.slice(0, -5)}.txt`), i + 1));

describe('keepalived and Mainstay: tables at the start', function () {
  this.timeout(patienceMs * 3);
  onlyInTheLab();
  const shell = new Shell();
  let directors: readonly Director[] = [];
  let farm: Farm;
  let mainstay: Mainstay | undefined;
  let keepalived: Keepalived;
  /** What ipvsadm told in the end. */
  const told: { keepalived: string; mainstay: string } = { keepalived: '', mainstay: '' };

  before(async () => {
    directors = await makeDirectors(shell, 2);
    const [own, other] = directors;
    assert.ok(own !== undefined && other !== undefined);
    farm = await Farm.start();
    await farm.order({ do: 'open', kind: 'tcp', server: '0.0.0.0:80' });
    for (const director of [own, other]) for (const address of all.flatMap(({ down }) => down)) await director.cutOff(address);
    const config = all.map((one) => one.config).join('\n');
    keepalived = await Keepalived.start(other, join(scratch(), 'keepalived'), config);
    mainstay = await Mainstay.start(config);
    const isAsExpected = async () => {
      told.keepalived = await other.listing();
      told.mainstay = await own.listing();
      return all.every((one) => one.tableIn(told.keepalived) === theirs(one) && one.tableIn(told.mainstay) === one.expected);
    };
    // What is otherwise when the patience is over is found out below, by each test.
    for (const end = performance.now() + patienceMs; !(await isAsExpected()) && performance.now() < end; ) await pause(300);
  });
  after(async () => {
    await mainstay?.stop();
    await keepalived?.stop();
    await farm?.stop();
    await removeDirectors(shell, directors);
    shell.close();
  });

  const theirs = (one: Moved) => startDepartures[one.name]?.keepalived ?? one.expected;

  for (const one of all) {
    it(one.name, () => {
      assert.equal(one.tableIn(told.keepalived), theirs(one), 'keepalived does something else');
      assert.equal(one.tableIn(told.mainstay), one.expected, 'Mainstay does something else');
      if (startDepartures[one.name] === undefined) assert.deepEqual(one.linesOf(told.mainstay), one.linesOf(told.keepalived));
      else assert.notEqual(theirs(one), one.expected, 'it is no departure');
    });
  }

  it('departures are those of configurations that there are', () => {
    assert.deepEqual(
      Object.keys(startDepartures).filter((name) => !all.some((one) => one.name === name)),
      [],
    );
  });

  it('nothing is left after a stop', async () => {
    await mainstay?.stop();
    mainstay = undefined;
    assert.equal((await directors[0]?.table())?.size, 0);
  });
});
