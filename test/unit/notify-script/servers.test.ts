/** Scripts of virtual servers and real servers: which run at which event, for which of several blocks, at reloads and at the end. */
import assert from 'node:assert/strict';
import { notifyScript, rememberedMs } from '@mainstay/notify-script';
import { definePlugin, type IpvsQuorum, type IpvsServerChanged, s } from '@mainstay/sdk';
import { type TestedPlugin, type TestPluginOptions, testPlugin } from '@mainstay/testing';
import { describe, it } from 'mocha';
import { ran, routers, tell } from './harness.js';

const words = {
  syntax: 'WORDS',
  json: {},
  parse: (args: { take(): { text: string } | undefined }) => [args.take()?.text, args.take()?.text],
};

const balancer = definePlugin({
  name: 'balancer',
  setup(app) {
    const real = s.block({ weight: s.int(0, 9).default(1) });
    const virtual = s.block({ protocol: s.word().default('TCP').tellsApart(), real_server: s.headed(words, real).repeated() });
    app.config.headed('virtual_server', words, virtual);
  },
});

const config = `
virtual_server 192.0.2.1 53 {
  protocol UDP
  quorum_up "/udp up"
  real_server 10.0.0.1 53 {
    notify_down "/udp-server down"
  }
}
virtual_server 192.0.2.1 53 {
  protocol TCP
  quorum_up "/tcp up"
  quorum_down "/tcp down"
  real_server 10.0.0.1 53 {
    notify_up "/tcp-server up"
    notify_down "/tcp-server down"
  }
}`;

async function start(text = config, options: TestPluginOptions = {}): Promise<TestedPlugin> {
  const manifest = { lane: 'extension', needs: ['process'] } as const;
  return testPlugin(notifyScript(), { config: text, alongside: [balancer], manifest, laneKind: 'extension', ...options });
}

function server({ host }: TestedPlugin, block: string, to: IpvsServerChanged['to'], isStopping = false): void {
  const event = { virtualServer: 'V', realServer: 'R', block, to, reason: '', isStopping, at: 0 };
  host.bus.deliver('ipvs.serverChanged', 'V', event);
}

function quorum({ host }: TestedPlugin, block: string, to: IpvsQuorum['to'], isStopping = false): void {
  host.bus.deliver('ipvs.quorum', 'V', { virtualServer: 'V', block, to, weight: 1, quorum: 1, isStopping, at: 0 });
}

describe('notify-script: servers', () => {
  it('run for the block that the event is about, of several with the same words', async () => {
    const plugin = await start();
    quorum(plugin, '192.0.2.1 53 UDP', 'gained');
    quorum(plugin, '192.0.2.1 53 TCP', 'gained');
    server(plugin, '192.0.2.1 53 UDP 10.0.0.1 53', 'down');
    server(plugin, '192.0.2.1 53 TCP 10.0.0.1 53', 'down');
    await plugin.advance(10);
    assert.deepEqual([...ran(plugin)].sort(), ['/tcp up', '/tcp-server down', '/udp up', '/udp-server down']);
  });

  it('run nothing where nothing is configured, or nobody knows the block', async () => {
    const plugin = await start();
    server(plugin, '192.0.2.1 53 UDP 10.0.0.1 53', 'up');
    quorum(plugin, '192.0.2.1 53 UDP', 'lost');
    quorum(plugin, '192.0.2.9 53', 'lost');
    await plugin.advance(10);
    assert.deepEqual(ran(plugin), []);
  });

  it('run in the order of the events', async () => {
    const plugin = await start();
    plugin.ports.process.program('/tcp-server', { durationMs: 1000 });
    for (const to of ['down', 'up', 'down'] as const) server(plugin, '192.0.2.1 53 TCP 10.0.0.1 53', to);
    await plugin.advance(5000);
    assert.deepEqual(ran(plugin), ['/tcp-server down', '/tcp-server up', '/tcp-server down']);
  });

  it('do not keep the script of a router waiting, however many of them run', async () => {
    const servers = Array.from({ length: 200 }, (_, i) => `real_server 10.0.0.${i} 53 {\n notify_down /slow\n}\n`).join('');
    const text = `virtual_server 192.0.2.1 53 {\n${servers}}\nvrrp_instance VI_1 {\n notify_master /now\n}\n`;
    const plugin = await start(text, { alongside: [balancer, routers] });
    plugin.ports.process.program('/slow', { durationMs: 250_000 });
    for (let i = 0; i < 200; i++) server(plugin, `192.0.2.1 53 10.0.0.${i} 53`, 'down');
    await plugin.advance(1000);
    assert.equal(ran(plugin).length, 32);
    tell(plugin, 'VI_1', 'master');
    await plugin.advance(1);
    assert.equal(ran(plugin).at(-1), '/now');
  });

  it('still run for a server that a reload has removed', async () => {
    const plugin = await start();
    await plugin.reload('');
    server(plugin, '192.0.2.1 53 TCP 10.0.0.1 53', 'down');
    quorum(plugin, '192.0.2.1 53 TCP', 'lost');
    await plugin.advance(10);
    assert.deepEqual([...ran(plugin)].sort(), ['/tcp down', '/tcp-server down']);
  });

  it('leave nothing behind once the last one of a removed server has ended', async () => {
    const plugin = await start();
    const shown = () => plugin.status().map(({ name, state }) => `${name} ${state}`);
    plugin.ports.process.program('/tcp', { durationMs: 1000 });
    plugin.ports.process.program('/tcp-server', { durationMs: 1000 });
    server(plugin, '192.0.2.1 53 UDP 10.0.0.1 53', 'down');
    server(plugin, '192.0.2.1 53 TCP 10.0.0.1 53', 'up');
    await plugin.advance(1);
    await plugin.reload('');
    assert.deepEqual(shown(), ['real_server 192.0.2.1 53 TCP 10.0.0.1 53 running']);
    server(plugin, '192.0.2.1 53 TCP 10.0.0.1 53', 'down');
    quorum(plugin, '192.0.2.1 53 TCP', 'lost');
    await plugin.advance(1500);
    assert.deepEqual(shown(), ['real_server 192.0.2.1 53 TCP 10.0.0.1 53 running']);
    await plugin.advance(1000);
    assert.deepEqual(shown(), []);
    assert.deepEqual([...ran(plugin)].sort(), ['/tcp down', '/tcp-server down', '/tcp-server up', '/udp-server down']);
  });

  it('are no longer known a while after a reload has removed their server, unless it has come back', async () => {
    const plugin = await start();
    await plugin.reload('');
    await plugin.advance(rememberedMs - 1);
    quorum(plugin, '192.0.2.1 53 TCP', 'lost');
    await plugin.advance(2);
    quorum(plugin, '192.0.2.1 53 TCP', 'lost');
    await plugin.advance(10);
    assert.deepEqual(ran(plugin), ['/tcp down']);
    await plugin.reload(config);
    await plugin.reload('');
    await plugin.advance(rememberedMs / 2);
    await plugin.reload(config);
    quorum(plugin, '192.0.2.1 53 TCP', 'gained');
    await plugin.advance(rememberedMs);
    assert.deepEqual(ran(plugin), ['/tcp down', '/tcp up']);
    assert.deepEqual(
      plugin.status().map(({ name, state }) => `${name} ${state}`),
      ['virtual_server 192.0.2.1 53 TCP idle'],
    );
    await plugin.reload('');
    await plugin.advance(rememberedMs - 1);
    server(plugin, '192.0.2.1 53 TCP 10.0.0.1 53', 'down');
    await plugin.advance(10);
    assert.equal(ran(plugin).at(-1), '/tcp-server down');
  });

  it('of two blocks with the same words stay with theirs when a reload removes one', async () => {
    const plugin = await start();
    const [udp = '', tcp = ''] = config.split(/\n(?=virtual_server.*\n +protocol TCP)/);
    await plugin.reload(tcp);
    quorum(plugin, '192.0.2.1 53 UDP', 'lost');
    server(plugin, '192.0.2.1 53 UDP 10.0.0.1 53', 'down');
    quorum(plugin, '192.0.2.1 53 TCP', 'lost');
    await plugin.advance(10);
    assert.deepEqual([...ran(plugin)].sort(), ['/tcp down', '/udp-server down']);
    await plugin.reload(`${tcp}\n${udp}`);
    quorum(plugin, '192.0.2.1 53 UDP', 'gained');
    quorum(plugin, '192.0.2.1 53 TCP', 'gained');
    await plugin.advance(10);
    assert.deepEqual([...ran(plugin)].sort(), ['/tcp down', '/tcp up', '/udp up', '/udp-server down']);
  });

  it('follow a block whose protocol changes, though nothing of their own does', async () => {
    const plugin = await start();
    await plugin.reload(config.replace('protocol UDP', 'protocol SCTP'));
    quorum(plugin, '192.0.2.1 53 SCTP', 'gained');
    await plugin.advance(10);
    assert.deepEqual(ran(plugin), ['/udp up']);
  });

  it('run while the daemon stops, when the event says so; earlier ones do not', async () => {
    const plugin = await start();
    const { runs } = plugin.ports.process;
    plugin.ports.process.program('/tcp', { durationMs: 500 });
    quorum(plugin, '192.0.2.1 53 TCP', 'gained');
    quorum(plugin, '192.0.2.1 53 TCP', 'lost');
    quorum(plugin, '192.0.2.1 53 TCP', 'gained');
    quorum(plugin, '192.0.2.1 53 TCP', 'lost', true);
    await plugin.stop();
    assert.deepEqual(
      runs.map(({ command }) => command.join(' ')),
      ['/tcp up', '/tcp down'],
    );
  });

  it('are reviewed like others', async () => {
    const plugin = await start();
    plugin.ports.process.problem('/tcp-server', { kind: 'missing', message: 'there is no /tcp-server' });
    const found = await plugin.host.verify();
    assert.deepEqual(
      found.map(({ message, at }) => `${at.line} ${message}`),
      [
        '14 192.0.2.1 53 10.0.0.1 53: notify_up: there is no /tcp-server; this script will not run',
        '15 192.0.2.1 53 10.0.0.1 53: notify_down: there is no /tcp-server; this script will not run',
      ],
    );
  });

  it('need no plugin that balances, nor one of virtual routers', async () => {
    const plugin = await start('', { alongside: [] });
    assert.deepEqual(plugin.status(), []);
    await plugin.stop();
  });
});
