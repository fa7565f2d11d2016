/** The supervisor's decisions with processes that a test plays, on a virtual clock: order, deadlines, back-off, routing. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'mocha';
import { balance, event, extension, planOf, preparedOf, quorum, realtime, Stage } from './supervisor-stage.js';

describe('the supervisor', () => {
  let stage: Stage;
  let clock: Stage['clock'];
  let processes: Stage['processes'];
  let ends: Stage['ends'];
  let supervisor: Stage['supervisor'];

  function use(made: Stage): void {
    stage = made;
    ({ clock, processes, ends, supervisor } = made);
  }
  const the = (lane: string) => stage.the(lane);
  const kinds = (lane: string) => stage.kinds(lane);
  const ready: Stage['ready'] = (lane, ...hooks) => stage.ready(lane, ...hooks);
  const startBoth: Stage['startBoth'] = (...hooks) => stage.startBoth(...hooks);

  const hasStart = (lane: string) => kinds(lane).includes('start');

  beforeEach(() => use(new Stage()));

  it('lets the realtime lane begin when the others have started', () => {
    void supervisor.start(preparedOf(realtime, extension));
    ready('realtime');
    assert.equal(kinds('realtime').includes('start'), false);
    ready('extension');
    assert.equal(kinds('extension').includes('start'), true);
    assert.equal(kinds('realtime').includes('start'), false);
    the('extension').say({ kind: 'started' });
    assert.equal(kinds('realtime').includes('start'), true);
  });

  it('lets it begin after five seconds when another lane is not ready, and says so', async () => {
    let isUp = false;
    void supervisor.start(preparedOf(realtime, extension)).then(() => (isUp = true));
    ready('realtime');
    await clock.advance(4999);
    assert.equal(kinds('realtime').includes('start'), false);
    await clock.advance(1);
    assert.equal(kinds('realtime').includes('start'), true);
    assert.match(stage.log, /realtime lane starts without extension/);
    the('realtime').say({ kind: 'started' });
    await clock.settle();
    assert.equal(isUp, true);
  });

  it('is up when all have started that act, however long that takes, and says who was not ready in time', async () => {
    for (const plans of [[balance], [realtime, balance]]) {
      use(new Stage());
      let isUp = false;
      void supervisor.start(preparedOf(...plans)).then(() => (isUp = true));
      for (const { lane } of plans) ready(lane);
      await clock.advance(5000);
      assert.match(stage.log, plans.length === 1 ? /not ready in time: balance/ : /realtime lane starts without balance/);
      if (plans.length > 1) the('realtime').say({ kind: 'started' });
      await clock.advance(8000);
      assert.deepEqual([isUp, kinds('balance').includes('start')], [false, true]);
      the('balance').say({ kind: 'started' });
      await clock.settle();
      assert.equal(isUp, true);
    }
  });

  it('waits neither for what balances and has died, which is said, nor for those that hear of it and are late', async () => {
    let isUp = false;
    void supervisor.start(preparedOf(balance, extension)).then(() => (isUp = true));
    ready('balance');
    await clock.advance(5000);
    assert.equal(isUp, false);
    the('balance').end('exit 1');
    await clock.settle();
    assert.equal(isUp, true);
    assert.match(stage.log, /balance lane \(pid \d+\) ended: exit 1; it is started again at once/);
  });

  it('stops what is still starting, and waits until it has ended', async () => {
    void supervisor.start(preparedOf(balance));
    ready('balance');
    let isOver = false;
    const stop = supervisor.stop().then(() => {
      isOver = true;
    });
    await clock.advance(4000);
    assert.deepEqual([kinds('balance').at(-1), isOver, the('balance').signals], ['stop', false, []]);
    the('balance').end(undefined);
    await clock.drive(stop);
    assert.equal(isOver, true);
  });

  it('lets what balances begin when those have started who hear of it, and the realtime lane after that', () => {
    void supervisor.start(preparedOf(realtime, balance, extension));
    for (const lane of ['realtime', 'balance']) ready(lane);
    ready('extension', 'ipvs.quorum');
    assert.deepEqual(['extension', 'balance', 'realtime'].map(hasStart), [true, false, false]);
    the('extension').say({ kind: 'started' });
    assert.deepEqual(['balance', 'realtime'].map(hasStart), [true, false]);
    the('balance').say(quorum('V'));
    the('balance').say({ kind: 'started' });
    assert.deepEqual([hasStart('realtime'), kinds('extension').at(-1)], [true, 'event']);
  });

  it('keeps what happens for a lane that is late, as far as it is known what it will observe', async () => {
    void supervisor.start(preparedOf(balance, { ...extension, observes: ['ipvs.quorum'] }));
    ready('balance');
    await clock.advance(5000);
    assert.match(stage.log, /the balance lane starts without extension: not ready in time/);
    the('balance').say(quorum('V'));
    the('balance').say({ kind: 'started' });
    ready('extension', 'ipvs.quorum');
    the('extension').say({ kind: 'started' });
    assert.equal(kinds('extension').at(-1), 'event');
  });

  it('wants nothing for a lane that turns out to have nothing to do', () => {
    void supervisor.start(preparedOf(balance, { ...extension, observes: ['ipvs.quorum'] }));
    the('extension').say({ kind: 'ready', interest: [], isIdle: true });
    ready('balance');
    const wanted = the('balance').heard.find(({ kind }) => kind === 'interest');
    assert.deepEqual(wanted, { kind: 'interest', interest: [] });
  });

  it('does not wait for a lane that died', () => {
    void supervisor.start(preparedOf(realtime, extension));
    ready('realtime');
    the('extension').end('exit 1');
    assert.equal(kinds('realtime').includes('start'), true);
  });

  it('sends events only to those who observe them, and tells the owner what is wanted', () => {
    startBoth('vrrp.transitioned');
    const wanted = the('realtime').heard.findLast(({ kind }) => kind === 'interest');
    assert.deepEqual(wanted, { kind: 'interest', interest: [{ hook: 'vrrp.transitioned', keys: '*' }] });
    the('realtime').say(event('VI_1'));
    the('realtime').say({ kind: 'event', hook: 'vrrp.advert', key: 'VI_1', payload: {} });
    const events = the('extension').heard.filter(({ kind }) => kind === 'event');
    assert.deepEqual(events, [{ kind: 'event', seq: 1, hook: 'vrrp.transitioned', key: 'VI_1', payload: { key: 'VI_1' } }]);
  });

  it('does not let a plugin speak for a hook of another lane', () => {
    startBoth('vrrp.transitioned');
    the('extension').say(event('forged'));
    supervisor.router.event(
      supervisor.lanes.find(({ name }) => name === 'extension'),
      {
        hook: 'vrrp.transitioned',
        key: 'forged',
        payload: {},
      },
    );
    assert.equal(kinds('realtime').includes('event'), false);
    assert.equal(kinds('extension').includes('event'), false);
  });

  it('loses nothing of a thousand instances that change state at once', () => {
    startBoth('vrrp.transitioned');
    const extension = the('extension');
    for (let i = 0; i < 3000; i++) {
      the('realtime').say(event(String(i)));
      const record = { level: 'info', plugin: 'vrrp', message: `record ${i}.`, at: clock.wall() } as const;
      the('realtime').say({ kind: 'log', record });
    }
    const events = () => extension.heard.filter((message) => message.kind === 'event');
    // Each acknowledgement brings more of them.
    for (const message of extension.heard) if (message.kind === 'event') extension.say({ kind: 'ack', seq: message.seq });
    assert.deepEqual(
      events().map(({ key }) => key),
      Array.from({ length: 3000 }, (_, i) => String(i)),
    );
    assert.equal(stage.log.match(/record \d+\./g)?.length, 3000);
    assert.doesNotMatch(stage.log, /does not keep up|logs too much/);
  });

  it('bounds what waits for a lane that takes nothing', () => {
    startBoth('vrrp.transitioned');
    for (let i = 0; i < 15_000; i++) the('realtime').say(event(String(i)));
    assert.equal(the('extension').heard.filter(({ kind }) => kind === 'event').length, 64);
    const lane = supervisor.lanes.find(({ name }) => name === 'extension');
    assert.deepEqual([lane?.queue.waiting, lane?.queue.dropped], [10_000, 15_000 - 64 - 10_000]);
    assert.match(stage.log, /extension lane does not keep up/);
  });

  it('keeps events for a lane that is on its way back', async () => {
    startBoth('vrrp.transitioned');
    the('extension').end('signal SIGSEGV');
    the('realtime').say(event('while away'));
    await clock.advance(1);
    ready('extension', 'vrrp.transitioned');
    the('extension').say({ kind: 'started' });
    const events = the('extension').heard.filter(({ kind }) => kind === 'event');
    assert.equal(events.length, 1);
  });

  it('starts a lane again with back-off, tells it, and tells those who care', async () => {
    startBoth('lane.crashed');
    the('realtime').end('signal SIGKILL');
    await clock.advance(0);
    const setup = the('realtime').heard[0];
    assert.ok(setup?.kind === 'setup' && setup.setup.facts.isRestart);
    const crash = the('extension').heard.find(({ kind }) => kind === 'event');
    assert.ok(crash?.kind === 'event' && crash.hook === 'lane.crashed');
    assert.deepEqual([crash.key, (crash.payload as { cause: string }).cause], ['realtime', 'signal SIGKILL']);
    the('realtime').end('exit 1');
    const count = processes.length;
    await clock.advance(999);
    assert.equal(processes.length, count);
    await clock.advance(1);
    assert.equal(processes.length, count + 1);
  });

  it('kills a lane that does not answer, and one that holds too much memory', async () => {
    startBoth();
    await clock.advance(30_500);
    assert.deepEqual(the('realtime').signals, []);
    for (const played of processes) assert.equal(played.heard.filter(({ kind }) => kind === 'ping').length, 1);
    await clock.advance(1000);
    assert.match(stage.log, /extension lane \(pid \d+\) ended: unresponsive/);
    stage.log = '';
    stage.memory = 600;
    await clock.advance(1000);
    assert.match(stage.log, /extension lane \(pid \d+\) ended: memory limit/);
    assert.doesNotMatch(stage.log, /realtime lane \(pid \d+\) ended: memory limit/);
  });

  it('keeps a lane that answers', async () => {
    startBoth();
    for (let second = 0; second < 120; second++) {
      await clock.advance(1000);
      for (const lane of ['realtime', 'extension']) the(lane).say({ kind: 'pong', id: 0 });
    }
    assert.equal(processes.length, 2);
  });

  it('passes leases to the owner of the value, again after its restart, and only of plugins that live in the sender', async () => {
    startBoth();
    const lease = {
      kind: 'lease',
      hook: 'vrrp.priority',
      key: 'VI_1',
      plugin: 'teller',
      terms: { delta: -20, ttlMs: 5000, why: 'disk' },
    } as const;
    the('extension').say(lease);
    the('extension').say({ ...lease, plugin: 'somebody' });
    assert.deepEqual(
      the('realtime').heard.filter(({ kind }) => kind === 'lease'),
      [lease],
    );
    await clock.advance(2000);
    the('realtime').end('exit 1');
    await clock.advance(0);
    ready('realtime');
    the('realtime').say({ kind: 'started' });
    const again = the('realtime').heard.find(({ kind }) => kind === 'lease');
    assert.ok(again?.kind === 'lease' && again.terms?.ttlMs === 3000);
  });

  it('stops the realtime lane, drains the events, then stops the others', async () => {
    startBoth('vrrp.transitioned');
    const stopped = supervisor.stop();
    assert.equal(kinds('realtime').includes('stop'), true);
    the('realtime').say(event('last'));
    the('realtime').end(undefined);
    await clock.advance(1000);
    assert.equal(kinds('extension').includes('stop'), false);
    the('extension').say({ kind: 'ack', seq: 1 });
    await clock.advance(20);
    assert.equal(kinds('extension').includes('stop'), true);
    the('extension').end(undefined);
    await clock.drive(stopped);
    assert.equal(processes.length, 2);
  });

  it('stops what balances before those who hear of it', async () => {
    const started = supervisor.start(preparedOf(extension, planOf('balance', 'balance', 'balancer')));
    for (const name of ['extension', 'balance']) {
      ready(name);
      the(name).say({ kind: 'started' });
    }
    await clock.drive(started);
    const stopped = supervisor.stop();
    await clock.advance(1000);
    assert.deepEqual([kinds('balance').includes('stop'), kinds('extension').includes('stop')], [true, false]);
    the('balance').end(undefined);
    await clock.advance(20);
    assert.equal(kinds('extension').includes('stop'), true);
    the('extension').end(undefined);
    await clock.drive(stopped);
  });

  it('waits for no lane longer than child_wait_time', async () => {
    startBoth('vrrp.transitioned');
    const stopped = supervisor.stop();
    the('realtime').say(event('last'));
    the('realtime').end(undefined);
    await clock.drive(stopped, 12_000);
    assert.deepEqual(the('extension').signals, ['SIGKILL']);
    assert.match(stage.log, /events were still on their way to extension/);
  });

  it('lets a lane rest that has nothing to do', async () => {
    void supervisor.start(preparedOf(realtime, extension));
    the('extension').say({ kind: 'ready', interest: [], isIdle: true });
    assert.equal(kinds('extension').includes('stop'), true);
    the('extension').end(undefined);
    await clock.settle();
    assert.equal(supervisor.lanes.find(({ name }) => name === 'extension')?.phase, 'idle');
    ready('realtime');
    assert.equal(kinds('realtime').includes('start'), true);
  });

  it('ends the daemon when the realtime lane cannot start at first, or when nothing may be respawned', () => {
    void supervisor.start(preparedOf(realtime));
    ready('realtime');
    the('realtime').say({
      kind: 'failed',
      phase: 'start',
      failure: { message: 'no such interface', code: 'PLUGIN_START_FAILED' },
    });
    the('realtime').end('exit 1');
    assert.deepEqual(ends, ['1 the realtime lane could not start: no such interface [PLUGIN_START_FAILED]']);
    assert.match(stage.log, /no such interface \[PLUGIN_START_FAILED\]/);
    use(new Stage(true));
    startBoth();
    the('extension').end('exit 3');
    assert.match(ends[0] ?? '', /--dont-respawn/);
  });

  it('begins at once where there is nothing to run', async () => {
    await clock.drive(supervisor.start(preparedOf()));
    assert.equal(clock.now(), 0);
  });

  it('is not harmed by messages without sense', () => {
    startBoth('vrrp.transitioned');
    const interest = { has: () => true, toList: () => [] } as never;
    supervisor.router.listen({
      interest,
      hear: () => {
        throw new Error('a listener');
      },
    });
    for (const nonsense of [
      { kind: 'log' },
      { kind: 'ready' },
      { kind: 'failed' },
      { kind: 'event', hook: 'vrrp.transitioned' },
    ]) {
      the('realtime').say(nonsense as never);
    }
    assert.match(stage.log, /lane:realtime: a message of the kind "log" makes no sense/);
    assert.equal(ends.length, 0);
  });

  it('survives a lane that floods it with log records', async () => {
    startBoth();
    const at = clock.wall();
    for (let i = 0; i < 50_000; i++)
      the('extension').say({ kind: 'log', record: { level: 'info', plugin: 'teller', message: 'spam', at } });
    assert.equal(stage.log.split('spam').length - 1, 10_000);
    await clock.advance(100);
    the('extension').say({ kind: 'log', record: { level: 'info', plugin: 'teller', message: 'later', at } });
    assert.match(stage.log, /extension lane logs too much: 40000 records were dropped/);
  });
});
