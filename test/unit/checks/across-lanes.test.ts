/** Checks between lanes, by way of the real supervisor: the lanes' processes are played, with the real ends of the checks in them. */
import assert from 'node:assert/strict';
import { unpackOrder } from '@mainstay/core';
import { describe, it } from 'mocha';
import { preparedOf } from '../lanes/supervisor-stage.js';
import { balance, health, more, planned, quiet, timing, World } from './lanes-world.js';
import { request } from './loop-bench.js';

describe('checks of another lane', () => {
  it('are asked for when that lane runs, whichever comes first, and their turns come back', async () => {
    for (const plans of [
      [balance, health],
      [health, balance],
    ]) {
      const world = new World(...plans);
      world.port.set([request('a', { timing }), request('b', { timing, initial: 'down' })]);
      await world.stage.clock.advance(1);
      assert.deepEqual(world.lines, ['b up']);
      world.isUp = false;
      await world.stage.clock.advance(1000);
      assert.deepEqual(world.lines, ['b up', 'a down', 'b down']);
      const reports = await world.stage.clock.drive(world.port.report(['a']));
      assert.deepEqual([reports.length, reports[0]?.probes, reports[0]?.reason], [1, 2, 'no']);
    }
  });

  it('go on where they were when the lane died: nothing flaps, and nothing is told twice', async () => {
    const world = new World(balance, health);
    world.port.set([request('a', { timing: { ...timing, retry: 2, delayBeforeRetryMs: 300 } }), request('b', { timing })]);
    await world.stage.clock.advance(1);
    const since = (await world.stage.clock.drive(world.port.report(['a'])))[0]?.since;
    await world.crash('health');
    assert.match(
      world.ends[0]?.facts()['checks of lb'] ? JSON.stringify(world.ends[0].facts()) : '',
      /2 of 2 checks are not made/,
    );
    assert.deepEqual(await world.stage.clock.drive(world.port.report()), []);
    world.begin('health');
    assert.equal(JSON.stringify(world.ends[0]?.facts()).includes('warning'), false);
    world.isUp = false;
    await world.stage.clock.advance(1);
    // Its one attempt has no retries; the other has two left.
    assert.deepEqual(world.lines, ['b down']);
    assert.equal((await world.stage.clock.drive(world.port.report(['a'])))[0]?.since, since);
    await world.stage.clock.advance(600);
    assert.deepEqual(world.lines, ['b down', 'a down']);
  });

  it('keep their retries in the next lane, too, where nothing but their pace has changed', async () => {
    const world = new World(balance, health);
    const paced = (delayBeforeRetryMs: number) => request('a', { timing: { ...timing, retry: 1, delayBeforeRetryMs } });
    world.port.set([paced(300)]);
    await world.stage.clock.advance(1);
    world.port.set([paced(200)]);
    await world.crash('health');
    world.begin('health');
    world.isUp = false;
    await world.stage.clock.advance(1);
    assert.deepEqual(world.lines, []);
    await world.stage.clock.advance(200);
    assert.deepEqual(world.lines, ['a down']);
  });

  it('go on undisturbed when those who want them died, and are told to the next life', async () => {
    const world = new World(balance, health);
    world.port.set([request('a', { timing, initial: 'down' }), request('old', { timing })]);
    await world.stage.clock.advance(1500);
    const { probes } = world;
    world.told.length = 0;
    await world.crash('balance');
    await world.stage.clock.advance(1000);
    assert.equal(world.probes, probes + 2);
    world.begin('balance');
    world.port.set([request('a', { timing, initial: 'down' })]);
    await world.stage.clock.advance(0);
    assert.deepEqual([world.lines, world.probes], [['a up'], probes + 2]);
    await world.stage.clock.advance(1000);
    assert.equal(world.probes, probes + 3);
  });

  it('are sent in pieces, later where the way is full, and only what changed', async () => {
    const world = new World(balance, health);
    const list = Array.from({ length: 1000 }, (_, i) => request(`${i}`, { timing }));
    world.busy = 3;
    world.port.set(list);
    await world.stage.clock.advance(0);
    assert.equal(world.probes, 0);
    await world.stage.clock.advance(100);
    assert.equal(world.probes, 1000);
    const orders = () =>
      world.stage.the('health').heard.flatMap((m) => (m.kind === 'checks' ? [unpackOrder(m.order).put.length] : []));
    assert.deepEqual(orders(), [250, 250, 250, 250]);
    world.port.set([...list.slice(1), request('0', { timing, config: 'other' }), request('new', { timing })]);
    world.port.set([...list.slice(1), request('new', { timing })]);
    await world.stage.clock.advance(1);
    const last = world.stage.the('health').heard.at(-1);
    assert.ok(last?.kind === 'checks');
    const { put, drop } = unpackOrder(last.order);
    assert.deepEqual([put.map(({ request: { id } }) => id), drop], [['new'], ['0']]);
  });

  it('go to the lane that has the checker, one by one', async () => {
    const world = new World(balance, health, more);
    world.port.set([request('a', { timing }), request('y', { checker: 'Y_CHECK', timing })]);
    await world.stage.clock.advance(1);
    assert.equal((await world.stage.clock.drive(world.port.report())).length, 2);
    await world.crash('health:y');
    world.isUp = false;
    await world.stage.clock.advance(1000);
    assert.deepEqual(world.lines, ['a down']);
    world.begin('health:y');
    await world.stage.clock.advance(1);
    assert.deepEqual(world.lines, ['a down', 'y down']);
  });

  it('that are given up and wanted again at once are told of: whoever wants them knows nothing', async () => {
    const world = new World(balance, health);
    world.isUp = false;
    world.port.set([request('a', { timing })]);
    await world.stage.clock.advance(1);
    world.port.set([]);
    world.port.set([request('a', { timing })]);
    await world.stage.clock.advance(1);
    assert.deepEqual([world.lines, world.probes], [['a down', 'a down'], 1]);
  });

  it('that two lanes made are those of the remaining one: its word counts, and it hears what changed meanwhile', async () => {
    const goes: readonly ((world: World) => unknown)[] = [
      (world) => world.crash('health'),
      (world) => world.stage.the('balance').heard.push({ kind: 'checkers', lane: 'health', checkers: ['Z_CHECK'] }),
    ];
    for (const go of goes) {
      const world = new World(balance, health, more);
      world.checkers['health:y'] = ['X_CHECK'];
      await world.crash('health:y');
      const remaining = world.begin('health:y');
      world.port.set([request('a', { timing }), request('b', { timing })]);
      await world.stage.clock.advance(1);
      world.stage
        .the('health')
        .say({ kind: 'checked', plugin: 'lb', states: [{ id: 'a', isUp: false, reason: 'no', since: 1 }] });
      world.port.set([request('a', { timing })]);
      await world.stage.clock.advance(1);
      await go(world);
      await world.stage.clock.advance(1);
      assert.deepEqual(world.lines, ['a down', 'a up']);
      assert.match(JSON.stringify(remaining.facts().checking), /^{"checks":1,/);
    }
  });

  it('are a lost case where the lane stays away: one error, and a warning as long as it is so', async () => {
    const world = new World(balance, health);
    world.port.set([request('a', { timing })]);
    await world.stage.clock.advance(1);
    await world.crash('health');
    await world.stage.clock.advance(60_000);
    assert.equal(world.stage.log.split('no lane runs that has X_CHECK').length, 2);
  });

  it('go on where they were when whoever wants them moves to another lane, also with a check that the reload has removed', async () => {
    const world = new World(health, balance);
    const { clock, supervisor } = world.stage;
    const checks = ['a', 'b'].map((id) => request(id, { timing }));
    world.port.set(checks);
    await clock.advance(1);
    world.stage.next = preparedOf(health, { ...balance, lane: 'balance:lb' });
    const outcome = supervisor.reload();
    await clock.settle();
    world.stage.answerReload('health');
    await clock.settle();
    world.stage.the('balance').end(undefined);
    await clock.settle();
    world.begin('balance:lb');
    world.port.set(checks.slice(0, 1));
    assert.ok((await clock.drive(outcome)).ok);
    await clock.advance(1);
    const [end] = world.ends;
    assert.deepEqual({ ...(end?.facts().checking as object), underWay: 0 }, { ...quiet, checks: 1, probes: 1, planned: 1 });
    const probes = world.probes;
    world.isUp = false;
    await clock.advance(1000);
    assert.deepEqual([world.lines, world.probes], [['a down'], probes + 1]);
  });

  it('end when the lane that wanted them is gone, or has another list of plugins', async () => {
    const world = new World(balance, health);
    world.port.set([request('a', { timing })]);
    await world.stage.clock.advance(1);
    const lane = world.stage.supervisor.lanes.find(({ name }) => name === 'balance');
    assert.ok(lane !== undefined);
    lane.plan = planned('balance', 'balance', 'another', ['checks']);
    await world.crash('balance');
    world.begin('balance');
    assert.deepEqual(world.ends[1]?.facts().checking, quiet);
  });

  it('wait in the lane that checks while whoever wants them reads nothing, the newest of each', async () => {
    const world = new World(balance, health);
    const { clock } = world.stage;
    world.port.set(['a', 'b', 'c'].map((id) => request(id, { timing: { delayLoopMs: 20, retry: 0 } })));
    await clock.advance(100);
    const hanging = world.hang('balance');
    for (let turn = 0; turn < 120; turn++) {
      world.isUp = !world.isUp;
      await clock.advance(20);
    }
    assert.ok(hanging.unsent > 8 && hanging.unsent < 50, `${hanging.unsent} messages wait in the supervisor`);
    world.isUp = false;
    await clock.advance(20);
    world.resume(hanging);
    await clock.advance(100);
    assert.deepEqual(world.lines.slice(-3).sort(), ['a down', 'b down', 'c down']);
  });

  it('wait in the lane that wants them while the one that checks reads nothing', async () => {
    const world = new World(balance, health);
    const { clock } = world.stage;
    const hanging = world.hang('health');
    for (let change = 0; change < 120; change++) {
      world.port.set([request(`check ${change}`, { timing, initial: 'down' })]);
      await clock.advance(20);
    }
    assert.ok(hanging.unsent > 8 && hanging.unsent < 50, `${hanging.unsent} messages wait in the supervisor`);
    world.resume(hanging);
    await clock.advance(1000);
    assert.deepEqual(world.lines, ['check 119 up']);
  });

  it('are held for a lane that comes up meanwhile, too, and go to others all the same', async () => {
    const world = new World(balance, health, more);
    const { clock } = world.stage;
    world.hang('health').unsent = 100;
    world.port.set([request('a', { timing, initial: 'down' })]);
    await clock.advance(1);
    await world.crash('balance');
    world.begin('balance');
    world.port.set([request('a', { timing, initial: 'down' }), request('y', { checker: 'Y_CHECK', timing, initial: 'down' })]);
    await clock.advance(1);
    const held = world.stage.the('balance').heard.filter(({ kind }) => kind === 'checksHeld');
    assert.deepEqual(held, [{ kind: 'checksHeld', lane: 'health', plugins: ['x'], isHeld: true }]);
    assert.deepEqual(world.lines, ['y up']);
    world.resume(world.stage.the('health'));
    await clock.advance(100);
    assert.deepEqual(world.lines, ['y up', 'a up']);
  });

  it('are lost beyond a bound where a lane sends them although it should wait, and told anew', async () => {
    const world = new World(balance, health);
    const { clock } = world.stage;
    world.port.set([request('a', { timing }), request('b', { timing })]);
    await clock.advance(1);
    const hanging = world.hang('balance');
    world.isUp = false;
    await clock.advance(1000);
    const state = { id: 'a', isUp: true, reason: 'it insists', since: 1 };
    for (let i = 0; i < 10_000; i++) world.stage.the('health').say({ kind: 'checked', plugin: 'lb', states: [state] });
    assert.ok(hanging.unsent <= 300, `${hanging.unsent} messages wait in the supervisor`);
    world.resume(hanging);
    await clock.advance(100);
    const last = new Map(world.told.map(({ id, isUp }) => [id, isUp]));
    assert.deepEqual([...last].sort(), [
      ['a', false],
      ['b', false],
    ]);
    assert.equal(world.lines.at(-1), 'a down', 'after the last lie');
  });

  it('believe nobody else: a lane speaks for plugins and checks of its own only', async () => {
    const world = new World(balance, health);
    world.port.set([request('a', { timing, initial: 'down' })]);
    await world.stage.clock.advance(1);
    const state = { id: 'a', isUp: false, reason: 'a lie', since: 1 };
    world.stage.the('balance').say({ kind: 'checked', plugin: 'lb', states: [state] });
    world.stage.the('health').say({ kind: 'checks', lane: 'health', plugin: 'x', order: { put: [], drop: ['a'] } });
    const odd = [{ ...state, isUp: 1 }, { ...state, id: 'unknown' }, { ...state, weight: 'x' }, null, 7];
    world.stage.the('health').say({ kind: 'checked', plugin: 'lb', states: odd as never });
    await world.stage.clock.advance(1);
    assert.deepEqual(world.lines, ['a up']);
  });

  it('are believed only of a lane that has their checker', async () => {
    const world = new World(balance, health, more);
    world.port.set([request('a', { timing }), request('y', { checker: 'Y_CHECK', timing })]);
    await world.stage.clock.advance(1);
    const down = (id: string) => ({ id, isUp: false, reason: 'no', since: 1 });
    const states = [down('a'), down('y')];
    world.stage.the('health:y').say({ kind: 'checked', plugin: 'lb', states, from: 'health' });
    await world.stage.clock.advance(1);
    assert.deepEqual(world.lines, ['y down']);
  });

  it('that a listener fails to take do not keep the others from it', async () => {
    const world = new World(balance, health);
    const lines: string[] = [];
    world.port.watch(() => assert.fail('broken'));
    const end = world.port.watch((states) => lines.push(...states.map(({ id }) => id)));
    world.port.set([request('a', { timing, initial: 'down' })]);
    await world.stage.clock.advance(1);
    end();
    world.isUp = false;
    await world.stage.clock.advance(1000);
    assert.deepEqual([lines, world.lines], [['a'], ['a up', 'a down']]);
    assert.match(world.stage.log, /lb error: it failed to take the states of its checks: broken/);
  });
});
