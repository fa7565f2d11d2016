/** What happens around a session: stalls of the daemon, links and addresses, reloads, other families and hops (plugins/bfd). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import bfd from '@mainstay/bfd';
import { definePlugin } from '@mainstay/sdk';
import { Simulation, testPlugin } from '@mainstay/testing';
import { describe, it } from 'mocha';
import { changes, lone, stateOf } from './lone.js';
import { address, conf, Pair, pair, seededPlugin } from './pair.js';

describe('a BFD session and its surroundings', () => {
  it('takes time in which its process did not run for no silence of the peer', async () => {
    const both = await pair({ a: ['multiplier 200'] });
    await both.up();
    await both.advance(2000);
    const before = both.changes('a').length;
    both.a.pause();
    await both.advance(5000);
    both.a.resume();
    await both.advance(1000);
    assert.deepEqual([both.state('a'), both.changes('a').length], ['up', before], both.changes('a').join());
  });

  it('is down for the peer of a daemon that stands still, and comes up again with it', async () => {
    const both = await pair();
    await both.up();
    await both.advance(2000);
    both.a.pause();
    await both.advance(1000);
    assert.equal(both.changes('b').at(-1), 'up > down 1');
    both.a.resume();
    await both.up();
  });

  it('speaks with a link-local neighbour on the link that is named', async () => {
    const simulation = new Simulation({ seed: 1 });
    const add = (name: 'a' | 'b', own: string, other: string) =>
      simulation.addHost(name, {
        links: { eth0: [`${own}/64`] },
        daemon: {
          config: conf(name).replace(/neighbor_ip .*/, `neighbor_ip ${other}%eth0`),
          plugins: () => [seededPlugin(1, name)],
        },
      });
    const both = new Pair(simulation, await add('a', 'fe80::a', 'fe80::b'), await add('b', 'fe80::b', 'fe80::a'));
    await both.start('a');
    await both.start('b');
    await both.up();
  });

  it('[5] goes over several hops on port 4784', async () => {
    const both = await pair({ a: ['multihop', 'source_ip 192.0.2.1'], b: ['multihop', 'source_ip 192.0.2.2', 'ttl 9'] });
    await both.up();
    assert.deepEqual([...new Set(both.wire.map(({ destinationPort }) => destinationPort))], [4784]);
    assert.deepEqual([...new Set(both.sent('b').map(({ hopLimit }) => hopLimit))], [9]);
  });

  it('[2] keeps its source port through reloads, and through another TTL', async () => {
    const both = await pair({ b: ['max_hops -1'] });
    await both.up();
    await both.advance(2000);
    const before = both.changes('b').length;
    await both.reload('a', conf('a', ['ttl 100']));
    await both.advance(1000);
    await both.reload('a', conf('a', ['ttl 100', 'min_tx 70']));
    await both.advance(1000);
    assert.equal(new Set(both.sent('a').map(({ sourcePort }) => sourcePort)).size, 1);
    assert.equal(both.sent('a').at(-1)?.hopLimit, 100);
    assert.deepEqual([both.state('b'), both.changes('b').length], ['up', before]);
  });

  it('[26] tells the peer when a reload removes it', async () => {
    const both = await pair();
    await both.up();
    await both.reload('a', 'bfd_instance OTHER {\n neighbor_ip 192.0.2.99\n}\n');
    await both.advance(10);
    assert.equal(both.changes('b').at(-1), 'up > down 3');
    assert.deepEqual(
      both.a.host.objectsNow().map(({ name }) => name),
      ['OTHER'],
    );
    await both.reload('a', conf('a'));
    await both.up();
  });

  it('[26] ends within a second, however long the detection time is', async () => {
    const both = await pair({ a: ['min_rx 60000'], b: ['min_tx 50'] });
    await both.up();
    await both.advance(2000);
    both.simulation.net.segment().setConditions({ loss: 1 });
    const from = both.clock.now();
    await both.stop('a');
    assert.ok(both.clock.now() - from <= 1001, `${both.clock.now() - from} ms`);
  });

  it('[29] has a plugin decide what clients make of a change', async () => {
    const damping = definePlugin({
      name: 'damping',
      setup(app) {
        app.taps.adjust('bfd.clientDecision', (decision, { to }) => (to === 'up' ? { act: false, why: 'dampened' } : decision));
      },
    });
    const simulation = new Simulation({ seed: 1 });
    const add = (name: 'a' | 'b') =>
      simulation.addHost(name, {
        links: { eth0: [`${address[name][4]}/24`] },
        daemon: { config: conf(name), plugins: () => [seededPlugin(1, name), ...(name === 'a' ? [damping] : [])] },
      });
    const both = new Pair(simulation, await add('a'), await add('b'));
    await both.start('a');
    await both.start('b');
    await both.up();
    assert.deepEqual(both.status('a').detail.client_decision, { act: false, why: 'dampened' });
    assert.deepEqual(both.status('b').detail.client_decision, { act: true, why: 'the path works' });
    const told = both.a.host.explainNow('B1')[0]?.contributors.find(({ of }) => of === 'clients');
    assert.deepEqual([told?.source, told?.effect], ['damping', 'leave the last change alone']);
  });

  it('counts what the pacemaker hears in its name', async () => {
    const router = await lone();
    await router.up();
    const told = () => (router.status()[0]?.detail.statistics as { packetsReceived: number } | undefined)?.packetsReceived ?? 0;
    const before = told();
    for (let i = 0; i < 50; i++) {
      await router.tell({ state: 'up' });
      await router.advance(40);
    }
    assert.deepEqual([stateOf(router), told() - before], ['up', 50], 'all are counted');
    assert.deepEqual(changes(router), ['down > init 0', 'init > up 0']);
  });

  it('reads the examples of its README', async () => {
    const readme = readFileSync(new URL('../../../../plugins/bfd/README.md', import.meta.url), 'utf8');
    const examples = [...(readme.split('## Examples')[1]?.split('\n## ')[0] ?? '').matchAll(/```\n([^`]+)```/g)];
    assert.equal(examples.length, 3);
    for (const [, config = ''] of examples) {
      const tested = await testPlugin(bfd, { config });
      assert.equal(tested.status().length, 1);
      await tested.stop();
    }
  });
});
