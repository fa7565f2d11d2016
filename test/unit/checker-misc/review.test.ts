/** What `mainstay check` says of the scripts of MISC_CHECK. */
import assert from 'node:assert/strict';
import { checkerMisc } from '@mainstay/checker-misc';
import type { Run } from '@mainstay/sdk';
import { createVirtualClock, SimulatedScripts } from '@mainstay/testing';
import { describe, it } from 'mocha';
import { bindChecks } from '../../support/checker-config.js';

describe('MISC_CHECK: review of scripts', () => {
  async function review(global: string) {
    const scripts = new SimulatedScripts(createVirtualClock());
    scripts.problem('/missing', { kind: 'missing', message: '/missing does not exist' });
    scripts.problem('/open', { kind: 'insecure', message: '/open may be changed by others' });
    const plugin = checkerMisc();
    const blocks = ['/missing', '/open', '/fine'].map((path) => `MISC_CHECK {\nmisc_path ${path}\n}\n`).join('');
    bindChecks(plugin, `server A {\n${blocks}}\nglobal_defs {\n${global}\n}`);
    const run = { ports: { process: scripts } } as unknown as Run;
    const found = (await plugin.verify?.(run)) ?? [];
    return found.map(({ severity, code, message, at }) => `${at.line} ${severity} ${code} ${message}`);
  }

  it('names the server, the script and the place', async () => {
    assert.deepEqual(await review(''), [
      '2 error SCRIPT_MISSING A: misc_path: /missing does not exist; this script will not run',
      '5 warning SCRIPT_SECURITY_INSECURE A: misc_path: /open may be changed by others; it is run all the same',
    ]);
    assert.deepEqual(await review('enable_script_security'), [
      '2 error SCRIPT_MISSING A: misc_path: /missing does not exist; this script will not run',
      '5 error SCRIPT_SECURITY_INSECURE A: misc_path: /open may be changed by others; this script will not run',
    ]);
  });
});
