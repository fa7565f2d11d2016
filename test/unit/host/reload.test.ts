/** Reload: who is told, absorbed and restart, and what happens on errors (core/runtime/src/host). */
import assert from 'node:assert/strict';
import { loadKeepalivedText } from '@mainstay/core';
import { type Args, type ReconfigureAnswer, s } from '@mainstay/sdk';
import { describe, it } from 'mocha';
import { type HostBench, hostBench, loaded, noting, ready, treeOf } from './host-bench.js';

const strict = { unknownKeywords: 'error' } as const;
const reload = (bench: HostBench, ...lines: string[]) => bench.clock.drive(bench.host.reload(treeOf(...lines), strict));

describe('reload', () => {
  it('tells only the plugins whose part changed', async () => {
    const bench = hostBench();
    const told: string[] = [];
    const plugin = (name: string) =>
      noting(name, [], {
        reconfigure: () => {
          told.push(name);
          return 'absorbed';
        },
      });
    await ready(bench, [plugin('a'), plugin('b')], treeOf('a 1', 'b 1'));
    await bench.host.start();
    await reload(bench, 'b 1', 'a 1');
    assert.deepEqual(told, []);
    assert.deepEqual(await reload(bench, 'a 2', 'b 1'), { ok: true, restarted: [], failed: [], diagnostics: [] });
    assert.deepEqual(told, ['a']);
    await reload(bench, 'a 2');
    assert.deepEqual(told, ['a', 'b']);
  });

  it('counts no place of a block: only what is written in it', async () => {
    const bench = hostBench();
    const told: string[] = [];
    const header = { syntax: 'NAME', json: {}, parse: (args: Args) => args.take()?.text };
    const plugin = noting('a', [], {
      setup({ config }) {
        const inner = s.block({ things: s.plugged('things'), least: s.int(0, 9).default(1) });
        config.plug('things', 'thing', s.block({ size: s.int(0, 9).default(1) }), { some: 'facts' });
        config.headed('outer', header, s.block({ inner: s.headed(header, inner).repeated() }));
      },
      reconfigure: () => {
        told.push('a');
        return 'absorbed';
      },
    });
    const tree = (text: string) => loadKeepalivedText(text, { file: 't', configId: 't' }).tree;
    const text = 'outer a {\n inner b {\n  thing {\n  }\n }\n}\n';
    await ready(bench, [plugin], tree(text));
    await bench.host.start();
    const toldAfter = async (next: string) => {
      const result = await bench.clock.drive(bench.host.reload(tree(next), strict));
      assert.equal(result.ok, true);
      return told.splice(0).length;
    };
    assert.equal(await toldAfter(`# moved\n\n${text}`), 0);
    assert.equal(await toldAfter(text.replace('thing {', 'thing { size 2')), 1);
    assert.equal(await toldAfter(text.replace('thing {', '\n\n thing { size 2')), 0);
    assert.equal(await toldAfter(text.replace('inner b', 'inner c')), 1);
    assert.equal(await toldAfter(text.replace('inner b', 'inner c').replace('thing {', 'thing {\n}\nthing {')), 1);
    assert.equal(await toldAfter(text), 1);
  });

  it('restarts a plugin that asks for it, throws, hangs, answers nonsense or cannot reconfigure', async () => {
    const answers: Readonly<Record<string, (() => ReconfigureAnswer | Promise<ReconfigureAnswer>) | undefined>> = {
      asks: () => 'restart',
      throws: () => {
        throw new Error('bad moment');
      },
      hangs: () => new Promise(() => {}),
      nonsense: () => 'perhaps' as never,
      cannot: undefined,
    };
    for (const [name, reconfigure] of Object.entries(answers)) {
      const bench = hostBench();
      const steps: string[] = [];
      const given = noting(name, steps);
      const { reconfigure: _, ...rest } = given.plugin;
      const plugin = loaded({ ...rest, ...(reconfigure && { reconfigure }) });
      await ready(bench, [plugin], treeOf(`${name} 1`));
      await bench.host.start();
      assert.deepEqual(await reload(bench, `${name} 2`), { ok: true, restarted: [name], failed: [], diagnostics: [] });
      assert.deepEqual(steps, [`${name} start`, `${name} stop restart`, `${name} start`]);
      assert.equal(bench.host.plugins()[0]?.state, 'running');
    }
  });

  it('changes nothing when the new configuration is wrong', async () => {
    const bench = hostBench();
    const steps: string[] = [];
    await ready(bench, [noting('a', steps)], treeOf('a 1'));
    await bench.host.start();
    const result = await reload(bench, 'a 1000');
    assert.equal(result.ok, false);
    assert.deepEqual(steps, ['a start']);
    assert.deepEqual(await reload(bench, 'a 1'), { ok: true, restarted: [], failed: [], diagnostics: [] });
  });

  it('keeps the daemon running when a plugin cannot start again, and tries at the next reload', async () => {
    const bench = hostBench();
    const steps: string[] = [];
    let isBroken = false;
    const start = () => {
      steps.push('a start');
      if (isBroken) throw new Error('port taken');
    };
    await ready(bench, [noting('a', steps, { start, reconfigure: () => 'restart' }), noting('b', steps)], treeOf('a 1'));
    await bench.host.start();
    steps.length = 0;
    isBroken = true;
    assert.deepEqual(await reload(bench, 'a 2'), { ok: true, restarted: [], failed: ['a'], diagnostics: [] });
    assert.deepEqual(steps, ['a stop restart', 'a start', 'a stop restart']);
    assert.deepEqual(
      bench.host.plugins().map(({ state }) => state),
      ['failed', 'running'],
    );
    assert.match(
      bench.logs.at(-1)?.message ?? '',
      /plugin a could not start: port taken; it is out of service until the next reload/,
    );
    isBroken = false;
    assert.deepEqual(await reload(bench, 'a 2'), { ok: true, restarted: ['a'], failed: [], diagnostics: [] });
    assert.equal(bench.host.plugins()[0]?.state, 'running');
  });

  it('calls config.reloaded with the next generation, and gives parked plugins another chance', async () => {
    const bench = hostBench();
    const generations: number[] = [];
    await ready(bench, [
      loaded({
        name: 'a',
        setup(app) {
          app.taps.lifecycle('config.reloaded', ({ generation }) => void generations.push(generation));
          app.taps.observe('lane.crashed', () => {
            throw new Error('boom');
          });
        },
      }),
    ]);
    await bench.host.start();
    const crashed = { lane: 'x', pid: 1, cause: 'exit 1', restartInMs: 0, at: 0 };
    for (let i = 0; i < 3; i++) bench.host.bus.callsFor('core').observe('lane.crashed', 'x', crashed);
    assert.deepEqual([bench.host.plugins()[0]?.state, bench.host.plugins()[0]?.parked?.strikes], ['degraded', 3]);
    await reload(bench);
    await bench.clock.drive(bench.host.reload(treeOf(), { ...strict, generation: 9 }));
    await reload(bench);
    assert.deepEqual(generations, [2, 9, 10]);
    assert.deepEqual([bench.host.plugins()[0]?.state, bench.host.plugins()[0]?.parked], ['running', undefined]);
  });

  it('ends early when the daemon must stop', async () => {
    const bench = hostBench();
    const steps: string[] = [];
    const reconfigure = () => new Promise<never>(() => {});
    await ready(bench, [noting('a', steps, { reconfigure })], treeOf('a 1'));
    await bench.host.start();
    const began = bench.clock.now();
    const reloaded = bench.host.reload(treeOf('a 2'), strict);
    await bench.clock.advance(1);
    await bench.clock.drive(bench.host.stop('shutdown'));
    await reloaded;
    assert.equal(bench.clock.now() - began, 1);
    assert.equal(steps.at(-1)?.startsWith('a stop'), true);
    assert.equal(steps.filter((s) => s.includes('start')).length, steps.filter((s) => s.includes('stop')).length);
  });
});
