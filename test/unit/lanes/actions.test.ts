/** An action on its way through supervisor and lane, and the facts of a lane on their way back. */
import assert from 'node:assert/strict';
import { type ActionFacts, type FromLane, Lane, type LaneHost } from '@mainstay/core';
import { beforeEach, describe, it } from 'mocha';
import { extension, preparedOf, realtime, Stage } from './supervisor-stage.js';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const poke: ActionFacts = { verb: 'poke', object: 'thing', doc: 'pokes it', plugin: 'vrrp', deadlineMs: 5000 };
const ready = (...actions: readonly ActionFacts[]): FromLane => ({
  kind: 'ready',
  interest: [],
  isIdle: false,
  actions,
  checkers: [],
});

describe('an action in the supervisor', () => {
  let stage: Stage;
  let clock: Stage['clock'];

  beforeEach(() => {
    stage = new Stage();
    ({ clock } = stage);
    void stage.supervisor.start(preparedOf(realtime, extension));
    stage.the('extension').say(ready());
    stage.the('extension').say({ kind: 'started' });
    stage.the('realtime').say(ready(poke));
  });
  const begun = () => stage.the('realtime').say({ kind: 'started' });
  const asked = () => {
    const message = stage.the('realtime').heard.findLast(({ kind }) => kind === 'act');
    assert.ok(message?.kind === 'act');
    return message;
  };

  it('goes to the lane whose plugin has the verb, and its result comes back and is logged', async () => {
    begun();
    const outcome = stage.supervisor.act('poke', 'x');
    const { id, verb, name } = asked();
    assert.deepEqual([verb, name], ['poke', 'x']);
    assert.equal(stage.kinds('extension').includes('act'), false);
    stage.the('realtime').say({ kind: 'acted', id, result: { ok: true, message: 'x was poked' } });
    assert.deepEqual(await outcome, { ok: true, message: 'x was poked' });
    assert.match(stage.log, /poke x: x was poked/);
    const refused = stage.supervisor.act('poke', 'x');
    stage.the('realtime').say({ kind: 'acted', id: asked().id, result: { ok: false, message: 'no', hint: 'ask b' } });
    assert.deepEqual(await refused, { ok: false, why: 'refused', message: 'no', hint: 'ask b' });
    assert.match(stage.log, /poke x, asked for on the control socket, was not done: no/);
  });

  it('names the objects of its kind where the plugin knows none of that name', async () => {
    begun();
    const outcome = stage.supervisor.act('poke', 'VI_2');
    stage.the('realtime').say({ kind: 'acted', id: asked().id, result: { ok: false, message: 'no VI_2', unknown: true } });
    await clock.settle();
    const objects = ['VI_1', 'other'].map((name, i) => ({
      kind: i === 0 ? 'thing' : 'x',
      name,
      state: '',
      summary: {},
      detail: {},
    }));
    for (const lane of ['realtime', 'extension']) {
      const question = stage.the(lane).heard.findLast(({ kind }) => kind === 'report');
      assert.ok(question?.kind === 'report');
      const report = { objects: lane === 'extension' ? objects : [], plugins: [], taps: [] };
      stage.the(lane).say({ kind: 'reported', id: question.id, report });
    }
    const expected = { ok: false, why: 'unknown-name', message: 'no VI_2', hint: 'did you mean "VI_1"?', names: ['VI_1'] };
    assert.deepEqual(await outcome, expected);
  });

  it('names the verbs that there are where nobody has it, unless a lane has still to say', async () => {
    assert.deepEqual(await stage.supervisor.act('pike', 'x'), {
      ok: false,
      why: 'unknown-verb',
      message: 'no running plugin has the action "pike"',
      hint: 'did you mean "poke"?',
      names: ['poke'],
    });
    const young = new Stage();
    void young.supervisor.start(preparedOf(realtime, extension));
    const early = await young.supervisor.act('poke', 'x');
    assert.ok(!early.ok && early.why === 'unavailable');
    assert.match(early.message, /not every lane has started \(realtime, extension\)/);
  });

  it('is not possible before the lane has started, after it died, and while the daemon stops', async () => {
    const unavailable = async (message: RegExp) => {
      const outcome = await stage.supervisor.act('poke', 'x');
      assert.ok(!outcome.ok && outcome.why === 'unavailable');
      assert.match(outcome.message, message);
    };
    await unavailable(/the realtime lane does not run \(starting\)/);
    begun();
    stage.the('realtime').end('exit 1');
    await unavailable(/the realtime lane does not run \(waiting\)/);
    void stage.supervisor.stop();
    await unavailable(/the daemon is stopping/);
  });

  it('says so where the lane ends in the middle, or does not answer a second after the deadline', async () => {
    begun();
    const dying = stage.supervisor.act('poke', 'x');
    stage.the('realtime').end('exit 1');
    const died = await dying;
    assert.ok(!died.ok && died.why === 'unavailable' && died.hint?.includes('not known'));
    assert.equal(died.message, 'the realtime lane ended in the middle of "poke x"');
    await clock.advance(0);
    stage.the('realtime').say(ready(poke));
    begun();
    let late: string | undefined;
    void stage.supervisor.act('poke', 'x').then(({ message }) => (late = message));
    await clock.advance(5999);
    assert.equal(late, undefined);
    await clock.advance(1);
    assert.equal(late, 'the realtime lane does not answer');
  });

  it('of two plugins that others brought along goes to the first, and the log says so', () => {
    const again = new Stage();
    void again.supervisor.start(preparedOf(realtime, extension));
    again.the('extension').say(ready({ ...poke, plugin: 'teller:a' }));
    again.the('realtime').say(ready(poke));
    assert.match(again.log, /plugins teller:a and vrrp both declare the action "poke"/);
    assert.deepEqual(again.supervisor.actions(), [poke]);
  });
});

describe('an action in a lane', () => {
  let sent: FromLane[];
  let lane: Lane;
  let facts: () => Readonly<Record<string, unknown>> | undefined;

  beforeEach(async () => {
    sent = [];
    facts = () => undefined;
    const host = {
      setUp: async () => {},
      start: async () => {},
      stop: async () => {},
      interest: () => [],
      isIdle: () => false,
      actions: () => [poke],
      checkers: () => [],
      act: async (verb: string, name: string) => ({ ok: true, message: `${verb} ${name}` }),
      objects: () => [],
      plugins: () => [],
      taps: () => [],
      facts: () => facts(),
    } as unknown as LaneHost;
    lane = new Lane(host, { send: (message) => void sent.push(message), exit: () => {} });
    lane.receive({ kind: 'setup', setup: {} as never });
    await turn();
  });
  const act = async () => {
    lane.receive({ kind: 'act', id: 7, verb: 'poke', name: 'x' });
    await turn();
    const answer = sent.findLast(({ kind }) => kind === 'acted');
    assert.ok(answer?.kind === 'acted' && answer.id === 7);
    return answer.result;
  };

  it('is told of when the lane is ready, and possible from its start to its stop', async () => {
    assert.deepEqual(sent, [ready(poke)]);
    assert.match((await act()).message, /"poke x" is not possible: the lane has not started yet/);
    lane.receive({ kind: 'start' });
    await turn();
    assert.deepEqual(await act(), { ok: true, message: 'poke x' });
    lane.stop('shutdown');
    assert.match((await act()).message, /the lane is stopping/);
  });

  it('shares the channel with reports, which carry the facts of the process; those may fail', async () => {
    const report = async () => {
      lane.receive({ kind: 'report', id: 1 });
      await turn();
      const answer = sent.findLast(({ kind }) => kind === 'reported');
      assert.ok(answer?.kind === 'reported');
      return answer.report;
    };
    assert.equal('facts' in (await report()), false);
    facts = () => ({ pacemaker: { warning: 'slow' } });
    assert.deepEqual((await report()).facts, { pacemaker: { warning: 'slow' } });
    facts = () => {
      throw new Error('no idea');
    };
    assert.equal('facts' in (await report()), false);
    assert.ok(sent.some((m) => m.kind === 'log' && m.record.message === 'the facts of this lane cannot be told: no idea'));
  });
});

describe('the facts of a lane', () => {
  it('stand with the lane in the report of the daemon', async () => {
    const stage = new Stage();
    stage.startBoth();
    const report = stage.supervisor.report();
    const question = stage.the('realtime').heard.findLast(({ kind }) => kind === 'report');
    assert.ok(question?.kind === 'report');
    const facts = { pacemaker: { warning: 'slow' } };
    stage.the('realtime').say({ kind: 'reported', id: question.id, report: { objects: [], plugins: [], taps: [], facts } });
    await stage.clock.advance(2500);
    const { lanes, ...rest } = await report;
    assert.deepEqual(
      lanes.map((lane) => [lane.lane, lane.answered, lane.facts]),
      [
        ['realtime', true, facts],
        ['extension', false, undefined],
      ],
    );
    assert.equal('facts' in rest, false);
  });
});
