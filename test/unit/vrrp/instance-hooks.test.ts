/** What guards, leases, taps and tracked interfaces make of a virtual router (hold.ts, priority.ts). */
import assert from 'node:assert/strict';
import { definePlugin, type Hold, type Plugin, type Run } from '@mainstay/sdk';
import { describe, it } from 'mocha';
import { conf, routerOf, stateOf, without } from './router.js';

/** A plugin that holds VI_1 back with the answers that `answer` gives. */
function guardOf(answer: () => Hold | undefined): Plugin {
  return definePlugin({ name: 'holder', setup: ({ taps }) => taps.guard('vrrp.mayBecomeMaster', answer) });
}

describe('a virtual router, held back by a guard', () => {
  it('becomes master when the hold ends', async () => {
    let isHeld = true;
    const router = await routerOf(conf(), {
      alongside: [guardOf(() => (isHeld ? { why: 'disk check', forMs: 2000 } : undefined))],
    });
    await router.advance(6000);
    assert.deepEqual([stateOf(router), router.seen()], ['backup', []]);
    isHeld = false;
    await router.advance(2000);
    assert.equal(stateOf(router), 'master');
  });

  it('becomes master after 60 s whatever the guard says', async () => {
    const router = await routerOf(conf(), { alongside: [guardOf(() => ({ why: 'for ever', forMs: 3_600_000 }))] });
    await router.advance(3609 + 59_999);
    assert.equal(stateOf(router), 'backup');
    await router.advance(10);
    assert.equal(stateOf(router), 'master');
    assert.ok(router.log.some(({ level, message }) => level === 'error' && message.includes('for ever')));
  });

  it('is held anew after another master was there', async () => {
    const router = await routerOf(conf(), { alongside: [guardOf(() => ({ why: 'for ever', forMs: 1000 }))] });
    await router.advance(30_000);
    for (let i = 0; i < 60; i++) {
      await router.hear(150);
      await router.advance(999);
    }
    await router.advance(30_000);
    assert.equal(stateOf(router), 'backup');
  });

  it('is not held as the owner', async () => {
    const router = await routerOf(conf(['priority 255']), { alongside: [guardOf(() => ({ why: 'for ever', forMs: 1000 }))] });
    await router.advance(1);
    assert.equal(stateOf(router), 'master');
  });
});

describe('the state of a virtual router', () => {
  it('is what a plugin that is reminded hears last, and nothing once a reload has removed it', async () => {
    const heard: string[] = [];
    const follower = definePlugin({
      name: 'follower',
      setup: ({ taps }) => taps.observe('vrrp.transitioned', ({ to }) => void heard.push(to), { remind: true }),
    });
    const router = await routerOf(conf(), { alongside: [follower] });
    await router.advance(4000);
    heard.length = 0;
    router.host.bus.remind('follower');
    assert.deepEqual(heard.splice(0), ['master']);
    await router.reload('');
    assert.deepEqual(heard.splice(0), ['deleted']);
    router.host.bus.remind('follower');
    assert.deepEqual(heard, []);
  });
});

describe('the priority of a virtual router', () => {
  it('follows leases while they last', async () => {
    let run: Run | undefined;
    const lend = (given: Run) => {
      run = given;
    };
    const lender = definePlugin({ name: 'lender', setup: () => undefined, start: (given) => lend(given) });
    const router = await routerOf(conf(), { alongside: [lender] });
    await router.advance(4000);
    router.seen();
    run?.leases.publish('vrrp.priority', 'VI_1', { delta: -30, ttlMs: 2500, why: 'disk full' });
    await router.advance(4000);
    assert.deepEqual(without(router.seen().filter((line) => line.includes('advert'))), [
      'advert 70',
      'advert 70',
      'advert 100',
      'advert 100',
    ]);
    assert.equal(router.events('vrrp.priorityChanged').length, 2);
  });

  it('follows taps, clamped to 1..254', async () => {
    let value = -1000;
    const tap = definePlugin({
      name: 'tapper',
      setup: ({ taps }) => taps.adjust('vrrp.priority', (priority) => priority + value),
    });
    const router = await routerOf(conf(), { alongside: [tap] });
    await router.advance(5000);
    assert.equal(router.status()[0]?.summary.priority, 1);
    value = 1000;
    await router.advance(1000);
    assert.equal(router.status()[0]?.summary.priority, 254);
  });

  it('follows taps also as backup, within a second', async () => {
    let value = 0;
    const tap = definePlugin({
      name: 'tapper',
      setup: ({ taps }) => taps.adjust('vrrp.priority', (priority) => priority + value),
    });
    const router = await routerOf(conf(), { alongside: [tap] });
    await router.hear(150);
    value = -10;
    await router.advance(1000);
    assert.deepEqual([stateOf(router), router.status()[0]?.summary.priority], ['backup', 90]);
  });

  it('follows the weight of a tracked interface', async () => {
    const router = await routerOf(conf(['track_interface {', '  eth1 weight -20', '}']));
    await router.advance(4000);
    router.seen();
    router.kernel.setCarrier('eth1', false);
    await router.advance(1000);
    assert.deepEqual(without(router.seen().filter((line) => line.includes('advert'))), ['advert 80']);
    assert.ok(router.explain('VI_1')[0]?.contributors.some(({ source }) => source === 'track_interface eth1'));
  });
});
