/** keepalived's samples against the schema of the whole distribution: nothing in them is unknown, only not built yet. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { prepare, systemClock } from '@mainstay/core';
import { prepareRequest } from 'mainstay';
import { describe, it } from 'mocha';

const folder = '/usr/share/doc/keepalived/samples';
const names = readdirSync(folder).filter((name) => name.startsWith('keepalived.conf.'));

function prepared(file: string, configId: string) {
  const request = prepareRequest({ file, configId, only: new Set(), noBfd: false, unknownKeywords: 'error', verify: false });
  const portsFor = () => assert.fail('a configuration is judged without a port');
  return prepare(request, { clock: systemClock, portsFor });
}

describe("keepalived's samples in the distribution", () => {
  it('are all there', () => assert.equal(names.length, 25));

  for (const name of names) {
    it(`${name} has nothing wrong but what is not built yet`, async () => {
      for (const configId of ['high', 'low']) {
        const { diagnostics } = await prepared(join(folder, name), configId);
        const wrong = diagnostics.filter(({ severity, code }) => severity === 'error' && code !== 'CONFIG_NOT_BUILT');
        assert.deepEqual(wrong, []);
        const unknown = diagnostics.filter(({ code }) => code === 'CONFIG_UNKNOWN_KEYWORD');
        assert.deepEqual(unknown, []);
      }
    });
  }
});
