/** The supervisor's decisions with processes that a test plays, on a virtual clock: order, deadlines, back-off, routing. */
import assert from 'node:assert/strict';
import {
  type FromLane,
  type LanePlan,
  type LaneProcessListener,
  Logger,
  type Prepared,
  Supervisor,
  type ToLane,
} from '@mainstay/core';
import type { LaneKind } from '@mainstay/sdk';
import { createVirtualClock } from '@mainstay/testing';
import { beforeEach, describe, it } from 'mocha';

interface Played {
  readonly lane: string;
  readonly pid: number;
  readonly heard: ToLane[];
  readonly signals: string[];
  say(message: FromLane): void;
  end(cause?: string): void;
}

const settings = { childWaitMs: 5000, laneMemoryMiB: 512, laneHeartbeatSeconds: 30, consent: [] };
const at = { file: 't', line: 1, column: 1 };

function planOf(lane: string, laneKind: LaneKind, plugin: string, hasChildren = false): LanePlan {
  const manifest = { api: '^0.1.0', lane: laneKind, needs: [] };
  return {
    lane,
    laneKind,
    schemaOf: [],
    hasChildren,
    plugins: [{ name: plugin, entry: `/${plugin}`, version: '1', origin: 't', manifest }],
  };
}

const realtime = planOf('realtime', 'realtime', 'vrrp');
const extension = planOf('extension', 'extension', 'teller');

function preparedOf(...plans: readonly LanePlan[]): Prepared {
  return { tree: { files: ['t'], statements: [] }, diagnostics: [], remarks: [], plans, settings };
}

describe('the supervisor', () => {
  let clock: ReturnType<typeof createVirtualClock>;
  let processes: Played[];
  let log: string;
  let memory: number;
  let ends: string[];
  let next: Prepared;
  let supervisor: Supervisor;

  function make(dontRespawn = false): Supervisor {
    const write = (bytes: Uint8Array) => {
      log += Buffer.from(bytes).toString();
      return bytes.length;
    };
    return new Supervisor({
      prepare: async () => next,
      spawn: (plan, _limits, listener) => play(plan, listener),
      memoryOf: async () => memory,
      clock,
      logger: new Logger({ least: 'debug', pid: 1, now: () => clock.wall(), lines: [{ write, format: 'console' }] }),
      configDirectory: () => '/',
      keepAddressesAtExit: false,
      dontRespawn,
      readyWithinMs: 5000,
      laneProcess: () => {},
      fatal: (code, why) => ends.push(`${code} ${why}`),
    });
  }

  function play(plan: LanePlan, listener: LaneProcessListener) {
    const heard: ToLane[] = [];
    const signals: string[] = [];
    const pid = 100 + processes.length;
    const played: Played = {
      lane: plan.lane,
      pid,
      heard,
      signals,
      say: (message) => listener.message(message),
      end: (cause) => listener.exited(cause),
    };
    processes.push(played);
    return {
      pid,
      send: (message: ToLane) => void heard.push(message),
      kill: (signal: string) => {
        signals.push(signal);
        listener.exited(`signal ${signal}`);
      },
    };
  }

  const the = (lane: string): Played => {
    const found = processes.findLast((played) => played.lane === lane);
    assert.ok(found !== undefined, `no ${lane} process`);
    return found;
  };
  const kinds = (lane: string) => the(lane).heard.map(({ kind }) => kind);
  const interest = (hook: 'vrrp.transitioned' | 'lane.crashed') => [{ hook, keys: '*' as const }];
  const ready = (lane: string, ...hooks: ('vrrp.transitioned' | 'lane.crashed')[]) =>
    the(lane).say({ kind: 'ready', interest: hooks.flatMap(interest), isIdle: false });
  const event = (key: string): FromLane => ({ kind: 'event', hook: 'vrrp.transitioned', key, payload: { key } });

  function startBoth(...hooks: ('vrrp.transitioned' | 'lane.crashed')[]): void {
    void supervisor.start(preparedOf(realtime, extension));
    ready('extension', ...hooks);
    the('extension').say({ kind: 'started' });
    ready('realtime');
    the('realtime').say({ kind: 'started' });
  }

  beforeEach(() => {
    clock = createVirtualClock();
    processes = [];
    log = '';
    memory = 50;
    ends = [];
    next = preparedOf(realtime, extension);
    supervisor = make();
  });

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
    assert.match(log, /realtime lane starts without extension/);
    the('realtime').say({ kind: 'started' });
    await clock.settle();
    assert.equal(isUp, true);
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

  it('bounds what waits for a lane that takes nothing', () => {
    startBoth('vrrp.transitioned');
    for (let i = 0; i < 5000; i++) the('realtime').say(event(String(i)));
    assert.equal(the('extension').heard.filter(({ kind }) => kind === 'event').length, 64);
    const lane = supervisor.lanes.find(({ name }) => name === 'extension');
    assert.deepEqual([lane?.queue.waiting, lane?.queue.dropped], [1000, 5000 - 64 - 1000]);
    assert.match(log, /extension lane does not keep up/);
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
    assert.match(log, /extension lane \(pid \d+\) ended: unresponsive/);
    log = '';
    memory = 600;
    await clock.advance(1000);
    assert.match(log, /extension lane \(pid \d+\) ended: memory limit/);
    assert.doesNotMatch(log, /realtime lane \(pid \d+\) ended: memory limit/);
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

  it('waits for no lane longer than child_wait_time', async () => {
    startBoth('vrrp.transitioned');
    const stopped = supervisor.stop();
    the('realtime').say(event('last'));
    the('realtime').end(undefined);
    await clock.drive(stopped, 12_000);
    assert.deepEqual(the('extension').signals, ['SIGKILL']);
    assert.match(log, /events were still on their way to extension/);
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
    assert.match(log, /no such interface \[PLUGIN_START_FAILED\]/);
    supervisor = make(true);
    startBoth();
    the('extension').end('exit 3');
    assert.match(ends[1] ?? '', /--dont-respawn/);
  });

  it('reloads lanes in place, and restarts those with children or other plugins', async () => {
    const withChildren = planOf('extension:finder', 'extension', 'finder', true);
    void supervisor.start(preparedOf(realtime, extension, withChildren));
    for (const lane of ['extension', 'extension:finder', 'realtime']) {
      ready(lane);
      the(lane).say({ kind: 'started' });
    }
    const newer = { ...extension, plugins: extension.plugins.map((p) => ({ ...p, version: '2' })) };
    next = preparedOf(realtime, newer, withChildren);
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

  const withBlocks = (prepared: Prepared, ...names: readonly string[]): Prepared => ({
    ...prepared,
    tree: {
      files: ['t'],
      statements: names.map((name) => ({ keyword: { text: 'thing', at }, args: [{ text: name, at }] })),
    } as never,
  });
  const keysHeard = (played: Played) => played.heard.flatMap((message) => (message.kind === 'event' ? [message.key] : []));
  function acknowledge(played: Played): void {
    for (const message of played.heard) if (message.kind === 'event') played.say({ kind: 'ack', seq: message.seq });
  }
  function answerReload(): void {
    const message = the('realtime').heard.at(-1);
    assert.ok(message?.kind === 'reload');
    the('realtime').say({ kind: 'reloaded', id: message.id, answer: { ok: true, restarted: [], failed: [] } });
  }

  it('keeps a lane that goes until it has heard the last of what was removed', async () => {
    void supervisor.start(withBlocks(preparedOf(realtime, extension), 'A', 'B'));
    ready('extension', 'vrrp.transitioned');
    the('extension').say({ kind: 'started' });
    ready('realtime');
    the('realtime').say({ kind: 'started' });
    next = withBlocks(preparedOf(realtime), 'A');
    const outcome = supervisor.reload();
    await clock.settle();
    the('realtime').say(event('B'));
    answerReload();
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
    next = withBlocks(preparedOf(realtime, finder), 'A', 'C');
    const outcome = supervisor.reload();
    await clock.settle();
    const old = the('extension');
    for (const key of ['B', 'C', 'A']) the('realtime').say(event(key));
    answerReload();
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
    next = preparedOf(realtime, { ...planOf('extension', 'extension', 'other'), observes: ['vrrp.transitioned'] });
    const outcome = supervisor.reload();
    await clock.settle();
    the('realtime').say(event('A'));
    answerReload();
    await clock.settle();
    the('extension').end(undefined);
    await clock.drive(outcome);
    ready('extension', 'vrrp.transitioned');
    the('extension').say({ kind: 'started' });
    assert.deepEqual(keysHeard(the('extension')), ['A']);
  });

  it('makes the realtime lane wait for a lane that a reload adds', async () => {
    void supervisor.start(preparedOf(realtime));
    ready('realtime');
    the('realtime').say({ kind: 'started' });
    next = preparedOf(realtime, extension);
    const outcome = supervisor.reload();
    await clock.settle();
    assert.equal(kinds('realtime').includes('reload'), false);
    ready('extension', 'vrrp.transitioned');
    the('extension').say({ kind: 'started' });
    await clock.advance(20);
    answerReload();
    assert.equal((await clock.drive(outcome)).ok, true);
  });

  it('starts no process when the daemon stops in the middle of a reload', async () => {
    startBoth();
    next = preparedOf(realtime, planOf('extension', 'extension', 'other'));
    const outcome = supervisor.reload();
    await clock.settle();
    answerReload();
    await clock.settle();
    const stopped = supervisor.stop();
    the('realtime').end(undefined);
    the('extension').end(undefined);
    await clock.drive(Promise.all([outcome, stopped]));
    assert.equal(processes.length, 2);
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
    assert.match(log, /lane:realtime: a message of the kind "log" makes no sense/);
    assert.equal(ends.length, 0);
  });

  it('keeps everything when the new configuration has errors', async () => {
    startBoth();
    next = { ...preparedOf(), diagnostics: [{ severity: 'error', code: 'X', message: 'wrong', at }] };
    const outcome = await clock.drive(supervisor.reload());
    assert.equal(outcome.ok, false);
    assert.deepEqual([processes.length, supervisor.generation], [2, 1]);
  });

  it('answers many wishes to reload with one more reload', async () => {
    startBoth();
    next = { ...preparedOf(), diagnostics: [{ severity: 'error', code: 'X', message: 'wrong', at }] };
    const outcomes = [supervisor.reload()];
    await clock.settle();
    outcomes.push(...Array.from({ length: 50 }, () => supervisor.reload()));
    await clock.drive(Promise.all(outcomes));
    assert.equal(new Set(outcomes).size, 2);
  });

  it('survives a lane that floods it with log records', async () => {
    startBoth();
    const at = clock.wall();
    for (let i = 0; i < 50_000; i++)
      the('extension').say({ kind: 'log', record: { level: 'info', plugin: 'teller', message: 'spam', at } });
    assert.equal(log.split('spam').length - 1, 2000);
    await clock.advance(100);
    the('extension').say({ kind: 'log', record: { level: 'info', plugin: 'teller', message: 'later', at } });
    assert.match(log, /extension lane logs too much: 48000 records were dropped/);
  });
});
