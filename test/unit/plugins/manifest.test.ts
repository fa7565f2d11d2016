/** The mainstay block of a plugin's package.json (core/runtime/src/plugins/manifest.ts). */
import assert from 'node:assert/strict';
import { readManifest } from '@mainstay/core';
import { MainstayError } from '@mainstay/sdk';
import { describe, it } from 'mocha';

const good = { api: '^0.1.0', lane: 'extension', needs: ['files', 'process'] };

function problem(block: unknown): MainstayError {
  try {
    readManifest(block, 'some-plugin');
  } catch (error) {
    assert.ok(error instanceof MainstayError, String(error));
    return error;
  }
  return assert.fail('accepted');
}

describe('plugin manifest', () => {
  it('is read and frozen', () => {
    assert.deepEqual(readManifest(good, 'p'), good);
    assert.deepEqual(readManifest({ ...good, isolated: true }, 'p'), { ...good, isolated: true });
    assert.equal(readManifest({ ...good, leaves: 'crumbs' }, 'p').leaves, 'crumbs');
    assert.ok(Object.isFrozen(readManifest(good, 'p').needs));
  });

  it('reports everything that is wrong at once, with suggestions', () => {
    const error = problem({ lane: 'realtim', isolated: 'yes', needs: ['file', 5], need: [] });
    assert.equal(error.code, 'PLUGIN_BAD_MANIFEST');
    for (const part of [
      /"mainstay" block of some-plugin/,
      /"need" is unknown, did you mean "needs"\?/,
      /"api" is missing/,
      /"lane" is "realtim".*did you mean "realtime"\?/,
      /"isolated" is neither true nor false/,
      /unknown port "file", did you mean "files"\?/,
      /unknown port 5/,
    ]) {
      assert.match(error.message, part);
    }
  });

  it('must be there, and be an object', () => {
    for (const leaves of ['', 5, 'two\nlines'])
      assert.match(problem({ ...good, leaves }).message, /"leaves" is not a line of text/);
    for (const block of [undefined, null, [], 'x', 5]) assert.equal(problem(block).code, 'PLUGIN_BAD_MANIFEST');
    assert.equal(problem({ ...good, api: 'latest please' }).code, 'PLUGIN_BAD_MANIFEST');
    assert.equal(problem({ ...good, api: '' }).code, 'PLUGIN_BAD_MANIFEST');
    assert.equal(problem({ ...good, needs: 'files' }).code, 'PLUGIN_BAD_MANIFEST');
  });

  it('asks for an SDK that is there, or says who must upgrade', () => {
    const newer = problem({ ...good, api: '^2.0.0', unheardOf: true });
    assert.equal(newer.code, 'PLUGIN_API_MISMATCH');
    assert.match(newer.message, /made for @mainstay\/sdk \^2.0.0, and this is .*upgrade Mainstay/);
    assert.match(problem({ ...good, api: '<0.1.0' }).message, /install a newer version of some-plugin/);
  });
});
