/** Actions of plugins as an operator asks for them: done, refused, unknown, failed, and while the daemon stops. */
import assert from 'node:assert/strict';
import { askDaemon } from '@mainstay/core';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import { plugin, runCommand, TestDaemon } from './daemon-harness.js';

const config = `${plugin('acting')}acting_object one { }\nacting_object two { stubborn }\n`;

describe('actions', function () {
  this.timeout(30_000);
  let daemon: TestDaemon;
  const run = (...words: readonly string[]) => runCommand(...words, '--run-dir', daemon.runDirectory);
  const post = (path: string) => askDaemon(daemon.socket, 'POST', `/v1/actions/${path}`);

  describe('of a daemon that runs', () => {
    before(async () => {
      daemon = new TestDaemon();
      daemon.configure(config);
      await daemon.start();
    });
    after(() => daemon.cleanUp());

    it('are listed, with the command for each', async () => {
      const { code, output } = await run('actions');
      assert.equal(code, 0);
      assert.match(output, /^mainstay nudge ACTING_OBJECT +acting +has it nudge$/m);
      assert.match(output, /^mainstay act status ACTING_OBJECT /m);
    });

    it("are commands: done or refused, with the plugin's words", async () => {
      assert.deepEqual(await run('nudge', 'one'), { code: 0, output: 'one was nudged\n' });
      assert.deepEqual(await run('act', 'nudge', 'one'), { code: 0, output: 'one was nudged\n' });
      const refused = await run('nudge', 'two');
      assert.deepEqual(refused, { code: 1, output: 'mainstay: two does not want to (remove stubborn)\n' });
      assert.match(daemon.output, /nudge one: one was nudged/);
      assert.match(daemon.output, /nudge two, asked for on the control socket, was not done: two does not want to/);
      assert.deepEqual(JSON.parse((await run('nudge', 'one', '--json')).output), { ok: true, message: 'one was nudged' });
    });

    it('do not hide a command of the same name', async () => {
      assert.match((await run('status')).output, /ACTING_OBJECT +STATE/);
      assert.deepEqual(await run('act', 'status', 'one'), { code: 0, output: 'one is not the daemon\n' });
    });

    it('are unknown with what there is instead', async () => {
      const name = await run('nudge', 'ome');
      const expected = 'mainstay: there is no object "ome" (did you mean "one"?); there are: one, two\n';
      assert.deepEqual(name, { code: 1, output: expected });
      const verb = await run('act', 'nugde', 'one');
      assert.equal(verb.code, 1);
      assert.match(verb.output, /no running plugin has the action "nugde" \(did you mean "nudge"\?\); there are: nudge, break/);
      const word = await run('statsu');
      assert.equal(word.code, 1);
      assert.match(word.output, /unknown command "statsu" \(did you mean "status"\?\)/);
      const bare = await run('nudge');
      assert.equal(bare.code, 1);
      assert.match(bare.output, /nudge needs a name: mainstay nudge ACTING_OBJECT/);
    });

    it('fail in the name of their plugin', async () => {
      const broken = await run('break', 'one');
      assert.deepEqual(broken, { code: 1, output: 'mainstay: plugin acting failed in "break one": broken\n' });
      const late = await run('hang', 'one');
      assert.match(late.output, /"hang one" of plugin acting did not finish in 0\.05 s/);
      assert.match(daemon.output, /acting: error: plugin acting failed in "break one": broken/);
    });

    it('answer with the status of what became of them', async () => {
      const statuses = [];
      for (const path of ['nudge/one', 'nudge/two', 'nudge/none', 'none/one', 'break/one', 'nudge', 'nudge/one/more']) {
        statuses.push((await post(path)).status);
      }
      assert.deepEqual(statuses, [200, 409, 404, 404, 409, 404, 404]);
    });

    it('tell that their lane ended in the middle, and are possible again afterwards', async () => {
      const { status, body } = await post('die/one');
      assert.equal(status, 503);
      assert.match((body as { message: string }).message, /the extension lane ended in the middle of "die one"/);
      await daemon.said('acting started', 2);
      while ((await daemon.status()).lanes.some(({ phase }) => phase !== 'started' && phase !== 'idle'));
      assert.equal((await run('nudge', 'one')).code, 0);
    });
  });

  describe('of a daemon that ends, or is not there', () => {
    beforeEach(() => {
      daemon = new TestDaemon();
    });
    afterEach(() => daemon.cleanUp());

    it('are given up by the stop, and not begun any more', async () => {
      daemon.configure(config);
      await daemon.start();
      const asked = post('wait/two');
      // The lane answers in order: once it has reported, it has been asked.
      await daemon.status();
      daemon.signal('SIGTERM');
      await daemon.said('stopping (SIGTERM)');
      const late = await post('nudge/one');
      assert.deepEqual([late.status, (late.body as { message: string }).message], [503, 'the daemon is stopping']);
      const given = await asked;
      assert.match((given.body as { message: string }).message, /plugin acting was stopped before "wait two" had finished/);
      assert.equal(await daemon.ended(), 0);
    });

    it('say that no daemon answers', async () => {
      const { code, output } = await run('nudge', 'one');
      assert.equal(code, 3);
      assert.match(output, /"nudge" is no command, and no daemon answers on .*: it could know such an action/);
      assert.equal((await run('act', 'nudge', 'one')).code, 3);
      assert.equal((await run('statsu')).code, 1);
    });
  });
});
