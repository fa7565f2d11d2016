/** Lanes that load while the configuration is still being checked. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'mocha';
import { balance, extension, planOf, preparedOf, realtime, Stage } from './supervisor-stage.js';

describe('an early launch', () => {
  const prepared = preparedOf(realtime, balance);
  let stage: Stage;
  let isUp: boolean;

  beforeEach(() => {
    stage = new Stage();
    isUp = false;
  });

  function start(): void {
    void stage.supervisor.start(prepared).then(() => {
      isUp = true;
    });
  }

  it('sends the setup, and nothing else before the start', async () => {
    stage.supervisor.foresee(prepared);
    for (const lane of ['realtime', 'balance']) stage.ready(lane);
    await stage.clock.advance(60_000);
    for (const lane of ['realtime', 'balance']) assert.deepEqual(stage.kinds(lane), ['setup']);
    assert.deepEqual(stage.told, [], 'no PID file before the start');
  });

  it('is what a start without one would launch: the same processes, told the same once', async () => {
    const other = new Stage();
    void other.supervisor.start(prepared);
    stage.supervisor.foresee(prepared);
    start();
    await stage.clock.settle();
    assert.equal(stage.processes.length, 2);
    for (const lane of ['realtime', 'balance']) assert.deepEqual(stage.the(lane).heard, other.the(lane).heard);
    assert.deepEqual(stage.told, ['vrrp up', 'ipvs up']);
  });

  it('has what a lane said before the start be heard at it', async () => {
    stage.supervisor.foresee(prepared);
    for (const lane of ['realtime', 'balance']) stage.ready(lane);
    start();
    await stage.clock.settle();
    assert.deepEqual(stage.kinds('balance'), ['setup', 'interest', 'start']);
    for (const lane of ['balance', 'realtime']) stage.the(lane).say({ kind: 'started' });
    await stage.clock.settle();
    assert.equal(isUp, true);
  });

  it('has a lane that died before the start be started again, and says so', async () => {
    stage.supervisor.foresee(prepared);
    stage.the('balance').end('exit 1');
    assert.equal(stage.processes.length, 2);
    start();
    await stage.clock.advance(0);
    assert.equal(stage.processes.length, 3);
    assert.match(stage.log, /balance lane \(pid 101\) ended: exit 1; it is started again at once/);
    assert.deepEqual(stage.kinds('balance'), ['setup']);
  });

  it('has a lane that failed before the start tell why at it', async () => {
    stage.supervisor.foresee(prepared);
    stage.the('realtime').say({ kind: 'failed', phase: 'setup', failure: { message: 'no raw socket' } });
    stage.the('realtime').end('exit 1');
    assert.doesNotMatch(stage.log, /no raw socket/);
    start();
    await stage.clock.settle();
    assert.deepEqual(stage.ends, ['1 the realtime lane could not start: no raw socket']);
  });

  it('keeps what matters, and of the rest only so much', async () => {
    stage.supervisor.foresee(prepared);
    const record = { level: 'info', plugin: 'ipvs', message: 'noise', at: 0 } as const;
    for (let i = 0; i < 5000; i++) stage.the('balance').say({ kind: 'log', record });
    stage.ready('balance');
    start();
    await stage.clock.settle();
    assert.ok((stage.log.match(/noise/g)?.length ?? 0) <= 1000);
    assert.deepEqual(stage.kinds('balance'), ['setup', 'interest', 'start']);
  });

  it('leaves files of the operator alone: lanes with plugins that bring others along wait for the verdict', async () => {
    const hooks = planOf('extension:files', 'extension', 'files', true);
    const all = preparedOf(realtime, hooks);
    stage.supervisor.foresee(all);
    assert.deepEqual(
      stage.processes.map(({ lane }) => lane),
      ['realtime'],
    );
    void stage.supervisor.start(all);
    assert.deepEqual(stage.kinds('extension:files'), ['setup']);
  });

  it('ends what a start has no use for', () => {
    stage.supervisor.foresee(preparedOf(extension));
    start();
    assert.deepEqual(stage.the('extension').signals, ['SIGKILL']);
    assert.equal(stage.processes.length, 3);
  });

  for (const way of ['stop', 'killAll'] as const) {
    it(`ends with the daemon (${way}), unheard, and nothing is launched after it`, async () => {
      stage.supervisor.foresee(prepared);
      await stage.supervisor[way]();
      stage.supervisor.foresee(prepared);
      assert.deepEqual(
        stage.processes.map(({ signals }) => signals),
        [['SIGKILL'], ['SIGKILL']],
      );
      assert.equal(stage.log, '');
    });
  }
});
