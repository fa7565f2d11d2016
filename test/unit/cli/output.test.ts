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
  moment,
  oneObject,
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
    assert.deepEqual(byKind(objects, 0), [
      'ROUTER  STATE  SIZE  COLOUR\nA       up     1     -\nB       up     -     red\n',
      'SERVER  STATE\nS       up\n',
    ]);
  });

  it('has moments in words, in the columns that the plugin says are moments', () => {
    const objects = [
      { ...object('server', 'S', { last: 8000, size: 8000, next: 13_000 }), moments: ['last', 'next'] },
      { ...object('server', 'T', { last: '-', size: 1, next: Number.NaN }), moments: 5 as never },
    ];
    assert.deepEqual(byKind(objects, 10_000), [
      'SERVER  STATE  LAST    SIZE  NEXT\nS       up     2s ago  8000  in 3s\nT       up     -       1     null\n',
    ]);
  });

  it('tells moments as seen from now', () => {
    const seen = [0, 9501, 9999, 10_499, 10_500, 85_000, null, 'soon'].map((at) => moment(at, 10_000));
    assert.deepEqual(seen, ['10s ago', 'now', 'now', 'now', 'in 1s', 'in 1m 15s', null, 'soon']);
  });

  it('is a line for each field of one object, those of its parts indented', () => {
    const detail = {
      since: 4000,
      plain: ['a', 'b'],
      empty: [],
      none: {},
      checks: [
        { checker: 'A', last_probe: 9000, tags: [1] },
        { checker: 'B\u001b', last_probe: null },
      ],
      last: { why: 'it began', at: 70_000 },
    };
    const one = { ...object('server', 'S', { weight: 1 }), detail, moments: ['since', 'last_probe', 'at'] };
    const text = [
      'server S: up',
      '  weight: 1',
      '  since: 6s ago',
      '  plain: ["a","b"]',
      '  empty: []',
      '  none: {}',
      '  checks:',
      '    - checker: A',
      '      last_probe: 1s ago',
      '      tags: [1]',
      '    - checker: B?',
      '      last_probe: -',
      '  last:',
      '    why: it began',
      '    at: in 1m 0s',
      '',
    ];
    assert.equal(oneObject(one, 10_000), text.join('\n'));
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

  it('explains when each contributor was looked at, where there is such a time', () => {
    const one = { of: 'state', source: 'TCP_CHECK', effect: 'up', why: 'connected', since: 1000 };
    const contributors = [{ ...one, lastAt: 2000, nextAt: 6000 }, one];
    const text = explanationText({ kind: 'k', name: 'n', state: 's', because: 'b', contributors }, 4000);
    const rows = text.split('\n').map((row) => row.replace(/ {2,}/g, '|'));
    assert.deepEqual(rows.slice(2, 5), [
      'OF|SOURCE|EFFECT|SINCE|LAST|NEXT|WHY',
      'state|TCP_CHECK|up|3s ago|2s ago|in 2s|connected',
      'state|TCP_CHECK|up|3s ago|-|-|connected',
    ]);
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
