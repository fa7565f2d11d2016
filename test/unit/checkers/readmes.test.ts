/** READMEs of the checkers: their examples are configurations, and every keyword of their block is in the syntax. */
import assert from 'node:assert/strict';
import checkerBfd from '@mainstay/checker-bfd';
import checkerDns from '@mainstay/checker-dns';
import checkerFile from '@mainstay/checker-file';
import checkerMisc from '@mainstay/checker-misc';
import checkerPing from '@mainstay/checker-ping';
import checkerUdp from '@mainstay/checker-udp';
import { commonCheckerFields, networkCheckerFields } from '@mainstay/sdk';
import { describe, it } from 'mocha';
import { bindChecks } from '../../support/checker-config.js';
import { codeOf, saidOf } from '../../support/readme-examples.js';
import { read } from '../../support/repository.js';

for (const plugin of [checkerBfd, checkerDns, checkerFile, checkerMisc, checkerPing, checkerUdp]) {
  const path = `plugins/${plugin.name}/README.md`;

  describe(`${plugin.name}: README`, () => {
    it('has examples that are configurations, without a word to say about them', async () => {
      const examples = codeOf(path, 'Examples');
      assert.ok(examples.length > 0);
      for (const example of examples) assert.deepEqual(await saidOf(example, plugin), []);
    });

    it('names every keyword of its block', () => {
      const [checker] = bindChecks(plugin, '').checkers;
      assert.ok(checker !== undefined);
      const network = checker.target === 'none' ? {} : networkCheckerFields;
      const keywords = Object.keys({ ...commonCheckerFields, ...network, ...checker.fields });
      const text = read(path);
      const missing = keywords.filter((keyword) => !new RegExp(`\\b${keyword}\\b`).test(text));
      assert.deepEqual(missing, []);
    });

    it('documents every keyword of its own in a sentence', () => {
      const [checker] = bindChecks(plugin, '').checkers;
      const silent = Object.entries(checker?.fields ?? {}).filter(([, { facts }]) => (facts.summary ?? '') === '');
      assert.deepEqual(silent, []);
    });
  });
}
