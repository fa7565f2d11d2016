/** Actions in the host: their declaration, and a result whatever the plugin does (core/runtime/src/host/actions.ts). */
import assert from 'node:assert/strict';
import type { Action, ActionPoints } from '@mainstay/sdk';
import { describe, it } from 'mocha';
import { type HostBench, hostBench, loaded, ready } from './host-bench.js';

const poke: Action = {
  verb: 'poke',
  object: 'thing',
  doc: 'pokes it',
  run: (name) => ({ ok: true, message: `${name} was poked` }),
};
const acting = (name: string, ...actions: readonly Action[]) =>
  loaded({
    name,
    setup(app) {
      for (const action of actions) app.actions.declare(action);
    },
    stop: () => {},
  });

async function started(...actions: readonly Action[]): Promise<HostBench> {
  const bench = hostBench();
  await ready(bench, [acting('a', ...actions)]);
  await bench.clock.drive(bench.host.start());
  return bench;
}

async function failed(run: Action['run']): Promise<string> {
  const { clock, host } = await started({ ...poke, run });
  const result = await clock.drive(host.act('poke', 'x'));
  assert.equal(result.ok, false);
  return result.message;
}

describe('declaring an action', () => {
  it('makes it known, with the default deadline', async () => {
    const { host } = await started(poke, { ...poke, verb: 'poke-hard', deadlineMs: 120_000 });
    assert.deepEqual(
      host.actions().map(({ verb, object, doc, plugin, deadlineMs }) => [verb, object, doc, plugin, deadlineMs]),
      [
        ['poke', 'thing', 'pokes it', 'a', 30_000],
        ['poke-hard', 'thing', 'pokes it', 'a', 120_000],
      ],
    );
  });

  it('is refused where the verb is taken, with the names of both plugins', () => {
    const refused = (message: RegExp, ...plugins: ReturnType<typeof loaded>[]) =>
      assert.throws(() => hostBench().host.load(plugins), { code: 'ACTION_DUPLICATE', message });
    refused(/plugins a and b both declare the action "poke"/, acting('a', poke), acting('b', poke));
    refused(/plugin a declares the action "poke"/, acting('a', poke, poke));
  });

  it('is refused where it cannot be used', () => {
    const refused = (message: RegExp, action: Partial<Record<keyof Action, unknown>>) => {
      const plugin = acting('a', { ...poke, ...action } as Action);
      assert.throws(() => hostBench().host.load([plugin]), { code: 'ACTION_BAD_DECLARATION', message });
    };
    for (const verb of ['Poke', '', '-poke', 'poke it', '../x', undefined]) refused(/its verb .* must be/, { verb });
    refused(/"object" must name/, { object: '' });
    refused(/"doc" must be one line/, { doc: 'a\nb' });
    refused(/run is not a function/, { run: 'echo' });
    for (const deadlineMs of [0, -1, 120_001, Number.NaN, '5'])
      refused(/"deadlineMs" must be between 1 and 120000/, { deadlineMs });
  });

  it('is refused after setup', () => {
    let late: ActionPoints | undefined;
    const { host } = hostBench();
    host.load([
      loaded({
        name: 'a',
        setup(app) {
          late = app.actions;
        },
      }),
    ]);
    assert.throws(() => late?.declare(poke), { code: 'ACTION_BAD_DECLARATION', message: /"poke" after setup/ });
  });
});

describe('running an action', () => {
  it('answers what the plugin answers, and nothing more', async () => {
    const extra = { ok: false, message: 'no', hint: 'ask b', unknown: true, junk: () => {} } as const;
    const { clock, host } = await started(poke, { ...poke, verb: 'refuse', run: async () => extra });
    assert.deepEqual(await clock.drive(host.act('poke', 'x')), { ok: true, message: 'x was poked' });
    const refused = await clock.drive(host.act('refuse', 'x'));
    assert.deepEqual(refused, { ok: false, message: 'no', hint: 'ask b', unknown: true });
    const unknown = await host.act('pike', 'x');
    assert.deepEqual(unknown, { ok: false, message: 'no plugin here has the action "pike"', hint: 'did you mean "poke"?' });
  });

  it('is a failed result of its plugin where that throws, rejects or answers nonsense', async () => {
    const boom = () => {
      throw new Error('boom');
    };
    assert.equal(await failed(boom), 'plugin a failed in "poke x": boom');
    assert.equal(await failed(async () => boom()), 'plugin a failed in "poke x": boom');
    for (const nonsense of [undefined, null, 'yes', { ok: 'yes', message: '' }, { ok: true }]) {
      assert.match(await failed(() => nonsense as never), /plugin a failed in "poke x": it answered something else than/);
    }
  });

  it('fails after the deadline, which is logged under the plugin', async () => {
    const { clock, host, logs } = await started({ ...poke, deadlineMs: 2000, run: () => new Promise(() => {}) });
    const before = clock.now();
    const result = await clock.drive(host.act('poke', 'x'));
    assert.equal(clock.now() - before, 2000);
    assert.match(result.message, /^"poke x" of plugin a did not finish in 2 s/);
    assert.match(result.ok ? '' : (result.hint ?? ''), /whether it was done all the same is not known/);
    assert.ok(logs.some(({ level, plugin, message }) => level === 'error' && plugin === 'a' && message.includes('poke x')));
    assert.equal(host.plugins()[0]?.state, 'running');
  });

  it('is possible only while the plugin runs', async () => {
    const bench = hostBench();
    const { clock, host } = bench;
    await ready(bench, [acting('a', poke)]);
    assert.match((await host.act('poke', 'x')).message, /plugin a does not run \(it is loaded\), so it cannot poke x/);
    await clock.drive(host.start());
    await clock.drive(host.stop('shutdown'));
    assert.match((await host.act('poke', 'x')).message, /plugin a does not run \(it is stopped\)/);
  });

  it('ends with the stop of its plugin, which waits for none', async () => {
    const { clock, host, logs } = await started({ ...poke, run: () => new Promise(() => {}) });
    const acting = host.act('poke', 'x');
    await clock.drive(host.stop('shutdown'));
    assert.deepEqual(await acting, { ok: false, message: 'plugin a was stopped before "poke x" had finished' });
    assert.deepEqual(logs, []);
  });
});
