/** The harness for plugin authors: testPlugin and createSimulation (sdk/testing/src/harness). */
import assert from 'node:assert/strict';
import { type ConfigHandle, definePlugin, type Plugin, type Run, s } from '@mainstay/sdk';
import { ConfigRefused, createSimulation, testPlugin } from '@mainstay/testing';
import { describe, it } from 'mocha';

/** Puts an address on eth0 after a delay; takes a new delay from a reload, and takes the address away when it stops. */
function holder(): Plugin {
  const block = s.block({ address: s.word('an address'), after: s.seconds(0, 60).default(1000) });
  let handle: ConfigHandle<{ readonly address: string; readonly after: number }> | undefined;
  let ran: Run;
  const key = () => ({ link: 2, family: 4, address: handle?.value.address ?? '', prefixLength: 32 }) as const;
  return definePlugin({
    name: 'holder',
    setup({ config, status, actions }) {
      const run = async (name: string) => {
        const [result] = await ran.ports.addresses.remove([key()]);
        await new Promise<void>((resolve) => ran.clock.after(500, resolve));
        return { ok: true, message: `${name}: ${result?.outcome}` } as const;
      };
      actions.declare({ verb: 'drop', object: 'holder', doc: 'takes the address away', run });
      handle = config.block('holder', block);
      status.objects(() => [{ kind: 'holder', name: key().address, state: 'waiting', summary: {}, detail: {} }]);
    },
    start(run) {
      const { clock, ports, log } = run;
      ran = run;
      clock.after(handle?.value.after ?? 0, async () => {
        const [result] = await ports.addresses.add([{ ...key(), scope: 'global' }]);
        log.info(result?.outcome ?? 'no answer');
      });
    },
    reconfigure: () => 'restart',
    async stop({ ports }) {
      await ports.addresses.remove([key()]);
    },
  });
}

const config = 'holder {\n  address 192.0.2.100\n  after 5\n}\n';

describe('testPlugin', () => {
  it('loads, runs, reloads and stops a plugin', async () => {
    const tested = await testPlugin(holder(), { config });
    assert.deepEqual(
      tested.status().map(({ name, state }) => `${name} ${state}`),
      ['192.0.2.100 waiting'],
    );
    await tested.advance(4999);
    assert.equal(tested.kernel.hasAddress('192.0.2.100'), false);
    await tested.advance(1);
    assert.equal(tested.kernel.hasAddress('192.0.2.100'), true);
    const reloaded = await tested.reload('holder {\n  address 192.0.2.101\n}\n');
    assert.equal(reloaded.ok, true);
    await tested.advance(1000);
    assert.equal(tested.kernel.hasAddress('192.0.2.101'), true);
    await tested.stop();
    assert.equal(tested.kernel.hasAddress('192.0.2.101'), false);
  });

  it('has a plugin act, while time passes', async () => {
    const tested = await testPlugin(holder(), { config });
    await tested.advance(5000);
    const before = tested.clock.now();
    assert.deepEqual(await tested.act('drop', 'it'), { ok: true, message: 'it: done' });
    assert.ok(tested.clock.now() - before >= 500);
    assert.equal(tested.kernel.hasAddress('192.0.2.100'), false);
    assert.equal((await tested.act('pick-up', 'it')).ok, false);
    await tested.stop();
  });

  it('refuses a wrong configuration with positions, at the start and at a reload', async () => {
    await assert.rejects(testPlugin(holder(), { config: 'holder {\n  adress 192.0.2.100\n}\n' }), (error: unknown) => {
      assert.ok(error instanceof ConfigRefused);
      assert.match(error.message, /test\.conf:2:3: error: .*adress/);
      return true;
    });
    const tested = await testPlugin(holder(), { config });
    const reloaded = await tested.reload('holder {\n  after 5\n}\n');
    assert.equal(reloaded.ok, false);
    assert.equal(tested.status()[0]?.name, '192.0.2.100');
    await tested.stop();
  });

  it('injects refusals, and holds a plugin to its manifest', async () => {
    const refused = await testPlugin(holder(), { config });
    refused.kernel.faults.refuse('addresses.add', 'EPERM');
    await refused.advance(5000);
    assert.deepEqual(
      refused.log.map(({ message }) => message),
      ['failed'],
    );
    await refused.stop();
    const plugin = definePlugin({ name: 'greedy', setup() {}, start: ({ ports }) => void ports.rawIp });
    await assert.rejects(testPlugin(plugin, { manifest: { needs: ['links'] } }), /rawIp/);
  });

  it('records observed events', async () => {
    const speaker = definePlugin({
      name: 'bfd',
      setup() {},
      start({ hooks, clock }) {
        const change = { session: 'S', peer: '192.0.2.2', from: 'down', to: 'up', diagnostic: 0 } as const;
        clock.after(10, () => hooks.observe('bfd.changed', 'S', { ...change, at: clock.wall() }));
      },
    });
    const tested = await testPlugin(speaker);
    await tested.advance(20);
    assert.deepEqual(
      tested.events('bfd.changed').map(({ at, key, payload }) => [at, key, payload.to]),
      [[10, 'S', 'up']],
    );
    assert.deepEqual(tested.events('vrrp.transitioned'), []);
    await tested.stop();
  });

  it('gives a crashed and restarted plugin the kernel as it left it', async () => {
    const tested = await testPlugin(holder(), { config });
    await tested.advance(5000);
    tested.machine.crash();
    assert.throws(() => tested.status(), /no daemon runs/);
    await tested.advance(1000);
    assert.equal(tested.kernel.hasAddress('192.0.2.100'), true);
    await tested.clock.drive(tested.machine.start(true));
    await tested.advance(5000);
    assert.equal(tested.log.at(-1)?.message, 'unchanged');
    await tested.stop();
  });
});

describe('createSimulation', () => {
  async function run(seed: number) {
    const simulation = createSimulation({ seed, conditions: { delayMs: [0.1, 5], loss: 0.2 } });
    for (const number of [1, 2]) {
      await simulation.addHost(`h${number}`, {
        links: { eth0: [`192.0.2.${number}/24`] },
        daemon: { plugins: () => [holder()], config: config.replace('100', `10${number}`) },
      });
    }
    simulation.addBystander('client', { links: { eth0: ['192.0.2.9/24'] } });
    for (const host of simulation.hosts) await simulation.clock.drive(host.start());
    await simulation.clock.advance(6000);
    const answers = [];
    for (let i = 0; i < 10; i++) answers.push(await simulation.clock.drive(simulation.net.reach('client', '192.0.2.102')));
    return { answers, hash: simulation.trace.hash };
  }

  it('runs plugins on several hosts, and replays a seed', async () => {
    const [a, b] = [await run(3), await run(3)];
    assert.deepEqual(a, b);
    assert.ok(a.answers.some((answer) => answer.by === 'h2'));
    assert.ok(a.answers.every((answer) => answer.by === 'h2' || answer.by === undefined));
    assert.notEqual((await run(4)).hash, a.hash);
  });
});
