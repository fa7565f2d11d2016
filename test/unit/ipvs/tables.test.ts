/**
 * Configurations and the kernel's table that each makes: test/fixtures/ipvs, a NAME.conf and a NAME.txt each. `# down: ADDR` says
 * whose checks fail, `# up: ADDR` whose succeed, with a port where the check is for that one. UPDATE=1 writes the texts anew: read the diff.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { root } from '../../support/repository.js';
import { Stand } from './stand.js';

const folder = join(root, 'test/fixtures/ipvs');
const names = readdirSync(folder).flatMap((file) => (file.endsWith('.conf') ? [file.slice(0, -5)] : []));

async function tableOf(config: string): Promise<string> {
  const stand = await Stand.start(config);
  for (const [, word, addresses = ''] of config.matchAll(/^# (down|up): (.*)$/gm)) {
    for (const address of addresses.split(' ')) {
      const { requests } = stand.checks;
      for (const { id, target } of requests)
        if (target.address === address || `${target.address}:${target.port}` === address) await stand.tell(id, word === 'up');
    }
  }
  await stand.clock.advance(10);
  return stand.ipvs.text;
}

describe('ipvs: tables of configurations', () => {
  it('there are forty and more', () => {
    assert.ok(names.length >= 40);
  });

  for (const name of names) {
    it(name, async () => {
      const text = await tableOf(readFileSync(join(folder, `${name}.conf`), 'utf8'));
      const expected = join(folder, `${name}.txt`);
      if (process.env.UPDATE === '1') writeFileSync(expected, text);
      assert.equal(text, readFileSync(expected, 'utf8'));
    });
  }
});
