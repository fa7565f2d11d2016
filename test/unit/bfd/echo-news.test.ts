/** What the machine learns of echoes in the middle of a reload is performed like everything else (plugins/bfd/src/session.ts). */
import assert from 'node:assert/strict';
import type { PacedSocketOptions, Plugin, Run, Watch, WatchOptions } from '@mainstay/sdk';
import { Simulation } from '@mainstay/testing';
import { describe, it } from 'mocha';
import { address, conf, Pair, seededPlugin } from './pair.js';

/** The same, with some members replaced. */
function doubled<Thing extends object>(thing: Thing, members: object): Thing {
  return new Proxy({} as Thing, {
    get: (_, name) => {
      const value: unknown = Reflect.get(name in members ? members : thing, name);
      return typeof value === 'function' && !(name in members) ? value.bind(thing) : value;
    },
    set: (_, name, value) => Reflect.set(thing, name, value),
  });
}

/** A plugin whose echoes come back between any two looks, as those do that another thread hears. */
function hastened(plugin: Plugin): { readonly plugin: Plugin; isHasty: boolean } {
  const made = { plugin, isHasty: false };
  let looks = 0;
  const between = (run: Run): Run => {
    const watchOf = (watch: Watch): Watch =>
      doubled(watch, {
        get heardAt() {
          return made.isHasty ? run.clock.now() + ++looks * 0.02 : watch.heardAt;
        },
      });
    const open = (options: PacedSocketOptions) => {
      const socket = run.ports.pacemaker.open(options);
      // Only echo packets have one length.
      const watch = (of: WatchOptions) => (of.filter?.length === undefined ? socket.watch(of) : watchOf(socket.watch(of)));
      return doubled(socket, { watch });
    };
    return doubled(run, { ports: doubled(run.ports, { pacemaker: doubled(run.ports.pacemaker, { open }) }) });
  };
  made.plugin = { ...plugin, start: (run: Run) => plugin.start?.(between(run)) };
  return made;
}

describe('an echo that comes back in the middle of a reload', () => {
  it('keeps nothing of what changes from being announced at once', async () => {
    const simulation = new Simulation({ seed: 1 });
    const echo = ['echo_interval 20', 'echo_via daemon'];
    const hasty = hastened(seededPlugin(1, 'a'));
    const add = (side: 'a' | 'b', plugin: Plugin, more: readonly string[]) => {
      const links = { eth0: [`${address[side][4]}/24`] };
      return simulation.addHost(side, { links, daemon: { config: conf(side, more), plugins: () => [plugin] } });
    };
    const both = new Pair(
      simulation,
      await add('a', hasty.plugin, echo),
      await add('b', seededPlugin(1, 'b'), ['min_echo_rx 20']),
    );
    await both.start('a');
    await both.start('b');
    await both.up();
    await both.advance(3000);
    assert.equal((both.status('a').detail.echo as { phase: string }).phase, 'working');
    const from = both.clock.now();
    hasty.isHasty = true;
    await both.reload('a', conf('a', [...echo, 'echo_slow_rx 2000']));
    hasty.isHasty = false;
    await both.advance(1);
    const [first] = both.sent('a', from);
    assert.deepEqual([first?.packet.requiredMinRxUs, first?.packet.isPoll], [2_000_000, true]);
    await both.advance(5000);
    assert.deepEqual([both.state('a'), both.status('a').summary.detection_ms], ['up', 6000]);
  });
});
