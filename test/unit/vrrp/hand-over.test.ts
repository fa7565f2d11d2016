/** The hand-over without a gap, on a simulated host: who holds the addresses from priority 0 to the successor's first word. */
import assert from 'node:assert/strict';
import type { Plugin } from '@mainstay/sdk';
import { createVrrpPlugin } from '@mainstay/vrrp';
import { describe, it } from 'mocha';
import { conf, held, type Router, routerOf, stateOf, transitions, without } from './router.js';

async function masterOf(more: readonly string[] = [], plugin?: Plugin): Promise<Router> {
  const router = await routerOf(conf(more), plugin === undefined ? {} : { alongside: [plugin] });
  await router.advance(15_000);
  router.seen();
  return router;
}

/** A stop under way: the promise must not be awaited before time passes. */
function stopping(router: Router): { isOver: boolean; readonly over: Promise<void> } {
  const stop = { isOver: false, over: router.machine.stop().then(() => void Object.assign(stop, { isOver: true })) };
  return stop;
}

describe('a master that stops', () => {
  it('answers on its addresses until its successor speaks, and 10 ms longer', async () => {
    const router = await masterOf();
    const stop = stopping(router);
    await router.advance(300);
    assert.deepEqual([without(router.seen()), held(router), stop.isOver], [['advert 0'], [true, true], false]);
    await router.hear(90);
    await router.advance(5);
    assert.deepEqual([held(router), stop.isOver], [[true, true], false]);
    await router.advance(10);
    assert.deepEqual([held(router), stop.isOver], [[false, false], true]);
    assert.equal(transitions(router).at(-1), 'master > stopped: shutdown');
    await stop.over;
  });

  it('and is followed by nobody lets go after the longest skew time and one interval', async () => {
    const router = await masterOf();
    const stop = stopping(router);
    await router.advance(1990);
    assert.deepEqual([held(router), stop.isOver], [[true, true], false]);
    await router.advance(20);
    assert.deepEqual([held(router), stop.isOver], [[false, false], true]);
  });

  it('as address owner listens for its successor like any other', async () => {
    const router = await masterOf(['priority 255']);
    const stop = stopping(router);
    await router.advance(300);
    await router.hear(90);
    await router.advance(15);
    assert.deepEqual([held(router), stop.isOver], [[false, false], true]);
  });

  it('lets go at once where a fault keeps it from serving', async () => {
    const router = await masterOf();
    const stop = stopping(router);
    await router.advance(300);
    router.kernel.setCarrier('eth0', false);
    await router.advance(5);
    assert.deepEqual([held(router), stop.isOver], [[false, false], true]);
    assert.deepEqual(transitions(router).slice(-2), ['master > fault: fault', 'fault > stopped: shutdown']);
  });

  it('says in its status that it hands over', async () => {
    const router = await masterOf();
    const stop = stopping(router);
    await router.advance(300);
    assert.deepEqual([stateOf(router), router.status()[0]?.detail.resigning], ['master', true]);
    await router.advance(3000);
    assert.equal(stop.isOver, true);
  });
});

describe('an instance that a reload removes', () => {
  it('hands over in the same way', async () => {
    const router = await masterOf();
    const reload = { isOver: false };
    const over = router.machine.reload('').then(() => Object.assign(reload, { isOver: true }));
    await router.advance(300);
    assert.deepEqual([without(router.seen()), held(router), reload.isOver], [['advert 0'], [true, true], false]);
    await router.hear(90);
    await router.advance(20);
    assert.deepEqual([held(router), reload.isOver], [[false, false], true]);
    assert.equal(transitions(router).at(-1), 'master > deleted: removed');
    await over;
  });
});

describe('what the pacemaker does for a router', () => {
  it('counts in its statistics', async () => {
    const router = await routerOf(conf());
    await router.hear(150);
    for (let i = 0; i < 5; i++) {
      await router.advance(999);
      await router.hear(150);
    }
    const statistics = () => router.status()[0]?.detail.statistics as { advertsReceived: number; advertsSent: number };
    assert.equal(statistics().advertsReceived, 6);
    assert.ok(
      'at' in ((router.status()[0]?.detail.last_transition ?? {}) as object) && router.status()[0]?.moments?.includes('at'),
    );
    await router.advance(3600 + 4000);
    assert.equal(stateOf(router), 'master');
    assert.equal(statistics().advertsSent, router.seen().filter((line) => line.includes('advert')).length);
  });

  it('is seen by hooks on each advertisement, packet by packet', async () => {
    const adverts: string[] = [];
    const watcher = {
      ...createVrrpPlugin(),
      name: 'watcher',
      setup: (app: Parameters<Plugin['setup']>[0]) =>
        app.taps.observe('vrrp.advert', ({ direction, priority }) => void adverts.push(`${direction} ${priority}`)),
      start: () => undefined,
      reconfigure: () => 'absorbed' as const,
      stop: () => undefined,
    };
    const router = await routerOf(conf(), { alongside: [watcher] });
    for (let i = 0; i < 3; i++) {
      await router.hear(150);
      await router.advance(999);
    }
    assert.deepEqual(adverts.splice(0), ['received 150', 'received 150', 'received 150']);
    await router.advance(6000);
    assert.deepEqual(new Set(adverts), new Set(['sent 100']));
    assert.equal(adverts.length, without(router.seen()).filter((line) => line === 'advert 100').length);
  });
});
