/** A start under the supervisor that goes wrong half-way: lanes that die, come back, or never become ready. */
import assert from 'node:assert/strict';
import type { Prepared } from '@mainstay/core';
import { beforeEach, describe, it } from 'mocha';
import { balance, extension, planOf, preparedOf, realtime, Stage } from './supervisor-stage.js';

describe('a start', () => {
  let stage: Stage;
  let clock: Stage['clock'];
  let isUp: boolean;

  beforeEach(() => {
    stage = new Stage();
    clock = stage.clock;
    isUp = false;
  });

  function begin(prepared: Prepared): void {
    void stage.supervisor.start(prepared).then(() => {
      isUp = true;
    });
  }
  function started(lane: string): void {
    stage.ready(lane);
    stage.the(lane).say({ kind: 'started' });
  }
  function answerPings(...lanes: readonly string[]): void {
    for (const lane of lanes.length === 0 ? ['balance', 'realtime'] : lanes) stage.the(lane).say({ kind: 'pong', id: 0 });
    clock.after(1000, () => answerPings(...lanes));
  }
  const processesOf = (lane: string) => stage.processes.filter((played) => played.lane === lane).length;

  it('goes on when the realtime lane, which had started, dies while others are late, however often', async () => {
    begin(preparedOf(realtime, balance));
    for (const lane of ['balance', 'realtime']) stage.ready(lane);
    await clock.advance(5000);
    stage.the('realtime').say({ kind: 'started' });
    stage.the('realtime').end('signal SIGSEGV');
    await clock.advance(0);
    assert.equal(processesOf('realtime'), 2, 'it is started again at once');
    stage.the('realtime').end('exit 1');
    await clock.advance(1000);
    assert.equal(processesOf('realtime'), 3);
    started('realtime');
    assert.deepEqual([isUp, stage.ends], [false, []]);
    stage.the('balance').say({ kind: 'started' });
    await clock.settle();
    assert.deepEqual([isUp, stage.ends], [true, []]);
  });

  it('ends the daemon when the realtime lane has never started, also after others were given up', async () => {
    begin(preparedOf(realtime, balance));
    answerPings();
    await clock.advance(65_000);
    assert.equal(isUp, false);
    stage.the('realtime').end('exit 1');
    assert.deepEqual(stage.ends, ['1 the realtime lane could not start: exit 1']);
  });

  it('is over after 65 s without a lane that acts and never becomes ready, which is said', async () => {
    begin(preparedOf(realtime, balance));
    answerPings();
    stage.ready('realtime');
    await clock.advance(5000);
    stage.the('realtime').say({ kind: 'started' });
    await clock.advance(59_999);
    assert.equal(isUp, false);
    assert.doesNotMatch(stage.log, /no longer waited for/);
    await clock.advance(1);
    assert.equal(isUp, true);
    assert.match(stage.log, /not started after 65 s, and no longer waited for: balance; what is in the kernel stays/);
    assert.deepEqual(stage.supervisor.lanesNotYet, ['balance']);
    assert.deepEqual([processesOf('balance'), stage.the('balance').signals], [1, []], 'it may still come');
    started('balance');
    assert.deepEqual(stage.supervisor.lanesNotYet, []);
  });

  it('says of a realtime lane that neither starts nor dies what that means, and where it hangs', async () => {
    for (const { phase, plans } of [
      { phase: 'loading', plans: [realtime] },
      { phase: 'starting', plans: [realtime, balance] },
    ] as const) {
      stage = new Stage();
      clock = stage.clock;
      begin(preparedOf(...plans));
      answerPings(...plans.map(({ lane }) => lane));
      if (plans.length > 1) started('balance');
      if (phase === 'starting') stage.ready('realtime');
      await clock.advance(5000);
      assert.match(stage.log, /the realtime lane has not started after 5 s/);
      assert.doesNotMatch(stage.log, /neither/);
      await clock.advance(60_000);
      assert.match(stage.log, phase === 'loading' ? /still loads its plugins \(vrrp\)/ : /still starts its plugins \(vrrp\)/);
      assert.match(stage.log, /the realtime lane has neither started nor failed after 65 s.*nothing of what it is for.*restart/);
      assert.equal(stage.log.match(/neither started nor failed/g)?.length, 1);
      assert.deepEqual([isUp, stage.ends], [false, []]);
    }
  });

  it('does not call a realtime lane late that had to wait for others', async () => {
    begin(preparedOf(realtime, balance));
    stage.ready('realtime');
    await clock.advance(5000);
    assert.match(stage.log, /the realtime lane starts without balance: not ready in time/);
    assert.doesNotMatch(stage.log, /realtime lane has not started/);
    stage.the('realtime').say({ kind: 'started' });
    answerPings();
    await clock.advance(60_000);
    assert.doesNotMatch(stage.log, /neither/);
  });

  it('is not held up by a lane that only hears, has died early and is slow to come back', async () => {
    begin(preparedOf(realtime, extension));
    stage.ready('realtime');
    stage.the('extension').end('exit 1');
    await clock.advance(0);
    assert.equal(processesOf('extension'), 2);
    stage.the('realtime').say({ kind: 'started' });
    await clock.advance(4999);
    assert.equal(isUp, false);
    await clock.advance(1);
    assert.equal(isUp, true);
    assert.match(stage.log, /not ready in time: extension/);
    assert.deepEqual(stage.supervisor.lanesNotYet, ['extension']);
  });

  it('is not held up by such a lane either when it comes back after its time is over', async () => {
    begin(preparedOf(balance, extension));
    started('extension');
    stage.ready('balance');
    await clock.advance(6000);
    stage.the('extension').end('exit 1');
    await clock.advance(0);
    stage.the('balance').say({ kind: 'started' });
    await clock.settle();
    assert.equal(isUp, true);
  });

  it('leaves no timer behind', async () => {
    for (const isInTime of [true, false]) {
      stage = new Stage();
      clock = stage.clock;
      begin(preparedOf(balance));
      if (isInTime) started('balance');
      await clock.advance(isInTime ? 0 : 6000);
      const stopped = stage.supervisor.stop();
      await clock.settle();
      stage.the('balance').end(undefined);
      await clock.drive(stopped);
      assert.equal(clock.pending, 0);
    }
  });
});

describe('what is said of a process', () => {
  it('is about the plugins that it ran, not about those that the next one will run', async () => {
    const stage = new Stage();
    stage.startBoth();
    stage.told.length = 0;
    stage.next = preparedOf(realtime, planOf('extension', 'extension', 'other'));
    const outcome = stage.supervisor.reload();
    await stage.clock.settle();
    stage.the('extension').end('signal SIGSEGV');
    stage.answerReload();
    await stage.clock.drive(outcome);
    assert.deepEqual(stage.told, ['teller gone', 'other up']);
    assert.match(stage.log, /extension lane \(pid \d+\) ended: signal SIGSEGV.*teller/);
  });
});
