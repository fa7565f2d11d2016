/** Loading, grants, children and status of plugins (core/runtime/src/host/host.ts). */
import assert from 'node:assert/strict';
import { type App, definePlugin, type Run, s, type Taps } from '@mainstay/sdk';
import { describe, it } from 'mocha';
import { hostBench, loaded, noting, ready, treeOf } from './host-bench.js';

const transition = {
  instance: 'VI_1',
  interface: 'eth0',
  virtualRouterId: 1,
  family: 4,
  from: 'backup',
  to: 'master',
  reason: 'master-down',
  detail: '',
  priority: 100,
  at: 0,
} as const;

describe('loading plugins', () => {
  const refused = (code: string, message: RegExp, ...plugins: ReturnType<typeof loaded>[]) =>
    assert.throws(() => hostBench().host.load(plugins), { code, message });

  it('refuses two of one name, names that break the rule, and what is no plugin', () => {
    refused('PLUGIN_DUPLICATE', /two plugins are named a/, loaded({ name: 'a' }), loaded({ name: 'a' }));
    refused('PLUGIN_BAD_EXPORT', /"A b" must be/, loaded({ name: 'A b' }));
    refused('PLUGIN_BAD_EXPORT', /reserved/, loaded({ name: 'core' }));
    refused('PLUGIN_BAD_EXPORT', /start is not a function/, loaded({ name: 'a', start: 5 as never }));
    refused('PLUGIN_BAD_EXPORT', /is not a plugin/, { ...loaded({ name: 'a' }), plugin: { name: 'a', setup() {} } as never });
  });

  it('names the plugin whose setup throws or is asynchronous', () => {
    const boom = () => {
      throw new Error('boom');
    };
    refused('PLUGIN_SETUP_FAILED', /plugin a failed in setup\(\): boom/, loaded({ name: 'a', setup: boom }));
    refused('PLUGIN_SETUP_FAILED', /plugin a: setup\(\) must not be async/, loaded({ name: 'a', setup: async () => boom() }));
    refused(
      'HOOK_UNKNOWN',
      /plugin a/,
      loaded({ name: 'a', setup: ({ taps }) => taps.observe('vrrp.x' as 'vrrp.advert', () => {}) }),
    );
  });

  it('seals what setup was given', () => {
    let app: App | undefined;
    const bench = hostBench();
    bench.host.load([
      loaded({
        name: 'a',
        setup(given) {
          app = given;
        },
      }),
    ]);
    assert.throws(() => app?.taps.observe('vrrp.advert', () => {}), { code: 'HOOK_FROZEN' });
    assert.throws(() => app?.config.root({ x: s.flag() }), { code: 'PLUGIN_SETUP_FAILED' });
    assert.throws(() => app?.config.check(() => {}), { code: 'PLUGIN_SETUP_FAILED' });
  });

  it('reserves keywords of plugins that are not there', () => {
    const bench = hostBench({ reserved: new Map([['virtual_server', 'IPVS']]) });
    bench.host.load([loaded({ name: 'a' })]);
    const [diagnostic] = bench.host.bind(treeOf('virtual_server x'), { unknownKeywords: 'error' });
    assert.match(diagnostic?.message ?? '', /IPVS/);
  });
});

describe('what a plugin is handed', () => {
  it('ports only as its manifest says', async () => {
    const bench = hostBench();
    let run: Run | undefined;
    const start = (given: Run) => {
      run = given;
    };
    await ready(bench, [loaded({ name: 'a', start }, { needs: ['files'] })]);
    await bench.host.start();
    assert.deepEqual(run?.ports.files, { of: 'a' });
    assert.throws(() => run?.ports.links, {
      code: 'PORT_NOT_GRANTED',
      message: /plugin a touched the port "links".*add "links" to "needs"/,
    });
    assert.deepEqual(Object.keys(run?.ports ?? {}), ['files']);
    assert.throws(() => Object.assign(run?.ports ?? {}, { links: 5 }), TypeError);
  });

  it('a log that carries its name, and hooks and leases that know who asks', async () => {
    const bench = hostBench();
    let run: Run | undefined;
    const start = (given: Run) => {
      run = given;
    };
    await ready(bench, [loaded({ name: 'a', start })]);
    await bench.host.start();
    run?.log.warn('hello', { n: 1 });
    assert.deepEqual(bench.logs.at(-1), {
      level: 'warn',
      plugin: 'a',
      message: 'hello',
      fields: { n: 1 },
      at: bench.clock.wall(),
    });
    assert.throws(() => run?.hooks.observe('vrrp.transitioned', 'VI_1', transition), { code: 'HOOK_NOT_OWNER' });
    assert.throws(() => run?.leases.current('vrrp.priority', 'VI_1'), { code: 'HOOK_NOT_OWNER' });
  });

  it('a log that never fails it', async () => {
    const log = () => {
      throw new Error('channel closed');
    };
    const bench = hostBench({ log });
    await ready(bench, [loaded({ name: 'a', start: (run) => run.log.info('hello') })]);
    await bench.host.start();
    assert.equal(bench.host.plugins()[0]?.state, 'running');
  });

  it('a signal that aborts at its stop, before stop is called', async () => {
    const bench = hostBench();
    const seen: boolean[] = [];
    await ready(bench, [
      loaded({
        name: 'a',
        start: ({ signal }) => void seen.push(signal.aborted),
        stop: ({ signal }) => void seen.push(signal.aborted),
      }),
    ]);
    await bench.host.start();
    await bench.host.stop('shutdown');
    assert.deepEqual(seen, [false, true]);
  });

  it('the events of its start once it has started, and those of its restart after it', async () => {
    const bench = hostBench();
    const seen: string[] = [];
    let owner: Run | undefined;
    const tell = (instance: string) => owner?.hooks.observe('vrrp.transitioned', instance, { ...transition, instance });
    const vrrp = loaded({
      name: 'vrrp',
      start(run) {
        owner = run;
        tell('at start');
      },
    });
    let isStarted = false;
    const listener = noting('a', [], {
      setup(app) {
        app.config.root({ a: s.int(0, 9).default(0) });
        app.taps.observe('vrrp.transitioned', ({ instance }) => void seen.push(`${instance} ${isStarted}`));
      },
      async start() {
        tell('while starting');
        await new Promise<void>((resolve) => bench.clock.after(100, resolve));
        isStarted = true;
      },
      stop() {
        isStarted = false;
        tell('while stopping');
      },
      reconfigure: () => 'restart',
    });
    await ready(bench, [vrrp, listener], treeOf('a 1'));
    await bench.clock.drive(bench.host.start());
    assert.deepEqual(seen.splice(0), ['at start true', 'while starting true']);
    await bench.clock.drive(bench.host.reload(treeOf('a 2'), { unknownKeywords: 'error' }));
    assert.deepEqual(seen.splice(0), ['while stopping true', 'while starting true']);
    await bench.host.stop('shutdown');
    assert.deepEqual(seen, []);
  });
});

describe('children', () => {
  it('are found when the configuration is bound, and live like other plugins', async () => {
    const bench = hostBench();
    const seen: string[] = [];
    const child = (name: string) =>
      definePlugin({
        name,
        setup: ({ taps }) => taps.observe('lane.crashed', () => void seen.push(name)),
        start: () => void seen.push(`${name} start`),
      });
    const parent = loaded({ name: 'parent', children: async () => [child('parent:one'), child('parent:two')] });
    await ready(bench, [parent]);
    await bench.host.start();
    bench.host.bus.callsFor('core').observe('lane.crashed', 'x', { lane: 'x', pid: 1, cause: 'exit 1', restartInMs: 0, at: 0 });
    assert.deepEqual(seen, ['parent:one start', 'parent:two start', 'parent:one', 'parent:two']);
    assert.deepEqual(
      bench.host.plugins().map((p) => [p.name, p.parent, p.origin]),
      [
        ['parent', undefined, 'distribution'],
        ['parent:one', 'parent', 'plugin parent'],
        ['parent:two', 'parent', 'plugin parent'],
      ],
    );
  });

  it('may not contribute keywords, hang, or be something else', async () => {
    const late = definePlugin({ name: 'late', setup: ({ config }) => void config.root({ x: s.flag() }) });
    const bring = (children: () => Promise<never>) => ready(hostBench(), [loaded({ name: 'parent', children })]);
    await assert.rejects(
      bring(async () => [late] as never),
      { code: 'PLUGIN_SETUP_FAILED', message: /plugin late declares/ },
    );
    await assert.rejects(
      bring(async () => [{ name: 'x' }] as never),
      { code: 'PLUGIN_BAD_EXPORT' },
    );
    await assert.rejects(
      bring(() => new Promise(() => {})),
      { code: 'PLUGIN_TIMEOUT' },
    );
    await assert.rejects(
      bring(async () => 5 as never),
      { code: 'PLUGIN_SETUP_FAILED', message: /list of plugins/ },
    );
    const boom = () => Promise.reject(new Error('no folder'));
    await assert.rejects(bring(boom), {
      code: 'PLUGIN_SETUP_FAILED',
      message: /plugin parent failed in children\(\): no folder/,
    });
  });
});

describe('status', () => {
  it('gathers the objects and explanations, without those of a plugin that throws', async () => {
    const bench = hostBench();
    const object = { kind: 'thing', name: 'x', state: 'fine', summary: {}, detail: {} };
    const boom = () => {
      throw new Error('boom');
    };
    await ready(bench, [
      loaded({
        name: 'a',
        setup({ status }) {
          status.objects(() => [object]);
          status.explain((name) => (name === 'x' ? { ...object, because: 'so', contributors: [] } : undefined));
        },
      }),
      loaded({
        name: 'b',
        setup({ status }) {
          status.objects(boom);
          status.explain(boom);
        },
      }),
    ]);
    assert.deepEqual(await bench.host.objects(), [object]);
    assert.equal((await bench.host.explain('x'))[0]?.because, 'so');
    assert.deepEqual(await bench.host.explain('y'), []);
    assert.match(bench.logs[0]?.message ?? '', /the status cannot be shown: boom/);
  });

  it('leaves out what is no list and what is no object, and shows the others', async () => {
    const bench = hostBench();
    const object = { kind: 'thing', name: 'x', state: 'fine', summary: {}, detail: {} };
    const answering = (name: string, answer: unknown) =>
      loaded({
        name,
        setup({ status }) {
          status.objects(() => answer as never);
          status.explain(() => (answer === undefined ? null : answer) as never);
        },
      });
    const odd = [undefined, Promise.resolve(undefined), null, 7, 'text'].map((answer, i) => answering(`odd${i}`, answer));
    await ready(bench, [...odd, answering('partly', [null, object, 7])]);
    assert.equal(bench.host.hasObjects, true);
    assert.deepEqual(bench.host.objectsNow(), [object]);
    bench.logs.length = 0;
    assert.deepEqual(await bench.host.objects(), [object]);
    const said = bench.logs.map(({ plugin, message }) => `${plugin}: ${message}`).sort();
    assert.deepEqual(
      said,
      [0, 1, 2, 3, 4].map((i) => `odd${i}: the status cannot be shown: it answers no list`),
    );
    assert.deepEqual(
      (await bench.host.explain('x')).filter((one) => typeof one !== 'object' || one === null),
      [],
    );
  });

  it('shows plugins with their taps', async () => {
    const bench = hostBench();
    const setup = ({ taps }: { taps: Taps }) => taps.observe('lane.crashed', () => {}, { for: 'x', phase: 'late' });
    await ready(bench, [loaded({ name: 'a', setup })]);
    await bench.host.start();
    const [plugin] = bench.host.plugins();
    assert.deepEqual(
      [plugin?.name, plugin?.version, plugin?.lane, plugin?.laneKind, plugin?.state],
      ['a', '1.0.0', 'test', 'realtime', 'running'],
    );
    assert.deepEqual(
      plugin?.taps.map((tap) => [tap.hook, tap.for, tap.phase, tap.position, tap.reason, tap.calls]),
      [['lane.crashed', 'x', 'late', 1, 'phase late; load order', 0]],
    );
  });

  it('verifies, and lives with a plugin that cannot', async () => {
    const bench = hostBench();
    const at = { file: 'test.conf', line: 1, column: 1 };
    const found = { severity: 'warning', code: 'SCRIPT_MISSING', message: 'no script', at } as const;
    await ready(bench, [
      loaded({ name: 'a', verify: async () => [found] }),
      loaded({ name: 'b', verify: async () => Promise.reject(new Error('boom')) }),
    ]);
    const diagnostics = await bench.host.verify();
    assert.deepEqual(diagnostics[0], found);
    assert.deepEqual([diagnostics[1]?.code, diagnostics[1]?.severity], ['PLUGIN_VERIFY_FAILED', 'warning']);
  });
});
