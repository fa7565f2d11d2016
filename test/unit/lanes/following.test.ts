/** Lanes that die, hang or refuse while they take over a configuration, or are replaced meanwhile: what is gone from it is not forgotten. */
import assert from 'node:assert/strict';
import { type LanePlan, whoKnowsBoth } from '@mainstay/core';
import { beforeEach, describe, it } from 'mocha';
import { at, leaving, type Played, planOf, preparedOf, Stage, withLines } from './supervisor-stage.js';

const upgraded: LanePlan = { ...leaving, plugins: leaving.plugins.map((plugin) => ({ ...plugin, version: '2' })) };
const [checker] = planOf('health', 'health', 'checker').plugins;
assert.ok(checker !== undefined);
const withChecker: LanePlan = { ...leaving, schemaOf: [checker] };

describe('a lane that is to take over a configuration', () => {
  let stage: Stage;
  let clock: Stage['clock'];
  let supervisor: Stage['supervisor'];

  beforeEach(() => {
    stage = new Stage();
    ({ clock, supervisor } = stage);
  });

  const countOf = () => stage.processes.filter(({ lane }) => lane === 'balance').length;
  const textOf = (tree: unknown) =>
    (tree as { statements: { args: { text: string }[]; block: { keyword: { text: string } }[] }[] }).statements
      .map(({ args, block }) => `${args[0]?.text}=${block[0]?.keyword.text}`)
      .join(' ');
  /** Of the present process: the configuration that it began with, and those that it was given. */
  const given = () =>
    stage.the('balance').heard.flatMap((message) => {
      if (message.kind === 'setup') return [`${message.setup.generation}: ${textOf(message.setup.tree)}`];
      return message.kind === 'reload' ? [`${message.generation}: ${textOf(message.tree)}`] : [];
    });

  async function comeUp(): Promise<void> {
    await clock.settle();
    stage.ready('balance');
    stage.the('balance').say({ kind: 'started' });
    await clock.advance(20);
  }
  async function die(): Promise<void> {
    stage.the('balance').end('signal SIGKILL');
    await clock.advance(0);
  }
  function answer(played: Played, isOk: boolean): void {
    const message = played.heard.findLast(({ kind }) => kind === 'reload');
    assert.ok(message?.kind === 'reload');
    const refusal = { ok: false, diagnostics: [{ severity: 'error', code: 'X', message: 'wrong', at }] } as const;
    played.say({ kind: 'reloaded', id: message.id, answer: isOk ? { ok: true, restarted: [], failed: [] } : refusal });
  }

  const before = { A: 'one', B: 'two' };
  const after = { B: 'other', C: 'new' };

  async function reloadTo(plan: LanePlan, blocks: Readonly<Record<string, string>>, from = leaving) {
    stage.startAll(withLines(preparedOf(from), before));
    stage.next = withLines(preparedOf(plan), blocks);
    const outcome = supervisor.reload();
    await clock.settle();
    return outcomeOf(outcome);
  }
  /** A promise in an object, so that `await` does not wait for it. */
  const outcomeOf = (outcome: ReturnType<Stage['supervisor']['reload']>) => ({ outcome });

  it('and dies over it comes back on what it had, and is given it once more', async () => {
    const { outcome } = await reloadTo(leaving, after);
    await die();
    await comeUp();
    assert.deepEqual(given(), ['1: A=one B=two', '2: B=other C=new']);
    answer(stage.the('balance'), true);
    assert.equal((await clock.drive(outcome)).ok, true);
    await die();
    await clock.advance(1000);
    assert.deepEqual(given(), ['2: B=other C=new'], 'from then on it is there');
    assert.doesNotMatch(stage.log, /may have left/);
  });

  it('and dies over it twice goes on with what it had, which is said, until another reload', async () => {
    const { outcome } = await reloadTo(leaving, after);
    for (let lives = 0; lives < 2; lives++) {
      await die();
      await clock.advance(1000);
      await comeUp();
    }
    const result = await clock.drive(outcome);
    assert.ok(!result.ok && result.inPart === 2);
    assert.match(result.reason, /balance lane ended twice while it took over the new configuration, and goes on with the one/);
    assert.deepEqual(given(), ['1: A=one B=two']);
    await clock.advance(10_000);
    assert.deepEqual([given().length, countOf()], [1, 3], 'it is left in peace');
    const { lanes } = await clock.drive(supervisor.report());
    assert.match(JSON.stringify(lanes[0]?.facts), /is on configuration number 1, not on number 2 \(the log says why/);
    stage.next = withLines(preparedOf(leaving), { D: 'four' });
    const again = supervisor.reload();
    await clock.settle();
    assert.deepEqual(given(), ['1: A=one B=two', '3: D=four']);
    answer(stage.the('balance'), true);
    assert.equal((await clock.drive(again)).ok, true);
  });

  it('and hangs is said to be where it was; killed for that, it comes back there and is given it once more', async () => {
    const { outcome } = await reloadTo(leaving, after);
    await clock.advance(20_000);
    const result = await clock.drive(outcome);
    assert.ok(!result.ok && /balance lane did not answer to the reload within 20 s/.test(result.reason));
    await clock.advance(12_000);
    assert.match(stage.log, /ended: unresponsive/);
    await comeUp();
    assert.deepEqual(given(), ['1: A=one B=two', '2: B=other C=new']);
    answer(stage.the('balance'), true);
    await clock.settle();
    assert.match(stage.log, /balance lane has followed: configuration number 2 is in force there, too/);
  });

  it('and hangs in its next process, too, is given it by the one after that', async () => {
    const { outcome } = await reloadTo(leaving, after);
    await die();
    await comeUp();
    await clock.advance(20_000);
    assert.equal((await clock.drive(outcome)).ok, false);
    await clock.settle();
    assert.deepEqual(given(), ['1: A=one B=two', '2: B=other C=new'], 'one that has not answered is not asked again');
    await clock.advance(12_000);
    await comeUp();
    assert.deepEqual(given(), ['1: A=one B=two', '2: B=other C=new']);
    answer(stage.the('balance'), true);
    await clock.settle();
    assert.match(stage.log, /balance lane has followed: configuration number 2/);
  });

  it('and answers late is there all the same', async () => {
    const { outcome } = await reloadTo(leaving, after);
    await clock.advance(20_000);
    assert.equal((await clock.drive(outcome)).ok, false);
    answer(stage.the('balance'), true);
    await die();
    await comeUp();
    assert.deepEqual(given(), ['2: B=other C=new']);
  });

  it('and refuses it comes back on what it had when it dies later, and is not asked again', async () => {
    const { outcome } = await reloadTo(leaving, after);
    answer(stage.the('balance'), false);
    const result = await clock.drive(outcome);
    assert.ok(!result.ok && /balance lane refused the new configuration and goes on with the old one/.test(result.reason));
    await die();
    await comeUp();
    assert.deepEqual(given(), ['1: A=one B=two']);
  });

  it('and refuses it stays on what it had, also where it dies before it has come as far as its start', async () => {
    const { outcome } = await reloadTo(leaving, after);
    answer(stage.the('balance'), false);
    await clock.drive(outcome);
    await die();
    await clock.settle();
    stage.the('balance').end('exit 1');
    await clock.advance(1000);
    await comeUp();
    assert.deepEqual(given(), ['1: A=one B=two']);
  });

  it('and takes it over keeps nothing of the question', async () => {
    const { outcome } = await reloadTo(leaving, after);
    answer(stage.the('balance'), true);
    assert.equal((await clock.drive(outcome)).ok, true);
    const lane = supervisor.lanes.find(({ name }) => name === 'balance');
    assert.deepEqual([lane?.footing.generation, lane?.isAskedFor(lane.footing)], [2, false]);
  });

  it('and cannot begin with what it had begins with the new one, and what may stay is named', async () => {
    const { outcome } = await reloadTo(leaving, after);
    await die();
    await clock.settle();
    stage.the('balance').end('exit 1');
    await clock.advance(1000);
    assert.deepEqual(given(), ['2: B=other C=new']);
    await comeUp();
    assert.equal((await clock.drive(outcome)).ok, true);
    assert.match(
      stage.log,
      /it could not go on from what it had when a reload removed or changed thing A, thing B\): its services/,
    );
    assert.equal(given().length, 1);
  });

  it('and is not back in time is given it when it is', async () => {
    const { outcome } = await reloadTo(leaving, after);
    await die();
    await clock.advance(30_000);
    const result = await clock.drive(outcome);
    assert.ok(!result.ok && /balance lane ended while it took over .* and is not back after 30 s/.test(result.reason));
    await comeUp();
    assert.deepEqual(given(), ['1: A=one B=two', '2: B=other C=new']);
  });

  it('with other plugins than before begins with what it had, and finds out what is gone', async () => {
    for (const plan of [upgraded, withChecker]) {
      stage = new Stage();
      ({ clock, supervisor } = stage);
      const { outcome } = await reloadTo(plan, { A: 'one', B: 'other' });
      assert.deepEqual(stage.kinds('balance').at(-1), 'stop', 'the old one is not told of what it may not know');
      stage.the('balance').end(undefined);
      await comeUp();
      assert.deepEqual(given(), ['1: A=one B=two', '2: A=one B=other']);
      answer(stage.the('balance'), true);
      const result = await clock.drive(outcome);
      assert.ok(result.ok);
      assert.deepEqual([result.restartedLanes, countOf()], [['balance'], 2]);
      assert.doesNotMatch(stage.log, /may have left/);
    }
  });

  it('with fewer plugins than before is told by its old process, which knows all of it', async () => {
    const { outcome } = await reloadTo(leaving, after, withChecker);
    assert.deepEqual(given(), ['1: A=one B=two', '2: B=other C=new']);
    answer(stage.the('balance'), true);
    await clock.settle();
    assert.equal(stage.kinds('balance').at(-1), 'stop');
    stage.the('balance').end(undefined);
    await comeUp();
    assert.equal((await clock.drive(outcome)).ok, true);
    assert.deepEqual(given(), ['2: B=other C=new']);
    assert.doesNotMatch(stage.log, /may have left/);
  });

  it('with plugins of which neither process has all lets go of whole blocks, and what else may stay is named', async () => {
    const [other] = planOf('health', 'health', 'other').plugins;
    assert.ok(other !== undefined);
    const { outcome } = await reloadTo({ ...leaving, schemaOf: [other] }, after, withChecker);
    assert.deepEqual(given(), ['1: A=one B=two', '2: B=two']);
    answer(stage.the('balance'), true);
    await clock.settle();
    stage.the('balance').end(undefined);
    await comeUp();
    assert.equal((await clock.drive(outcome)).ok, true);
    assert.deepEqual(given(), ['2: B=other C=new']);
    assert.match(
      stage.log,
      /which knew only a part of the new configuration, when a reload removed or changed thing B\): its services/,
    );
  });

  it('with other plugins, but nothing gone or another, begins with it at once', async () => {
    const { outcome } = await reloadTo(upgraded, { ...before, C: 'new' });
    stage.the('balance').end(undefined);
    await comeUp();
    assert.equal((await clock.drive(outcome)).ok, true);
    assert.deepEqual(given(), ['2: A=one B=two C=new']);
  });

  it('with other plugins and a large configuration is only asked whether that is written as before', async () => {
    const large = Object.fromEntries(Array.from({ length: 9000 }, (_, i) => [`name-${i}`, 'line']));
    for (const [next, expected] of [
      [large, ['2']],
      [{ ...large, more: 'line' }, ['1', '2']],
    ] as const) {
      stage = new Stage();
      ({ clock, supervisor } = stage);
      stage.startAll(withLines(preparedOf(leaving), large));
      stage.next = withLines(preparedOf(upgraded), next);
      void supervisor.reload();
      await clock.settle();
      stage.the('balance').end(undefined);
      await comeUp();
      assert.deepEqual(
        given().map((text) => text.split(':')[0]),
        expected,
      );
    }
  }).timeout(60_000);

  it('is known whole by a program that has all plugins of the other one', () => {
    assert.equal(whoKnowsBoth([leaving], [upgraded]), 'next');
    assert.equal(whoKnowsBoth([leaving], [withChecker]), 'next');
    assert.equal(whoKnowsBoth([withChecker], [leaving]), 'present');
    assert.equal(whoKnowsBoth([withChecker], [upgraded]), 'nobody');
  });
});
