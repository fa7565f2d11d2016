/** A lane from the inside, with a host that a test plays: its phases, and a stop in the middle of each. */
import assert from 'node:assert/strict';
import { Attribution, describeStray, type FromLane, Lane, type LaneHost, LineCutter, maySurvive } from '@mainstay/core';
import { beforeEach, describe, it } from 'mocha';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('a lane', () => {
  let sent: FromLane['kind'][];
  let isCleared: boolean | undefined;
  let exits: number[];
  let calls: string[];
  let finish: Partial<Record<string, (error?: Error) => void>>;
  let lane: Lane;

  beforeEach(setUp);

  function setUp(): void {
    sent = [];
    exits = [];
    calls = [];
    finish = {};
    const step = (name: string) => () => {
      calls.push(name);
      return new Promise<never>((resolve, reject) => {
        finish[name] = (error) => (error === undefined ? resolve(undefined as never) : reject(error));
      });
    };
    const host = {
      setUp: step('setUp'),
      start: step('start'),
      reload: step('reload'),
      stop: (why: string) => step(`stop ${why}`)(),
      withdraw: async () => {
        calls.push('withdraw');
        return true;
      },
      deliver: step('deliver'),
      interest: () => [],
      actions: () => [],
      checkers: () => [],
      isIdle: () => false,
    } as unknown as LaneHost;
    const send = (message: FromLane) => {
      sent.push(message.kind);
      if (message.kind === 'stopped') ({ isCleared } = message);
    };
    lane = new Lane(host, { send, exit: (code) => void exits.push(code) });
  }

  async function begin(): Promise<void> {
    lane.receive({ kind: 'setup', setup: {} as never });
    lane.receive({ kind: 'start' });
    await turn();
    finish.setUp?.();
    await turn();
  }

  it('says that it is ready, then that it has started', async () => {
    await begin();
    assert.deepEqual(sent, ['ready']);
    finish.start?.();
    await turn();
    assert.deepEqual(sent, ['ready', 'started']);
  });

  it('stops at once in the middle of a start that hangs', async () => {
    await begin();
    lane.stop('shutdown');
    await turn();
    assert.deepEqual(calls, ['setUp', 'start', 'stop shutdown']);
    finish.start?.(new Error('given up'));
    finish['stop shutdown']?.();
    await turn();
    assert.deepEqual([sent, exits], [['ready', 'stopped'], [0]]);
  });

  it('takes back what is left where it stops for good, and says whether all of it was', async () => {
    await begin();
    lane.receive({ kind: 'stop', why: 'shutdown' });
    finish['stop shutdown']?.();
    await turn();
    assert.deepEqual([calls.slice(2), isCleared], [['stop shutdown', 'withdraw'], true]);
  });

  it('leaves it where it only starts anew, could not stop, or is not stopped by the supervisor', async () => {
    for (const [why, failure, bySignal] of [
      ['restart'],
      ['shutdown', new Error('it fails')],
      ['shutdown', undefined, true],
    ] as const) {
      setUp();
      await begin();
      if (bySignal) lane.stop(why);
      else lane.receive({ kind: 'stop', why });
      finish[`stop ${why}`]?.(failure);
      await turn();
      assert.deepEqual([calls.slice(2), isCleared, exits], [[`stop ${why}`], false, [0]]);
    }
  });

  it('never starts after a stop that came while it loaded', async () => {
    lane.receive({ kind: 'setup', setup: {} as never });
    lane.receive({ kind: 'start' });
    await turn();
    lane.stop('shutdown');
    finish.setUp?.();
    finish['stop shutdown']?.();
    await turn();
    assert.deepEqual([calls, sent, exits], [['setUp', 'stop shutdown'], ['stopped'], [0]]);
  });

  it('ends with its failure where it cannot start', async () => {
    await begin();
    finish.start?.(new Error('no such interface'));
    await turn();
    assert.deepEqual([sent, exits], [['ready', 'failed'], [1]]);
  });
});

describe('errors that nobody caught', () => {
  const thrown = (file: string) =>
    Object.assign(new Error('oops'), { stack: `Error: oops\n    at f (node:internal/x:1:1)\n    at g (file://${file}:3:9)` });
  const attribution = new Attribution([
    { name: 'vrrp', entry: '/opt/mainstay/vrrp/index.js', origin: 'distribution' },
    { name: 'site', entry: '/opt/mainstay/site/index.js', origin: '/etc/mainstay.conf:1:1' },
  ]);

  it('are of the plugin whose file stands first in the stack', () => {
    assert.deepEqual(attribution.culpritOf(thrown('/opt/mainstay/site/index.js')), { plugin: 'site', isAdded: true });
    assert.deepEqual(attribution.culpritOf(thrown('/opt/mainstay/vrrp/index.js')), { plugin: 'vrrp', isAdded: false });
    assert.equal(attribution.culpritOf(thrown('/opt/mainstay/site-other/index.js')), undefined);
    for (const odd of [undefined, null, 'text', {}, new Proxy({}, {})]) assert.equal(attribution.culpritOf(odd), undefined);
  });

  it('are shown with their place', () => {
    assert.equal(describeStray(thrown('/x/y.js')), 'oops (at /x/y.js:3:9)');
    assert.equal(describeStray('text'), 'text');
  });

  it('spare the realtime lane only where its own plugins had no part', () => {
    const site = { plugin: 'site', isAdded: true };
    assert.equal(maySurvive('realtime', site), true);
    assert.equal(maySurvive('realtime', { plugin: 'vrrp', isAdded: false }), false);
    assert.equal(maySurvive('realtime', undefined), false);
    assert.equal(maySurvive('extension', site), false);
  });
});

describe('lines out of pieces', () => {
  const cut = (longest: number, ...pieces: readonly string[]) => {
    const lines: string[] = [];
    const cutter = new LineCutter((line) => lines.push(line), longest);
    for (const piece of pieces) cutter.push(piece);
    cutter.end();
    return lines;
  };

  it('are whole, bounded, and the last needs no end', () => {
    assert.deepEqual(cut(100, 'a', 'b\nc\r\n', '', '\nlast'), ['ab', 'c', '', 'last']);
    assert.deepEqual(cut(4, 'abcdefgh', 'ijkl\nabcd\n', 'x'), ['abcd...', 'abcd', 'x']);
  });
});
