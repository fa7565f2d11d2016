/** The README of every plugin has the same sections in the same order, so that an operator finds the one that is wanted. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { exists, read, workspaces } from '../support/repository.js';

const sections = ['Name', 'Description', 'Syntax', 'Examples', 'Hooks', 'Permissions', 'Metrics', 'Errors', 'See also'];

describe('READMEs of plugins', () => {
  for (const { folder, json } of workspaces().filter((found) => found.folder.startsWith('plugins/'))) {
    it(`${folder} has its sections`, () => {
      assert.ok(exists(`${folder}/README.md`), 'README.md is missing');
      const headings = [...read(`${folder}/README.md`).matchAll(/^## (.+)$/gm)].map((match) => match[1]);
      assert.deepEqual(headings, sections);
    });

    it(`${folder} states the ports that it is handed`, () => {
      const permissions = read(`${folder}/README.md`).split('## Permissions')[1]?.split('\n## ')[0] ?? '';
      const missing = (json.mainstay?.needs ?? []).filter((port) => !permissions.includes(port));
      assert.deepEqual(missing, []);
    });
  }
});
