/** A reload that moves plugins from one lane to another: what they have in the kernel stays there, and never are two processes at work on it. */
import assert from 'node:assert/strict';
import { type LanePlan, movesOf, type Prepared } from '@mainstay/core';
import type { LaneKind, PortName } from '@mainstay/sdk';
import { beforeEach, describe, it } from 'mocha';
import { event, extension, leaves, type Played, planOf, preparedOf, realtime, Stage, withBlocks } from './supervisor-stage.js';

function planned(lane: string, laneKind: LaneKind, facts: { needs?: readonly PortName[]; leaves?: string }, ...names: string[]) {
  const plugins = names.flatMap((name) =>
    planOf(lane, laneKind, name).plugins.map((plugin) => ({ ...plugin, manifest: { ...plugin.manifest, ...facts } })),
  );
  return { ...planOf(lane, laneKind, ''), plugins } satisfies LanePlan;
}

const facts = { needs: ['checks'], leaves } as const;
const shared = planned('balance', 'balance', facts, 'ipvs');
const alone = planned('balance:ipvs', 'balance', facts, 'ipvs');
const health = planned('health', 'health', {}, 'checker');

describe('a plugin that a reload moves', () => {
  let stage: Stage;
  let clock: Stage['clock'];
  let supervisor: Stage['supervisor'];

  beforeEach(() => {
    stage = new Stage();
    ({ clock, supervisor } = stage);
  });

  const countOf = (lane: string) => stage.processes.filter((played) => played.lane === lane).length;
  const stopOf = ({ heard }: Played) => heard.flatMap((message) => (message.kind === 'stop' ? [message.why] : []));
  const setupOf = ({ heard }: Played) => {
    const [first] = heard;
    assert.ok(first?.kind === 'setup');
    return first.setup;
  };
  const namesIn = (tree: { statements: readonly { args: readonly { text: string }[] }[] }) =>
    tree.statements.map(({ args }) => args[0]?.text);
  const lanes = () => supervisor.lanes.map(({ name }) => name);

  function startWith(prepared: Prepared): void {
    void supervisor.start(prepared);
    for (const { lane } of prepared.plans.toReversed()) {
      stage.the(lane).say({ kind: 'ready', interest: [], isIdle: false, checkers: lane === 'health' ? ['X_CHECK'] : [] });
      stage.the(lane).say({ kind: 'started' });
    }
  }
  const order = { isFirst: true, isLast: true, put: [], drop: [] };
  const ask = (lane: string) => stage.the(lane).say({ kind: 'checks', lane: 'health', plugin: 'ipvs', order });
  const ordersAt = (lane: string) => stage.the(lane).heard.filter(({ kind }) => kind === 'checks').length;

  for (const [from, to] of [
    [shared, alone],
    [alone, shared],
  ] as const) {
    it(`from ${from.lane} to ${to.lane} leaves its table and its checks as they are`, async () => {
      startWith(withBlocks(preparedOf(from, health), 'A'));
      ask(from.lane);
      stage.next = withBlocks(preparedOf(to, health), 'A');
      const outcome = supervisor.reload();
      await clock.settle();
      stage.answerReload('health');
      await clock.settle();
      assert.deepEqual(
        [stopOf(stage.the(from.lane)), countOf(to.lane)],
        [['restart'], 0],
        'the one ends before the other begins',
      );
      assert.equal(stage.kinds(from.lane).includes('reload'), false, 'nothing of its table goes');
      stage.the(from.lane).end(undefined);
      await clock.settle();
      const young = stage.the(to.lane);
      assert.deepEqual([setupOf(young).facts.isRestart, lanes().includes(from.lane)], [true, false]);
      stage.ready(to.lane);
      young.say({ kind: 'started' });
      assert.ok((await clock.drive(outcome)).ok);
      assert.equal(ordersAt('health'), 1, 'nobody takes the checks back');
      assert.deepEqual(young.heard.at(-1), { kind: 'checkers', lane: 'health', checkers: ['X_CHECK'] });
      ask(to.lane);
      assert.equal(ordersAt('health'), 2);
      stage.the('health').say({ kind: 'checked', plugin: 'ipvs', states: [] });
      assert.equal(young.heard.at(-1)?.kind, 'checked');
      assert.doesNotMatch(stage.log, /may have left/);
    });
  }

  it('goes on in a lane that is there for others, whose process is replaced at the same time', async () => {
    const other = planned('balance', 'balance', {}, 'other');
    const both = planned('balance', 'balance', facts, 'other', 'ipvs');
    startWith(preparedOf(realtime, other, alone));
    stage.next = preparedOf(realtime, both);
    const outcome = supervisor.reload();
    await clock.settle();
    const [old, former] = [stage.the('balance'), stage.the('balance:ipvs')];
    assert.deepEqual([old, former].map(stopOf), [['restart'], ['restart']]);
    old.end(undefined);
    await clock.settle();
    assert.equal(countOf('balance'), 1, 'it waits for both');
    former.end(undefined);
    await clock.settle();
    assert.equal(setupOf(stage.the('balance')).plugins.length, 2);
    stage.ready('balance');
    stage.the('balance').say({ kind: 'started' });
    await clock.advance(20);
    stage.answerReload();
    const result = await clock.drive(outcome);
    assert.ok(result.ok);
    assert.deepEqual([result.restartedLanes, lanes()], [['balance'], ['realtime', 'balance']]);
  });

  it('ends in the realtime lane before a lane of its own begins with it, and the other way round', async () => {
    const both = planned('realtime', 'realtime', {}, 'vrrp', 'bfd');
    const own = planned('realtime:vrrp', 'realtime', {}, 'vrrp');
    const rest = planned('realtime', 'realtime', {}, 'bfd');
    startWith(preparedOf(both));
    stage.next = preparedOf(own, rest);
    const apart = supervisor.reload();
    await clock.settle();
    assert.deepEqual([stopOf(stage.the('realtime')), countOf('realtime:vrrp')], [['restart'], 0]);
    assert.match(stage.log, /realtime lane is restarted .*masters on this host yield/);
    stage.the('realtime').end(undefined);
    assert.ok((await clock.drive(apart)).ok);
    assert.deepEqual([countOf('realtime'), countOf('realtime:vrrp')], [2, 1]);
    for (const { lane } of [own, rest]) {
      stage.ready(lane);
      stage.the(lane).say({ kind: 'started' });
    }
    stage.next = preparedOf(both);
    const together = supervisor.reload();
    await clock.settle();
    for (const { lane } of [rest, own]) {
      assert.deepEqual([stopOf(stage.the(lane)), countOf('realtime')], [['restart'], 2]);
      stage.the(lane).end(undefined);
      await clock.settle();
    }
    assert.ok((await clock.drive(together)).ok);
    assert.deepEqual([countOf('realtime'), countOf('realtime:vrrp'), lanes()], [3, 1, ['realtime']]);
  });

  it('knows in its next process what the same reload has removed', async () => {
    startWith(withBlocks(preparedOf(shared), 'A', 'B'));
    stage.next = withBlocks(preparedOf(alone), 'B');
    const outcome = supervisor.reload();
    await clock.settle();
    stage.the('balance').end(undefined);
    await clock.settle();
    const young = stage.the('balance:ipvs');
    assert.deepEqual([namesIn(setupOf(young).tree), setupOf(young).generation], [['A', 'B'], 1]);
    stage.ready('balance:ipvs');
    young.say({ kind: 'started' });
    await clock.advance(20);
    const told = young.heard.at(-1);
    assert.ok(told?.kind === 'reload');
    assert.deepEqual([namesIn(told.tree), told.generation], [['B'], 2]);
    stage.answerReload('balance:ipvs');
    assert.ok((await clock.drive(outcome)).ok);
    assert.doesNotMatch(stage.log, /may have left/);
  });

  it('is taken back by its next process where the daemon stops in between', async () => {
    startWith(withBlocks(preparedOf(shared), 'A'));
    stage.next = withBlocks(preparedOf(alone), 'A');
    const outcome = supervisor.reload();
    await clock.settle();
    const stopped = supervisor.stop();
    stage.the('balance').end(undefined);
    await clock.settle();
    stage.ready('balance:ipvs');
    assert.equal(stage.kinds('balance:ipvs').at(-1), 'stop');
    stage.the('balance:ipvs').say({ kind: 'stopped', isCleared: true });
    stage.the('balance:ipvs').end(undefined);
    await clock.drive(Promise.all([outcome, stopped]));
    assert.equal(countOf('balance:ipvs'), 1);
  });

  it('is said to have failed where its next process cannot be made, and another reload makes it', async () => {
    startWith(preparedOf(shared));
    stage.next = preparedOf(alone);
    stage.unmakeable.add('ipvs');
    const failing = supervisor.reload();
    await clock.settle();
    stage.the('balance').end(undefined);
    const result = await clock.drive(failing);
    assert.ok(!result.ok && result.inPart === 2 && /balance:ipvs lane did not follow \(no memory\)/.test(result.reason));
    stage.unmakeable.clear();
    const again = supervisor.reload();
    await clock.settle();
    stage.ready('balance:ipvs');
    stage.the('balance:ipvs').say({ kind: 'started' });
    assert.ok((await clock.drive(again)).ok);
    assert.equal(countOf('balance:ipvs'), 1);
  });

  it('and only hears of others lives on beside its successor, for what was removed alone', async () => {
    const own = planned('extension:teller', 'extension', {}, 'teller');
    stage.startAll(withBlocks(preparedOf(realtime, extension), 'A', 'B'), 'vrrp.transitioned');
    stage.next = withBlocks(preparedOf(realtime, own), 'A');
    const outcome = supervisor.reload();
    await clock.settle();
    const old = stage.the('extension');
    stage.ready('extension:teller', 'vrrp.transitioned');
    stage.the('extension:teller').say({ kind: 'started' });
    await clock.advance(20);
    for (const key of ['A', 'B']) stage.the('realtime').say(event(key));
    stage.answerReload();
    await clock.settle();
    const keys = ({ heard }: Played) => heard.flatMap((message) => (message.kind === 'event' ? [message.key] : []));
    assert.deepEqual([keys(old), keys(stage.the('extension:teller'))], [['B'], ['A', 'B']], 'no script runs twice');
    for (const message of old.heard) if (message.kind === 'event') old.say({ kind: 'ack', seq: message.seq });
    await clock.advance(20);
    old.end(undefined);
    assert.ok((await clock.drive(outcome)).ok);
    assert.deepEqual(lanes(), ['realtime', 'extension:teller']);
  });

  it('has said what it said: who is reminded later hears it', async () => {
    const observer = planned('extension', 'extension', {}, 'observer');
    const bfd = planned('realtime', 'realtime', {}, 'bfd');
    const own = planned('realtime:bfd', 'realtime', {}, 'bfd');
    startWith(preparedOf(bfd));
    stage.the('realtime').say({ kind: 'event', hook: 'bfd.decided', key: 'S', payload: 1 });
    stage.next = preparedOf(own);
    const moving = supervisor.reload();
    await clock.settle();
    stage.the('realtime').end(undefined);
    assert.ok((await clock.drive(moving)).ok);
    stage.next = preparedOf(own, observer);
    void supervisor.reload();
    await clock.settle();
    stage.ready('extension', 'bfd.decided');
    stage.the('extension').say({ kind: 'started' });
    const heard = stage.the('extension').heard.find(({ kind }) => kind === 'event');
    assert.ok(heard?.kind === 'event' && heard.about === 'reminder' && heard.key === 'S');
  });

  it('joins lanes into one move where they have it in common, in the last turn of them', () => {
    const extra = planned('extension:ipvs', 'extension', facts, 'ipvs');
    const swapped = [planned('a', 'balance', {}, 'p', 'q'), planned('b', 'balance', {}, 'r')];
    const names = (moves: ReturnType<typeof movesOf>) => moves.map(({ lanes: all, turn }) => [[...all].sort().join(' '), turn]);
    assert.deepEqual(names(movesOf([shared, realtime], [alone, realtime])), [['balance balance:ipvs', 1]]);
    assert.deepEqual(names(movesOf([extra], [shared])), [['balance extension:ipvs', 1]], 'it leaves something in the kernel');
    assert.deepEqual(names(movesOf([shared], [planned('realtime', 'realtime', facts, 'vrrp', 'ipvs')])), [
      ['balance realtime', 0],
    ]);
    const swap = [planned('a', 'balance', {}, 'r', 'q'), planned('b', 'balance', {}, 'p')];
    assert.deepEqual(names(movesOf(swapped, swap)), [['a b', 1]]);
    assert.deepEqual(names(movesOf([health], [planned('health:checker', 'health', {}, 'checker')])), []);
    assert.deepEqual(names(movesOf([shared], [])), []);
  });
});
