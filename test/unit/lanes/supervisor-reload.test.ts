/** A reload under the supervisor: what happens to each lane, in which order, and who hears which event. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'mocha';
import {
  at,
  balance,
  event,
  extension,
  type Played,
  planOf,
  preparedOf,
  quorum,
  realtime,
  Stage,
  withBlocks,
} from './supervisor-stage.js';

describe('a reload', () => {
  let stage: Stage;
  let clock: Stage['clock'];
  let processes: Stage['processes'];
  let supervisor: Stage['supervisor'];

  function use(made: Stage): void {
    stage = made;
    ({ clock, processes, supervisor } = made);
  }
  const the = (lane: string) => stage.the(lane);
  const kinds = (lane: string) => stage.kinds(lane);
  const ready: Stage['ready'] = (lane, ...hooks) => stage.ready(lane, ...hooks);
  const startBoth: Stage['startBoth'] = (...hooks) => stage.startBoth(...hooks);

  beforeEach(() => use(new Stage()));

  const keysHeard = (played: Played) => played.heard.flatMap((message) => (message.kind === 'event' ? [message.key] : []));
  const hasReload = (lane: string) => kinds(lane).includes('reload');
  function acknowledge(played: Played): void {
    for (const message of played.heard) if (message.kind === 'event') played.say({ kind: 'ack', seq: message.seq });
  }
  it('reloads lanes in place, and restarts those with children or other plugins', async () => {
    const withChildren = planOf('extension:finder', 'extension', 'finder', true);
    void supervisor.start(preparedOf(realtime, extension, withChildren));
    for (const lane of ['extension', 'extension:finder', 'realtime']) {
      ready(lane);
      the(lane).say({ kind: 'started' });
    }
    const newer = { ...extension, plugins: extension.plugins.map((p) => ({ ...p, version: '2' })) };
    stage.next = preparedOf(realtime, newer, withChildren);
    const outcome = supervisor.reload();
    await clock.settle();
    assert.equal(the('extension').heard.at(-1)?.kind, 'start', 'the old lanes live until the realtime lane has reloaded');
    const message = the('realtime').heard.at(-1);
    assert.ok(message?.kind === 'reload' && message.generation === 2);
    the('realtime').say({ kind: 'reloaded', id: message.id, answer: { ok: true, restarted: [], failed: [] } });
    await clock.settle();
    assert.equal(the('extension').heard.at(-1)?.kind, 'stop');
    the('extension').end(undefined);
    await clock.settle();
    the('extension:finder').end(undefined);
    const result = await clock.drive(outcome);
    assert.ok(result.ok);
    assert.deepEqual(result.restartedLanes, ['extension', 'extension:finder']);
    assert.equal(processes.filter(({ lane }) => lane === 'realtime').length, 1);
  });

  it('keeps a lane that goes until it has heard the last of what was removed', async () => {
    void supervisor.start(withBlocks(preparedOf(realtime, extension), 'A', 'B'));
    ready('extension', 'vrrp.transitioned');
    the('extension').say({ kind: 'started' });
    ready('realtime');
    the('realtime').say({ kind: 'started' });
    stage.next = withBlocks(preparedOf(realtime), 'A');
    const outcome = supervisor.reload();
    await clock.settle();
    the('realtime').say(event('B'));
    stage.answerReload();
    await clock.settle();
    assert.deepEqual(keysHeard(the('extension')), ['B']);
    assert.equal(kinds('extension').includes('stop'), false, 'the event is still under way');
    acknowledge(the('extension'));
    await clock.advance(20);
    assert.equal(kinds('extension').includes('stop'), true);
    the('extension').end(undefined);
    assert.equal((await clock.drive(outcome)).ok, true);
    assert.deepEqual(
      supervisor.lanes.map(({ name }) => name),
      ['realtime'],
    );
  });

  it('tells the old process of a replaced lane about what was removed, and the new one about the rest', async () => {
    const finder = planOf('extension', 'extension', 'finder', true);
    void supervisor.start(withBlocks(preparedOf(realtime, finder), 'A', 'B'));
    ready('extension', 'vrrp.transitioned');
    the('extension').say({ kind: 'started' });
    ready('realtime');
    the('realtime').say({ kind: 'started' });
    stage.next = withBlocks(preparedOf(realtime, finder), 'A', 'C');
    const outcome = supervisor.reload();
    await clock.settle();
    const old = the('extension');
    for (const key of ['B', 'C', 'A']) the('realtime').say(event(key));
    stage.answerReload();
    await clock.settle();
    assert.deepEqual(keysHeard(old), ['B']);
    acknowledge(old);
    await clock.advance(20);
    the('realtime').say(event('A'));
    old.end(undefined);
    await clock.drive(outcome);
    const young = the('extension');
    assert.notEqual(young, old);
    ready('extension', 'vrrp.transitioned');
    young.say({ kind: 'started' });
    assert.deepEqual([keysHeard(old), keysHeard(young)], [['B'], ['C', 'A', 'A']]);
  });

  it('collects events that only the next process of a lane will observe', async () => {
    startBoth();
    stage.next = preparedOf(realtime, { ...planOf('extension', 'extension', 'other'), observes: ['vrrp.transitioned'] });
    const outcome = supervisor.reload();
    await clock.settle();
    the('realtime').say(event('A'));
    stage.answerReload();
    await clock.settle();
    the('extension').end(undefined);
    await clock.drive(outcome);
    ready('extension', 'vrrp.transitioned');
    the('extension').say({ kind: 'started' });
    assert.deepEqual(keysHeard(the('extension')), ['A']);
  });

  const blocksIn = ({ heard }: Played) => {
    const message = heard.at(-1);
    assert.ok(message?.kind === 'reload', message?.kind);
    return message.tree.statements.map(({ args }) => args[0]?.text);
  };

  it('begins with those who hear of it, so that they know what is new when it is told', async () => {
    stage.startAll(withBlocks(preparedOf(realtime, balance, extension), 'A'), 'ipvs.quorum');
    stage.next = withBlocks(preparedOf(realtime, balance, extension), 'A', 'B');
    const outcome = supervisor.reload();
    await clock.settle();
    assert.deepEqual(['extension', 'balance', 'realtime'].map(hasReload), [true, false, false]);
    stage.answerReload('extension');
    await clock.settle();
    assert.deepEqual(['balance', 'realtime'].map(hasReload), [true, false]);
    the('balance').say(quorum('B'));
    stage.answerReload('balance');
    await clock.settle();
    assert.deepEqual(keysHeard(the('extension')), ['B']);
    stage.answerReload();
    assert.equal((await clock.drive(outcome)).ok, true);
  });

  it('waits with what balances for a lane that it adds, and collects for one that is late', async () => {
    stage.startAll(preparedOf(balance));
    const late = { ...planOf('extension:late', 'extension', 'late'), observes: ['ipvs.quorum'] as const };
    stage.next = preparedOf(balance, extension, late);
    const outcome = supervisor.reload();
    await clock.settle();
    assert.equal(hasReload('balance'), false);
    ready('extension', 'ipvs.quorum');
    the('extension').say({ kind: 'started' });
    await clock.advance(4900);
    assert.equal(hasReload('balance'), false);
    await clock.advance(100);
    the('balance').say(quorum('A'));
    stage.answerReload('balance');
    assert.equal((await clock.drive(outcome)).ok, true);
    ready('extension:late', 'ipvs.quorum');
    the('extension:late').say({ kind: 'started' });
    assert.deepEqual([keysHeard(the('extension')), keysHeard(the('extension:late'))], [['A'], ['A']]);
  });

  it('has what balances take its objects away before it ends: those who hear of it learn that they were removed', async () => {
    stage.startAll(withBlocks(preparedOf(balance, extension), 'A'), 'ipvs.quorum');
    stage.next = withBlocks(preparedOf());
    const outcome = supervisor.reload();
    await clock.settle();
    assert.deepEqual(blocksIn(the('balance')), []);
    the('balance').say(quorum('A'));
    stage.answerReload('balance');
    await clock.settle();
    assert.equal(kinds('balance').at(-1), 'stop');
    the('balance').end(undefined);
    await clock.settle();
    assert.deepEqual(keysHeard(the('extension')), ['A']);
    assert.equal(kinds('extension').includes('stop'), false, 'the event is still under way');
    acknowledge(the('extension'));
    await clock.advance(20);
    the('extension').end(undefined);
    assert.equal((await clock.drive(outcome)).ok, true);
  });

  it('ends what balances all the same when it does not take its objects away', async () => {
    stage.startAll(withBlocks(preparedOf(balance), 'A'));
    stage.next = withBlocks(preparedOf());
    const outcome = supervisor.reload();
    await clock.advance(20_000);
    assert.match(stage.log, /balance lane did not take its objects away/);
    the('balance').end(undefined);
    assert.equal((await clock.drive(outcome)).ok, true);
  });

  it('has what balances let go of what is removed before its process is replaced', async () => {
    stage.startAll(withBlocks(preparedOf(realtime, balance, extension), 'A', 'B'), 'ipvs.quorum');
    const newer = { ...balance, plugins: balance.plugins.map((plugin) => ({ ...plugin, version: '2' })) };
    stage.next = withBlocks(preparedOf(realtime, newer, extension), 'B', 'C');
    const outcome = supervisor.reload();
    await clock.settle();
    stage.answerReload('extension');
    await clock.settle();
    assert.deepEqual(blocksIn(the('balance')), ['B'], 'it does not know what is new');
    the('balance').say(quorum('A'));
    stage.answerReload('balance');
    await clock.settle();
    const stop = the('balance').heard.at(-1);
    assert.ok(stop?.kind === 'stop' && stop.why === 'restart');
    the('balance').end(undefined);
    await clock.settle();
    assert.equal(hasReload('realtime'), false, 'it waits for the new process');
    ready('balance');
    the('balance').say({ kind: 'started' });
    await clock.advance(20);
    stage.answerReload();
    const result = await clock.drive(outcome);
    assert.ok(result.ok);
    assert.deepEqual([result.restartedLanes, keysHeard(the('extension'))], [['balance'], ['A']]);
  });

  it('knows of two blocks with the same words that one of them is gone', async () => {
    const finder = planOf('extension', 'extension', 'finder', true);
    stage.startAll(withBlocks(preparedOf(realtime, finder), 'A', 'A', 'AB'), 'vrrp.transitioned');
    stage.next = withBlocks(preparedOf(realtime, finder), 'A', 'AB');
    const outcome = supervisor.reload();
    await clock.settle();
    const old = the('extension');
    for (const key of ['A tcp', 'AB', 'A']) the('realtime').say(event(key));
    stage.answerReload();
    await clock.settle();
    assert.deepEqual(keysHeard(old), ['A tcp', 'A']);
    acknowledge(old);
    await clock.advance(20);
    old.end(undefined);
    await clock.drive(outcome);
  });

  it('makes the realtime lane wait for a lane that a reload adds', async () => {
    void supervisor.start(preparedOf(realtime));
    ready('realtime');
    the('realtime').say({ kind: 'started' });
    stage.next = preparedOf(realtime, extension);
    const outcome = supervisor.reload();
    await clock.settle();
    assert.equal(kinds('realtime').includes('reload'), false);
    ready('extension', 'vrrp.transitioned');
    the('extension').say({ kind: 'started' });
    await clock.advance(20);
    stage.answerReload();
    assert.equal((await clock.drive(outcome)).ok, true);
  });

  it('starts no process when the daemon stops in the middle of a reload', async () => {
    startBoth();
    stage.next = preparedOf(realtime, planOf('extension', 'extension', 'other'));
    const outcome = supervisor.reload();
    await clock.settle();
    stage.answerReload();
    await clock.settle();
    const stopped = supervisor.stop();
    the('realtime').end(undefined);
    the('extension').end(undefined);
    await clock.drive(Promise.all([outcome, stopped]));
    assert.equal(processes.length, 2);
  });

  it('lets a plugin that leaves its lane say its last, and nothing after', async () => {
    const [bfd] = planOf('realtime', 'realtime', 'bfd').plugins;
    const both = { ...realtime, plugins: [...realtime.plugins, ...(bfd ? [bfd] : [])] };
    stage.startAll(preparedOf(both, extension), 'bfd.decided');
    const old = the('realtime');
    stage.next = preparedOf(realtime, extension);
    const outcome = supervisor.reload();
    await clock.settle();
    stage.answerReload('extension');
    await clock.settle();
    const decided = (key: string) => ({ kind: 'event', hook: 'bfd.decided', key, payload: { key } }) as const;
    assert.equal(old.heard.at(-1)?.kind, 'stop');
    old.say(decided('last'));
    old.end(undefined);
    await clock.drive(outcome);
    ready('realtime');
    the('realtime').say({ kind: 'started' });
    the('realtime').say(decided('forged'));
    assert.deepEqual(keysHeard(the('extension')), ['last']);
  });

  it('renews lanes of one turn at the same time', async () => {
    const others = ['a', 'b', 'c'].map((name) => planOf(`extension:${name}`, 'extension', name));
    const children = planOf('extension:finder', 'extension', 'finder', true);
    stage.startAll(preparedOf(realtime, ...others, children));
    stage.next = preparedOf(realtime, ...others, children);
    const outcome = supervisor.reload();
    await clock.settle();
    assert.deepEqual([...others.map(({ lane }) => hasReload(lane)), hasReload('realtime')], [true, true, true, false]);
    for (const { lane } of others.slice(1)) stage.answerReload(lane);
    await clock.advance(19_000);
    assert.equal(hasReload('realtime'), false, 'the last one is still waited for');
    await clock.advance(1000);
    stage.answerReload();
    await clock.settle();
    the('extension:finder').end(undefined);
    const result = await clock.drive(outcome);
    assert.ok(!result.ok && /extension:a lane did not answer to the reload/.test(result.reason));
  });

  it('goes on with the others where one lane cannot follow, says so, and tries again at the next reload', async () => {
    startBoth();
    const other = planOf('extension:other', 'extension', 'other');
    stage.next = preparedOf(realtime, extension, other);
    stage.unmakeable.add('other');
    const failing = supervisor.reload();
    await clock.settle();
    stage.answerReload('extension');
    await clock.advance(6000);
    stage.answerReload();
    const result = await clock.drive(failing);
    assert.ok(!result.ok && /extension:other lane did not follow \(no memory\)/.test(result.reason), JSON.stringify(result));
    stage.unmakeable.clear();
    const again = supervisor.reload();
    await clock.settle();
    stage.answerReload('extension');
    await clock.settle();
    ready('extension:other');
    the('extension:other').say({ kind: 'started' });
    await clock.advance(20);
    stage.answerReload();
    assert.equal((await clock.drive(again)).ok, true);
  });

  it('keeps everything when the new configuration has errors', async () => {
    startBoth();
    stage.next = { ...preparedOf(), diagnostics: [{ severity: 'error', code: 'X', message: 'wrong', at }] };
    const outcome = await clock.drive(supervisor.reload());
    assert.equal(outcome.ok, false);
    assert.deepEqual([processes.length, supervisor.generation], [2, 1]);
  });

  it('answers many wishes to reload with one more reload', async () => {
    startBoth();
    stage.next = { ...preparedOf(), diagnostics: [{ severity: 'error', code: 'X', message: 'wrong', at }] };
    const outcomes = [supervisor.reload()];
    await clock.settle();
    outcomes.push(...Array.from({ length: 50 }, () => supervisor.reload()));
    await clock.drive(Promise.all(outcomes));
    assert.equal(new Set(outcomes).size, 2);
  });
});
