/** The examples of sdk/testing/README.md run as they are printed. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, it } from 'mocha';

const here = dirname(fileURLToPath(import.meta.url));
const readme = join(here, '../../../../sdk/testing/README.md');

describe('README of @mainstay/testing', () => {
  it('has examples that run', async () => {
    const text = await readFile(readme, 'utf8');
    const examples = [...text.matchAll(/^```js\n([\s\S]*?)^```$/gm)].map((match) => match[1] ?? '');
    assert.equal(examples.length, 4);
    // Beside this file, so that the packages resolve as they do for the tests.
    const folder = await mkdtemp(join(here, 'readme-'));
    const shown: unknown[] = [];
    try {
      for (const [i, example] of examples.entries()) {
        const file = join(folder, `example-${i}.mjs`);
        await writeFile(file, example.replace('console.log(', 'globalThis.shown = ('));
        await import(pathToFileURL(file).href);
        shown.push((globalThis as { shown?: unknown }).shown);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
    assert.deepEqual(shown, [undefined, undefined, { ok: false, reason: 'timeout' }, { by: undefined, reason: 'no answer' }]);
  });
});
