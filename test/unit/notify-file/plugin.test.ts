/** Notify hook files through core's own host: loading, filtering, deadlines, failures, reload. */
import assert from 'node:assert/strict';
import { notifyFile } from '@mainstay/notify-file';
import { defineNotify, formatPosition, type NotifyEvent, type VrrpState } from '@mainstay/sdk';
import { SimulatedFiles, SimulatedModules, type TestedPlugin, testPlugin } from '@mainstay/testing';
import { describe, it } from 'mocha';

type Heard = NotifyEvent<'vrrp.transitioned'>;

const folder = '/etc/mainstay/hooks.d';

function start(modules: Readonly<Record<string, unknown>>, config = ''): Promise<TestedPlugin> {
  const texts = Object.fromEntries(Object.keys(modules).map((path) => [path, 'text']));
  const provided = Object.fromEntries(Object.entries(modules).map(([path, value]) => [path, provide(value)]));
  const files = new SimulatedFiles(texts);
  const manifest = { lane: 'extension', needs: ['modules', 'files'] } as const;
  return testPlugin(notifyFile(), { config, files, modules: new SimulatedModules(provided), manifest, laneKind: 'extension' });
}

function provide(value: unknown): () => Readonly<Record<string, unknown>> {
  return () => {
    if (value instanceof Error) throw value;
    return { default: value };
  };
}

function tell({ host }: TestedPlugin, instance: string, to: VrrpState): void {
  const identity = { instance, interface: 'eth0', virtualRouterId: 51, family: 4 } as const;
  const rest = { from: 'backup', reason: 'master-down', detail: '', priority: 100, at: 0 } as const;
  host.bus.deliver('vrrp.transitioned', instance, { ...identity, ...rest, to });
}

const states = (plugin: TestedPlugin) => plugin.status().map(({ name, state }) => `${name} ${state}`);
const said = (plugin: TestedPlugin, pattern: RegExp) => plugin.log.some(({ message }) => pattern.test(message));

describe('notify-file: plugin', () => {
  it('gives each file a plugin of its own that hears typed events with their name', async () => {
    const heard: Heard[] = [];
    const site = defineNotify({ on: ['vrrp.transitioned'], run: (event) => void heard.push(event) });
    const plugin = await start({ [`${folder}/site.ts`]: site });
    tell(plugin, 'VI_1', 'master');
    await plugin.advance(1);
    assert.deepEqual(
      heard.map(({ name, instance, to }) => [name, instance, to]),
      [['vrrp.transitioned', 'VI_1', 'master']],
    );
    assert.ok(plugin.host.plugins().some(({ name }) => name === 'notify-file:site.ts'));
    assert.deepEqual(states(plugin), ['site.ts loaded']);
    assert.equal(plugin.status()[0]?.summary.heard, 1);
  });

  it('loads named files and those of the named folder', async () => {
    const nothing = defineNotify({ on: ['vrrp.transitioned'], run() {} });
    const config = 'notify_hook one.ts\nnotify_hook /srv/two.ts\nnotify_hooks_dir /srv/hooks\n';
    const plugin = await start(
      { '/etc/mainstay/one.ts': nothing, '/srv/two.ts': nothing, '/srv/hooks/three.ts': nothing },
      config,
    );
    assert.deepEqual(states(plugin), ['one.ts loaded', 'two.ts loaded', 'three.ts loaded']);
  });

  it('hears only what its filter lets through', async () => {
    const heard: string[] = [];
    const run = (event: Heard) => void heard.push(`${event.instance} ${event.to}`);
    const exact = defineNotify({ on: ['vrrp.transitioned'], where: { instance: 'VI_1' }, run });
    const prefix = defineNotify({ on: ['vrrp.transitioned'], where: { instance: 'WAN_*', to: 'master' }, run });
    const plugin = await start({ [`${folder}/a.ts`]: exact, [`${folder}/b.ts`]: prefix });
    for (const name of ['VI_1', 'VI_2', 'WAN_1']) for (const to of ['master', 'backup'] as const) tell(plugin, name, to);
    await plugin.advance(1);
    assert.deepEqual(heard, ['VI_1 master', 'VI_1 backup', 'WAN_1 master']);
  });

  it('starts without a file that does not load, and says which and why', async () => {
    const good = defineNotify({ on: ['vrrp.transitioned'], run() {} });
    const plugin = await start({
      [`${folder}/bad.ts`]: new Error(`${folder}/bad.ts:3:7: cannot be loaded: syntax error`),
      [`${folder}/good.ts`]: good,
      [`${folder}/wrong.ts`]: { on: [] },
    });
    assert.deepEqual(states(plugin), ['bad.ts failed', 'good.ts loaded', 'wrong.ts failed']);
    assert.ok(said(plugin, /bad\.ts:3:7: cannot be loaded: syntax error; this hook hears no events; everything else runs on/));
    assert.ok(said(plugin, /wrong\.ts: its default export is not a notify hook/));
    const found = await plugin.host.verify();
    assert.deepEqual(
      found.map(({ severity, code, at }) => [severity, code, formatPosition(at)]),
      [
        ['error', 'NOTIFY_HOOK_FAILED', `${folder}/bad.ts:3:7`],
        ['error', 'NOTIFY_HOOK_FAILED', `${folder}/wrong.ts`],
      ],
    );
  });

  it('aborts a hook at its own timeout, longer than the default of the event too', async () => {
    let abortedAt = 0;
    let clock: TestedPlugin['clock'] | undefined;
    const slow = defineNotify({
      on: ['vrrp.transitioned'],
      timeoutMs: 20_000,
      run: (_event, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            abortedAt = clock?.now() ?? 0;
            reject(signal.reason);
          });
        }),
    });
    const plugin = await start({ [`${folder}/slow.ts`]: slow });
    clock = plugin.clock;
    const from = plugin.clock.now();
    tell(plugin, 'VI_1', 'master');
    await plugin.advance(19_999);
    assert.equal(abortedAt, 0);
    await plugin.advance(2);
    assert.ok(Math.abs(abortedAt - from - 20_000) < 1);
  });

  it('parks a hook that keeps failing, alone', async () => {
    let calls = 0;
    let others = 0;
    const bad = defineNotify({
      on: ['vrrp.transitioned'],
      run() {
        calls++;
        throw new Error('boom');
      },
    });
    const good = defineNotify({ on: ['vrrp.transitioned'], run: () => void others++ });
    const plugin = await start({ [`${folder}/bad.ts`]: bad, [`${folder}/good.ts`]: good });
    for (let i = 0; i < 6; i++) {
      tell(plugin, 'VI_1', 'master');
      await plugin.advance(10);
    }
    assert.deepEqual([calls, others], [3, 6]);
    const event = plugin.events('plugin.parked')[0]?.payload;
    assert.equal(event?.plugin, 'notify-file:bad.ts');
  });

  it('wants a restart exactly when its files changed', async () => {
    const nothing = defineNotify({ on: ['vrrp.transitioned'], run() {} });
    const plugin = await start({ [`${folder}/a.ts`]: nothing });
    const answer = (result: Awaited<ReturnType<TestedPlugin['reload']>>) => result.ok && result.restarted;
    assert.deepEqual(answer(await plugin.reload(`notify_hooks_dir ${folder}/\n`)), []);
    plugin.machine.files.write(`${folder}/a.ts`, 'edited');
    assert.deepEqual(answer(await plugin.reload(`notify_hooks_dir ${folder}/.\n`)), ['notify-file']);
  });
});
