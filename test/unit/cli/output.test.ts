/** What the commands print, and what the command line makes of parts and paths. */
import assert from 'node:assert/strict';
import {
  absolute,
  actionList,
  byKind,
  checkCode,
  clean,
  disabledParts,
  duration,
  explanationText,
  line,
  outcomeText,
  overview,
  readArguments,
  table,
  watched,
} from 'mainstay';
import { describe, it } from 'mocha';

const diagnostic = (severity: 'error' | 'warning', code = 'X') => ({
  severity,
  code,
  message: '',
  at: { file: 'f', line: 1, column: 1 },
});

const object = (kind: string, name: string, summary: Readonly<Record<string, string | number>>) => ({
  kind,
  name,
  state: 'up',
  summary,
  detail: {},
});

describe('what the commands print', () => {
  it('stands in columns, without control characters of others', () => {
    assert.equal(
      table(
        ['A', 'LONGER'],
        [
          ['xxxx', null],
          [1, 'y'],
        ],
      ),
      'A     LONGER\nxxxx  -\n1     y\n',
    );
    assert.equal(clean('a\u001b[2Jb\n'), 'a?[2Jb?');
    assert.equal(clean({ a: 1 }), '{"a":1}');
  });

  it('is a table for each kind of object, with the columns that its plugin gives', () => {
    const objects = [object('router', 'A', { size: 1 }), object('server', 'S', {}), object('router', 'B', { colour: 'red' })];
    assert.deepEqual(byKind(objects), [
      'ROUTER  STATE  SIZE  COLOUR\nA       up     1     -\nB       up     -     red\n',
      'SERVER  STATE\nS       up\n',
    ]);
  });

  it('marks a lane that does not answer', () => {
    const lane = {
      lane: 'realtime',
      kind: 'realtime',
      phase: 'started',
      pid: 5,
      restarts: 0,
      plugins: ['p'],
      eventsWaiting: 0,
      eventsDropped: 3,
      answered: false,
    } as const;
    const body = {
      version: '1',
      pid: 4,
      generation: 2,
      files: ['/f'],
      startedAt: 0,
      logRecordsDropped: 0,
      lanes: [lane],
      objects: [],
    };
    assert.match(overview(body, 200_000), /^Mainstay 1, pid 4, up 3m 20s, configuration number 2: \/f\n/);
    assert.match(overview(body, 0), /realtime +not answering +5 +0 +3 +p/);
    const facts = { pacemaker: { warning: 'adverts are paced by timers:\u001b why', isNative: false }, other: null, more: 'x' };
    const warned = overview({ ...body, lanes: [{ ...lane, facts }], objects: [object('router', 'A', {})] }, 0);
    assert.match(warned, / p\n\nrealtime lane: adverts are paced by timers:\? why\n\nROUTER /);
  });

  it('lists what plugins can be asked to do, with the command for it', () => {
    const one = { verb: 'poke', object: 'thing', doc: 'pokes it', plugin: 'p', deadlineMs: 1 };
    const text = actionList([one, { ...one, verb: 'check' }]);
    assert.match(text, /^COMMAND +PLUGIN +DOES\nmainstay poke THING +p +pokes it\nmainstay act check THING +p /);
    assert.match(actionList([]), /no running plugin can be asked/);
  });

  it('tells what came of an action in one line', () => {
    assert.equal(outcomeText({ ok: true, message: 'done\u001b' }), 'done?\n');
    assert.equal(outcomeText({ ok: false, why: 'refused', message: 'no' }), 'mainstay: no\n');
    const unknown = {
      ok: false,
      why: 'unknown-name',
      message: 'no VI_2',
      hint: 'did you mean "VI_1"?',
      names: ['VI_1'],
    } as const;
    assert.equal(outcomeText(unknown), 'mainstay: no VI_2 (did you mean "VI_1"?); there are: VI_1\n');
  });

  it('explains with each contributor', () => {
    const contributors = [{ of: 'priority', source: 'teller', effect: '-20', why: 'the disk is full', since: 1000 }];
    const text = explanationText({ kind: 'k', name: 'n', state: 's', because: 'b', contributors }, 4000);
    assert.match(text, /^k n is s: b\n\nOF +SOURCE +EFFECT +SINCE +WHY\npriority +teller +-20 +3s ago +the disk is full\n$/);
  });

  it('tells durations in two units', () => {
    assert.deepEqual([0, 999, 61_000, 3_600_000, 90_000_000].map(duration), ['0s', '0s', '1m 1s', '1h 0m', '1d 1h']);
  });

  it('shows an event on one line', () => {
    const data = JSON.stringify({ key: 'VI_1', payload: { instance: 'VI_1', to: 'master', at: 0 } });
    assert.equal(line('vrrp.transitioned', data), '1970-01-01T00:00:00.000Z vrrp.transitioned VI_1 to=master\n');
    assert.equal(line('x', 'not json'), 'x not json\n');
  });
});

describe('what the command line means', () => {
  it('watches changes, and the noisy events only by name', () => {
    assert.ok(watched([]).includes('vrrp.transitioned') && !watched([]).includes('vrrp.advert'));
    assert.deepEqual(watched(['vrrp.advert']), ['vrrp.advert']);
    assert.throws(() => watched(['vrrp.priority']), /there is no event "vrrp.priority"/);
  });

  it('switches off the parts that -P, -C and -B leave out', () => {
    const off = (...argv: readonly string[]) => {
      const invocation = readArguments(['-n', ...argv]);
      assert.ok(invocation.kind === 'run');
      return disabledParts(invocation.daemon).map(({ name }) => name);
    };
    assert.deepEqual(off(), []);
    assert.deepEqual(off('-P'), ['load balancing', 'BFD']);
    assert.deepEqual(off('-C'), ['VRRP', 'BFD']);
    assert.deepEqual(off('-P', '-C'), ['BFD']);
    assert.deepEqual(off('-B'), ['BFD']);
  });

  it('holds for a process in another directory', () => {
    const invocation = readArguments(['-f', 'a.conf', '-p', 'x.pid', '-g/var/log/x', '--run-dir', '../run']);
    assert.ok(invocation.kind === 'run');
    const { file, pidFiles, logFile, runDirectory } = absolute(invocation.daemon, '/srv/me');
    assert.deepEqual(
      [file, pidFiles, logFile, runDirectory],
      ['/srv/me/a.conf', { daemon: '/srv/me/x.pid' }, '/var/log/x', '/srv/run'],
    );
  });

  it("gives keepalived's exit codes to a check", () => {
    assert.equal(checkCode([]), 0);
    assert.equal(checkCode([diagnostic('warning')]), 0);
    assert.equal(checkCode([diagnostic('warning'), diagnostic('error')]), 5);
    assert.equal(checkCode([diagnostic('error'), diagnostic('error', 'SCRIPT_SECURITY_WRITABLE')]), 6);
  });
});
