/** Checkers in a host: how they are defined, that they follow the life of their plugin, and the port to them in one process. */
import assert from 'node:assert/strict';
import {
  type CheckerPoints,
  type CheckerSpec,
  type CheckState,
  type Checks,
  defineChecker,
  down,
  type Fields,
  type Manifest,
  s,
  up,
} from '@mainstay/sdk';
import { describe, it } from 'mocha';
import { request } from '../checks/loop-bench.js';
import { hostBench, loaded, ready, type Spec, treeOf } from './host-bench.js';

const checker = (spec: Partial<CheckerSpec<Fields>> = {}) =>
  defineChecker({ keyword: 'X_CHECK', fields: {}, check: () => up(), ...spec });

const defining = (name: string, checkers: readonly ReturnType<typeof checker>[], manifest: Partial<Manifest> = {}) =>
  loaded({ name, setup: ({ checkers: points }) => void checkers.map((one) => points.define(one)) }, manifest);

describe('a checker in a host', () => {
  const refusals: readonly [string, unknown, RegExp][] = [
    ['is something else', { keyword: 'X_CHECK', fields: {}, check() {} }, /not the result of defineChecker/],
    ['has no keyword', checker({ keyword: 'X CHECK' }), /its keyword "X CHECK" must be a word/],
    ['has both ways of checking', checker({ watch: () => () => {} }), /either check\(\) or watch\(\)/],
    [
      'needs what the manifest does not name',
      checker({ needs: ['tcp'] }),
      /X_CHECK needs tcp, which the mainstay block of the package.json/,
    ],
  ];
  for (const [what, given, message] of refusals) {
    it(`is refused where it ${what}`, async () => {
      await assert.rejects(ready(hostBench(), [defining('p', [given as never])]), { code: 'PLUGIN_SETUP_FAILED', message });
    });
  }

  it('has a keyword that no other has', async () => {
    const two = [defining('p', [checker()]), defining('q', [checker()])];
    await assert.rejects(ready(hostBench(), two), { message: /plugins p and q both define the checker X_CHECK/ });
    await assert.rejects(ready(hostBench(), [defining('p', [checker(), checker()])]), {
      message: /plugin p defines the checker X_CHECK/,
    });
    const bench = hostBench();
    await ready(bench, [defining('p', [checker(), checker({ keyword: 'Y_CHECK' })])]);
    assert.deepEqual(bench.host.checkers(), ['X_CHECK', 'Y_CHECK']);
  });

  it('is where those must be who shape its verdicts: elsewhere they are refused before anything runs', async () => {
    const shaper = (lane: Manifest['lane']) =>
      loaded({ name: 'q', setup: ({ taps }) => taps.shape('checker.verdict', async () => undefined) }, { lane });
    const health = { lane: 'health' } as const;
    await ready(hostBench(), [defining('p', [checker()], health), shaper('health')]);
    await assert.rejects(ready(hostBench(), [defining('p', [checker()], health), shaper('extension')]), {
      code: 'HOOK_WRONG_LANE',
      message: /plugin q taps checker.verdict in the extension lane, and would never be called/,
    });
  });

  it('is defined in setup or never', async () => {
    const bench = hostBench();
    const points: CheckerPoints[] = [];
    await ready(bench, [loaded({ name: 'p', setup: ({ checkers }) => void points.push(checkers) })]);
    assert.throws(() => points[0]?.define(checker()), /plugin p defines a checker after setup/);
  });
});

describe('checks in one process', () => {
  /** A plugin that wants checks, beside one that makes them. */
  async function together(...checks: readonly ReturnType<typeof checker>[]) {
    const bench = hostBench({ laneKind: 'health' });
    const told: CheckState[] = [];
    const ports: Checks[] = [];
    const balancer = loaded(
      {
        name: 'lb',
        start(run) {
          ports.push(run.ports.checks);
          run.ports.checks.watch((states) => told.push(...states));
        },
      },
      { needs: ['checks'] },
    );
    const setup: Spec['setup'] = (app) => {
      app.config.root({ pace: s.int(0, 9).default(0) });
      for (const one of checks) app.checkers.define(one);
    };
    const maker = loaded({ name: 'p', setup, start() {} }, { needs: ['links', 'files'] });
    await ready(bench, [balancer, maker]);
    await bench.clock.drive(bench.host.start());
    const port = ports[0] as Checks;
    const lines = () => told.map(({ id, isUp, reason }) => `${id} ${isUp ? 'up' : 'down'}: ${reason}`);
    return { bench, told, port, lines };
  }

  it('are made for whoever asks at the port, and report themselves', async () => {
    let isUp = true;
    const { bench, lines, port } = await together(checker({ check: () => (isUp ? up('fine') : down('gone')) }));
    port.set([request('a', { timing: { retry: 0 } }), request('b', { initial: 'down' })]);
    await bench.clock.advance(1);
    // That a is up was believed before.
    assert.deepEqual(lines(), ['b up: fine']);
    isUp = false;
    await bench.clock.advance(10_000);
    assert.deepEqual(lines(), ['b up: fine', 'a down: gone']);
    const [report, ...more] = await bench.clock.drive(port.report(['a']));
    assert.deepEqual([report?.probes, report?.failures, report?.isUp, more.length], [2, 1, false, 0]);
    assert.equal((await bench.clock.drive(port.report())).length, 2);
    port.set([]);
    await bench.clock.advance(1);
    assert.deepEqual([await bench.clock.drive(port.report()), bench.clock.pending], [[], 0]);
  });

  it('are told anew to a plugin that starts again, as far as they are other than it believes; nothing is checked anew', async () => {
    const bench = hostBench({ laneKind: 'health' });
    let probes = 0;
    const check = () => {
      probes++;
      return down('gone');
    };
    const told: string[] = [];
    const lives: Checks[] = [];
    const balancer = loaded(
      {
        name: 'lb',
        setup: (app) => void app.config.root({ size: s.int(0, 9).default(0) }),
        async start({ ports: { checks }, clock }) {
          lives.push(checks);
          const life = lives.length;
          checks.watch((states) => told.push(...states.map(({ id, isUp }) => `life ${life}: ${id} ${isUp ? 'up' : 'down'}`)));
          // It has other things to find out first.
          await new Promise<void>((resolve) => clock.after(100, resolve));
          checks.set([request('a'), request('b', { initial: 'down' })]);
        },
      },
      { needs: ['checks'] },
    );
    await ready(bench, [balancer, defining('p', [checker({ check })])]);
    await bench.clock.drive(bench.host.start());
    await bench.clock.advance(1);
    assert.deepEqual(told, ['life 1: a down']);
    await bench.clock.drive(bench.host.reload(treeOf('size 1'), { unknownKeywords: 'error' }));
    await bench.clock.advance(1);
    assert.deepEqual(told, ['life 1: a down', 'life 2: a down']);
    assert.equal(probes, 2);
    lives[1]?.watch((states) => told.push(...states.map(({ id }) => `late: ${id}`)));
    await bench.clock.advance(1);
    assert.equal(told.at(-1), 'late: a');
  });

  it('stop and go on with the plugin of the checker, and with the state that they had', async () => {
    const signals: AbortSignal[] = [];
    const check: CheckerSpec<Fields>['check'] = ({ signal }) => {
      signals.push(signal);
      return signals.length === 2 ? new Promise<never>(() => {}) : up();
    };
    const { bench, lines, port } = await together(checker({ check }));
    port.set([request('a', { initial: 'down' })]);
    await bench.clock.advance(10_500);
    assert.equal(signals[1]?.aborted, false);
    const result = await bench.clock.drive(bench.host.reload(treeOf('pace 5'), { unknownKeywords: 'error' }));
    assert.deepEqual(result.ok && result.restarted, ['p']);
    assert.equal(signals[1]?.aborted, true);
    await bench.clock.advance(1);
    assert.deepEqual([signals.length, lines()], [3, ['a up: it works']]);
    await bench.clock.drive(bench.host.stop('shutdown'));
    await bench.clock.advance(60_000);
    assert.deepEqual([signals.length, bench.clock.pending], [3, 0]);
  });

  it('are seen not to be made, or not to end', async () => {
    const { bench, port } = await together(checker({ check: () => new Promise(() => {}) }));
    port.set([request('a')]);
    await bench.clock.advance(6000);
    const warning = () => (bench.host.checks.facts().checking as { warning?: string }).warning ?? '';
    assert.equal(warning(), 'probes go on although their time is over, and hold what they hold: 1 of p');
    bench.host.checks.end('X_CHECK');
    assert.match(warning(), /^1 probes are not made: the plugin of their checker does not run/);
  });

  it('hand a checker the ports that it needs, and no others', async () => {
    const seen: unknown[] = [];
    const check: CheckerSpec<Fields>['check'] = ({ ports }) => {
      seen.push(ports.links);
      return up(String(ports.files));
    };
    const { bench, lines, port } = await together(checker({ needs: ['links'], check }));
    port.set([request('a')]);
    await bench.clock.advance(1);
    assert.deepEqual(seen, [{ of: 'p' }]);
    assert.deepEqual(lines(), [
      'a down: checker X_CHECK touched the port "files", which it has not been granted (add "files" to "needs" in its defineChecker)',
    ]);
  });

  it('log in the name of the plugin of the checker, and of the server', async () => {
    const check: CheckerSpec<Fields>['check'] = ({ log }) => {
      log.info('hello');
      return down('no');
    };
    const { bench, port } = await together(checker({ check }));
    port.set([request('a')]);
    await bench.clock.advance(1);
    assert.deepEqual(
      bench.logs.map(({ plugin, level, message }) => `${plugin} ${level}: ${message}`),
      ['p info: X_CHECK of server-a: hello', 'p warn: X_CHECK of server-a in 192.0.2.100:80 is down: no'],
    );
  });

  it('are missed aloud, but once, where nobody has the checker; the facts tell it as long as it is so', async () => {
    const { bench, port } = await together(checker());
    port.set([request('a', { checker: 'Z_CHECK' }), request('b', { checker: 'Z_CHECK' }), request('c')]);
    await bench.clock.advance(60_000);
    port.set([request('a', { checker: 'Z_CHECK' })]);
    await bench.clock.advance(60_000);
    assert.equal(bench.logs.length, 1);
    assert.match(bench.logs[0]?.message ?? '', /no lane runs that has Z_CHECK: these checks are not made/);
    const facts = bench.host.checks.facts()['checks of lb'] as { warning: string };
    assert.match(facts.warning, /1 of 1 checks are not made, and servers keep the state they had: no lane runs that has Z_CHECK/);
  });

  it('are all told of after two seconds at most, whatever plugins answer', async () => {
    const bench = hostBench();
    const object = { kind: 'thing', name: 'x', state: 'fine', summary: {}, detail: {} };
    const later = loaded({
      name: 'later',
      setup({ status }) {
        status.objects(() => new Promise((resolve) => bench.clock.after(1500, () => resolve([object]))));
        status.explain(async (name) => (name === 'x' ? { ...object, because: 'so', contributors: [] } : undefined));
      },
    });
    const never = loaded({ name: 'never', setup: ({ status }) => status.objects(() => new Promise(() => {})) });
    const rejecting = loaded({ name: 'rejecting', setup: ({ status }) => status.objects(() => Promise.reject(new Error('no'))) });
    await ready(bench, [later, never, rejecting]);
    const begun = bench.clock.now();
    assert.deepEqual(await bench.clock.drive(bench.host.objects()), [object]);
    assert.equal(bench.clock.now() - begun, 2000);
    assert.deepEqual(bench.logs.map(({ plugin, message }) => `${plugin}: ${message}`).sort(), [
      'never: the status cannot be shown: its report did not finish in 2 s',
      'rejecting: the status cannot be shown: no',
    ]);
    assert.equal((await bench.host.explain('x'))[0]?.because, 'so');
    assert.deepEqual([bench.host.objectsNow(), bench.host.explainNow('x'), bench.host.hasObjects], [[], [], true]);
  });
});
