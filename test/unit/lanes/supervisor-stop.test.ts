/** A daemon that ends while a lane does not run: what that lane left in the kernel is taken back, or named with what to do about it. */
import assert from 'node:assert/strict';
import { leftByForerunner } from '@mainstay/core';
import { describe, it } from 'mocha';
import { balance, extension, leaving, planOf, preparedOf, realtime, Stage, withLines } from './supervisor-stage.js';

const warning =
  /may have left something in the kernel \((.*)\): its services go on; `clear` removes them\. .*started and stopped/;

describe('a stop of the daemon', () => {
  const countOf = (stage: Stage) => stage.processes.filter(({ lane }) => lane === 'balance').length;

  /** The lane has died so often that its next process is a second away. */
  async function waiting(stage = new Stage(), plan = leaving): Promise<Stage> {
    void stage.supervisor.start(preparedOf(plan));
    stage.ready('balance');
    stage.the('balance').end('exit 1');
    await stage.clock.advance(0);
    stage.ready('balance');
    stage.the('balance').end('exit 1');
    assert.equal(stage.supervisor.lanes[0]?.phase, 'waiting');
    return stage;
  }
  const lastWords = (stage: Stage) => stage.kinds('balance').filter((kind) => kind !== 'interest');

  it('runs a lane that waits for its next life once more, which only stops, and says nothing more where it cleared up', async () => {
    const stage = await waiting();
    const stopped = stage.supervisor.stop();
    await stage.clock.settle();
    assert.equal(countOf(stage), 3);
    stage.ready('balance');
    assert.deepEqual(lastWords(stage), ['setup', 'stop']);
    assert.deepEqual(stage.the('balance').heard.at(-1), { kind: 'stop', why: 'shutdown' });
    stage.the('balance').say({ kind: 'stopped', isCleared: true });
    stage.the('balance').end(undefined);
    await stage.clock.drive(stopped);
    assert.match(stage.log, /the balance lane runs once more, only to take back what it may have left/);
    assert.doesNotMatch(stage.log, warning);
    assert.deepEqual([countOf(stage), stage.clock.pending, stage.ends], [3, 0, []]);
  });

  it('says what stays and how it is cleared where that does not work: once, and within its time', async () => {
    for (const [way, why] of [
      ['fails', /^exit 1$/],
      ['hangs', /^not within 20 s$/],
      ['refuses', /^it could not take it back$/],
      ['has no process', /^no memory$/],
    ] as const) {
      const stage = await waiting();
      const before = stage.clock.now();
      if (way === 'has no process') stage.unmakeable.add('ipvs');
      const stopped = stage.supervisor.stop();
      await stage.clock.settle();
      if (way === 'fails') stage.the('balance').end('exit 1');
      if (way === 'refuses') {
        stage.ready('balance');
        stage.the('balance').say({ kind: 'stopped', isCleared: false });
        stage.the('balance').end(undefined);
      }
      await stage.clock.drive(stopped, 40_000);
      assert.match(warning.exec(stage.log)?.[1] ?? '', why);
      assert.equal(stage.log.match(new RegExp(warning, 'g'))?.length, 1);
      assert.ok(stage.clock.now() - before <= 25_000);
      await stage.clock.advance(120_000);
      assert.deepEqual([countOf(stage), stage.clock.pending], [way === 'has no process' ? 2 : 3, 0]);
    }
  });

  it('does so, too, where the lane dies before its turn, is killed in it, or only began anew', async () => {
    for (const way of ['dies', 'hangs', 'begins anew'] as const) {
      const stage = new Stage();
      void stage.supervisor.start(preparedOf(realtime, leaving));
      for (const lane of ['balance', 'realtime']) {
        stage.ready(lane);
        stage.the(lane).say({ kind: 'started' });
      }
      stage.next = preparedOf(realtime, { ...leaving, plugins: leaving.plugins.map((plugin) => ({ ...plugin, version: '2' })) });
      if (way === 'begins anew') void stage.supervisor.reload();
      await stage.clock.settle();
      if (way === 'begins anew') assert.deepEqual(stage.the('balance').heard.at(-1), { kind: 'stop', why: 'restart' });
      const stopped = stage.supervisor.stop();
      if (way === 'dies') stage.the('balance').end('signal SIGSEGV');
      stage.the('realtime').end(undefined);
      if (way === 'begins anew') {
        stage.the('balance').say({ kind: 'stopped', isCleared: false });
        stage.the('balance').end(undefined);
      }
      await stage.clock.advance(6000);
      assert.equal(countOf(stage), 2, way);
      stage.ready('balance');
      stage.the('balance').say({ kind: 'stopped', isCleared: true });
      stage.the('balance').end(undefined);
      await stage.clock.drive(stopped);
      assert.deepEqual([countOf(stage), stage.log.match(warning)], [2, null]);
    }
  });

  it('is over with the first process where that took everything back, and where there is nothing to take back', async () => {
    for (const plan of [leaving, balance]) {
      const stage = new Stage();
      stage.startAll(preparedOf(plan));
      const stopped = stage.supervisor.stop();
      await stage.clock.settle();
      stage.the('balance').say({ kind: 'stopped', isCleared: true });
      stage.the('balance').end(undefined);
      await stage.clock.drive(stopped);
      assert.equal(countOf(stage), 1);
    }
    const stage = await waiting(new Stage(), balance);
    await stage.clock.drive(stage.supervisor.stop());
    assert.deepEqual([countOf(stage), /may have left/.test(stage.log)], [2, false]);
  });

  it('waits for nothing where everything is killed, and says what stays', async () => {
    const stage = await waiting();
    const stopped = stage.supervisor.stop();
    await stage.clock.settle();
    stage.supervisor.killAll();
    await stage.clock.drive(stopped);
    assert.equal(warning.exec(stage.log)?.[1], 'killed');
    assert.equal(countOf(stage), 3);
    const other = await waiting();
    other.supervisor.killAll();
    await other.clock.drive(other.supervisor.stop());
    assert.equal(countOf(other), 2);
  });

  it('that nobody asked for takes nothing back that is not its own to stop: it says what stays at work', async () => {
    const stage = await waiting(new Stage(true));
    assert.match(stage.ends[0] ?? '', /--dont-respawn/);
    await stage.clock.drive(stage.supervisor.stop(false));
    assert.match(warning.exec(stage.log)?.[1] ?? '', /because of a failure, and that takes nothing away/);
    assert.equal(countOf(stage), 2);
  });

  it('that nobody asked for leaves what an earlier daemon or process left, where the present one has done nothing yet', async () => {
    for (const hasDied of [false, true]) {
      const stage = new Stage();
      if (hasDied) {
        stage.startAll(preparedOf(leaving, extension));
        stage.the('balance').end('exit 1');
        await stage.clock.advance(0);
      } else void stage.supervisor.start(preparedOf(leaving, extension));
      assert.equal(countOf(stage), hasDied ? 2 : 1);
      const stopped = stage.supervisor.stop(false);
      await stage.clock.settle();
      assert.deepEqual(stage.the('balance').heard.at(-1), { kind: 'stop', why: 'restart' });
      stage.the('balance').end(undefined);
      await stage.clock.settle();
      stage.the('extension').end(undefined);
      await stage.clock.drive(stopped);
    }
  });

  it('is not the only end of a lane: one that a reload removes while it waits is named', async () => {
    const stage = await waiting();
    stage.the('balance');
    await stage.clock.advance(1000);
    stage.ready('balance');
    stage.the('balance').end('exit 1');
    await stage.clock.settle();
    stage.next = preparedOf(planOf('extension', 'extension', 'other'));
    const outcome = stage.supervisor.reload();
    await stage.clock.settle();
    stage.ready('extension');
    stage.the('extension').say({ kind: 'started' });
    await stage.clock.drive(outcome);
    assert.match(
      stage.log,
      /\(the configuration does not use it any more\): its services go on; `clear` removes them\. .*by hand/,
    );
    assert.doesNotMatch(stage.log, warning);
  });

  it('would not take back what a reload removed while the lane was down: that is said at once', async () => {
    for (const isDown of [true, false]) {
      const stage = new Stage();
      stage.startAll(withLines(preparedOf(leaving), { gone: 'a', changed: 'a', same: 'a' }));
      if (isDown) {
        stage.the('balance').end('exit 1');
        await stage.clock.advance(0);
      }
      stage.next = withLines(preparedOf(leaving), { changed: 'b', same: 'a', added: 'a' });
      const outcome = stage.supervisor.reload();
      await stage.clock.settle();
      if (isDown) {
        stage.the('balance').end(undefined);
        await stage.clock.settle();
        stage.ready('balance');
        stage.the('balance').say({ kind: 'started' });
      } else stage.answerReload('balance');
      await stage.clock.drive(outcome);
      const told = /it did not run when a reload removed or changed (.*)\): its services go on; .*that, by hand/.exec(
        stage.log,
      )?.[1];
      assert.equal(told, isDown ? 'thing gone, thing changed' : undefined);
    }
  });

  it('before there is any lane names what a daemon that died may have left', () => {
    const told = leftByForerunner([realtime, leaving]) ?? '';
    assert.match(
      told,
      /^a daemon that died may have left .* stopped before .*: its services go on; `clear` removes them\. .*once more/,
    );
    assert.match(leftByForerunner(undefined) ?? '', /: what its configuration has it put there\. /);
    assert.equal(leftByForerunner([realtime, extension]), undefined);
  });
});
