/** What lanes may do without harm to the daemon and to each other: die, hang, eat memory; and the death of the supervisor. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { isAlive, plugin, runCommand, TestDaemon } from './daemon-harness.js';

const limits = 'lanes {\n  memory_limit 160\n  unresponsive_after 2\n}\n';

describe('lanes of the daemon', function () {
  this.timeout(30_000);
  let daemon: TestDaemon;

  beforeEach(() => {
    daemon = new TestDaemon();
  });
  afterEach(() => daemon.cleanUp());

  function configure(...names: readonly string[]): void {
    daemon.configure(`${limits}${names.map(plugin).join('')}steady_object one { size 1 }\n`);
  }

  it('come back when they die, know that it is not their first life, and the others hear of it', async () => {
    configure('steady', 'crashing');
    await daemon.start();
    const realtime = await daemon.lanePid('realtime');
    process.kill(realtime, 'SIGKILL');
    await daemon.said('steady started isRestart=true');
    await daemon.said('heard of realtime: signal SIGKILL');
    assert.match(daemon.output, /realtime lane \(pid \d+\) ended: signal SIGKILL; it is started again at once/);
    assert.notEqual(await daemon.lanePid('realtime'), realtime);
    const extension = await daemon.lanePid('extension:crashing');
    process.kill(extension, 'SIGKILL');
    await daemon.said('crashing started isRestart=true');
    assert.equal((await daemon.status()).lanes.find(({ lane }) => lane === 'realtime')?.restarts, 1);
  });

  it('are killed and started again when they hang; the realtime lane does not notice', async () => {
    configure('steady', 'crashing', 'hanging');
    await daemon.start();
    const realtime = await daemon.lanePid('realtime');
    await daemon.said('hanging started isRestart=true');
    assert.match(daemon.output, /extension:hanging lane \(pid \d+\) ended: unresponsive/);
    await daemon.said('heard of extension:hanging: unresponsive');
    assert.equal(await daemon.lanePid('realtime'), realtime);
  });

  it('are killed and started again when they hold too much memory', async () => {
    configure('steady', 'crashing', 'hungry');
    await daemon.start();
    await daemon.said('hungry started isRestart=true');
    assert.match(daemon.output, /extension:hungry lane \(pid \d+\) ended: memory limit/);
    await daemon.said('heard of extension:hungry: memory limit');
  });

  it('do not hold up a stop when they hang', async () => {
    configure('steady', 'hanging');
    daemon.configure(`child_wait_time 1\n${plugin('steady')}${plugin('hanging')}steady_object one { size 1 }\n`);
    await daemon.start();
    const hanging = await daemon.lanePid('extension:hanging');
    daemon.signal('SIGTERM');
    assert.equal(await daemon.ended(), 0);
    assert.match(daemon.output, /steady stopped \(shutdown\)/);
    assert.equal(isAlive(hanging), false);
  });

  it('end cleanly when the supervisor is killed', async () => {
    configure('steady', 'crashing');
    await daemon.start();
    const lanes = await Promise.all([daemon.lanePid('realtime'), daemon.lanePid('extension:crashing')]);
    daemon.signal('SIGKILL');
    await daemon.ended();
    for (const pid of lanes) while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
    // Its log has nowhere to go; what counts is that the next daemon finds the place free.
    await daemon.start();
    assert.equal((await daemon.status()).objects[0]?.name, 'one');
  });

  it('end the daemon where --dont-respawn is set', async () => {
    configure('steady', 'crashing');
    await daemon.start('-R');
    process.kill(await daemon.lanePid('extension:crashing'), 'SIGKILL');
    assert.equal(await daemon.ended(), 1);
    assert.match(daemon.output, /--dont-respawn is set/);
    assert.match(daemon.output, /steady stopped \(shutdown\)/);
  });

  for (const [stuck, last] of [
    ['', 'leaving took it back'],
    [
      'stuck',
      'the balance lane may have left something in the kernel (it could not take it back): crumbs, which a broom removes.',
    ],
  ] as const) {
    it(`${stuck === '' ? 'take back what they left' : 'say what stays'} at a stop while they wait to be started again`, async () => {
      daemon.configure(`${plugin('leaving')}left_behind {\n ${stuck}\n}\n`);
      await daemon.start();
      await daemon.said('it is started again in 1 s');
      daemon.signal('SIGTERM');
      assert.equal(await daemon.ended(), 0);
      assert.ok(daemon.output.includes(last), daemon.output);
      assert.equal(daemon.output.includes('may have left something'), stuck !== '');
      assert.doesNotMatch(daemon.output, /leaving stopped \(shutdown\)/);
    }).timeout(120_000);
  }

  it('leave it, and say so, where the daemon ends because they could not start', async () => {
    daemon.configure(`${plugin('leaving')}left_behind {\n}\n`);
    await assert.rejects(daemon.start('-R'));
    assert.equal(await daemon.ended(), 1);
    assert.match(daemon.output, /may have left something in the kernel \(the daemon ends because of a failure/);
    assert.doesNotMatch(daemon.output, /took it back/);
  });

  it('that die over a reload come back on what they had, and are given the new configuration once more', async () => {
    daemon.configure(`${plugin('keeping')}kept one { }\nkept two { }\n`);
    await daemon.start();
    const fatal = (name: string) => `kept ${name} {\n fatal ${daemon.directory}/${name}\n}\n`;
    daemon.configure(`${plugin('keeping')}kept one { }\n${fatal('three')}`);
    daemon.signal('SIGHUP');
    await daemon.said('configuration number 2 is in force');
    const said = daemon.output.match(/keeping (?:started|goes on) with .*/g);
    assert.deepEqual(said, ['keeping started with one two', 'keeping started with one two', 'keeping goes on with one three']);
    daemon.configure(`${plugin('keeping')}${fatal('four')}${fatal('five')}`);
    const { code, output } = await runCommand('reload', '--run-dir', daemon.runDirectory);
    assert.equal(code, 1);
    assert.match(output, /^reloaded in part, configuration number 3 is in force but for this: balance lane ended twice/);
    await daemon.said('keeping started with one three', 2);
  }).timeout(120_000);

  it('between which a plugin moves are never at work on the same things', async () => {
    const isolated = plugin('keeping').replace('{ ', '{\n isolated\n ').replace(' }', '\n}');
    daemon.configure(`${plugin('keeping')}kept one { }\nkept two { }\n`);
    await daemon.start();
    daemon.configure(`${isolated}kept two { }\n`);
    daemon.signal('SIGHUP');
    await daemon.said('configuration number 2 is in force');
    assert.match(daemon.output, /in force; restarted: .*lane balance:keeping$/m);
    assert.deepEqual(daemon.output.match(/keeping (?:started|goes|stopped) .*/g), [
      'keeping started with one two',
      'keeping stopped (restart) with one two',
      'keeping started with one two',
      'keeping goes on with two',
    ]);
    assert.doesNotMatch(daemon.output, /may have left/);
  }).timeout(120_000);
});
