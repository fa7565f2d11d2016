/** Leases: influence that expires by itself (core/runtime/src/host/leases.ts). */
import assert from 'node:assert/strict';
import { LeaseTable, leasesPerPlugin } from '@mainstay/core';
import { describe, it } from 'mocha';
import { manualClock } from '../../support/manual-clock.js';

const hook = 'vrrp.priority';
const terms = { delta: -20, ttlMs: 2000, why: 'disk full' };

function bench() {
  const clock = manualClock();
  const reports: string[] = [];
  const told: string[] = [];
  const table = new LeaseTable(clock, (plugin, message) => reports.push(`${plugin}: ${message}`));
  table.watch(hook, (key) => told.push(`${key} ${table.current(hook, key).map((lease) => lease.delta)}`));
  return { clock, reports, told, table, disk: table.forPlugin('track-disk'), vrrp: table.forPlugin('vrrp') };
}

describe('leases', () => {
  it('are read by the owner until they expire, to the millisecond', async () => {
    const { clock, told, disk, vrrp } = bench();
    disk.publish(hook, 'VI_1', terms);
    const [lease] = vrrp.current(hook, 'VI_1');
    assert.deepEqual(lease, { plugin: 'track-disk', delta: -20, why: 'disk full', expiresAt: clock.now() + 2000 });
    assert.deepEqual(vrrp.current(hook, 'VI_2'), []);
    await clock.advance(1999);
    assert.equal(vrrp.current(hook, 'VI_1').length, 1);
    await clock.advance(1);
    assert.deepEqual(vrrp.current(hook, 'VI_1'), []);
    assert.deepEqual(told, ['VI_1 -20', 'VI_1 ']);
    assert.equal(clock.pending, 0);
  });

  it('do not count when they are due, even when the timer is late', () => {
    const { clock, disk, vrrp } = bench();
    disk.publish(hook, 'VI_1', terms);
    clock.spend(2000);
    assert.deepEqual(vrrp.current(hook, 'VI_1'), []);
  });

  it('are one for each plugin, hook and key: a renewal replaces and is silent, a change is told', async () => {
    const { clock, told, disk, vrrp, table } = bench();
    disk.publish(hook, 'VI_1', terms);
    table.forPlugin('other').publish(hook, 'VI_1', { ...terms, delta: 5 });
    await clock.advance(1500);
    disk.publish(hook, 'VI_1', terms);
    await clock.advance(1500);
    disk.publish(hook, 'VI_1', { ...terms, delta: -30 });
    assert.deepEqual(
      vrrp.current(hook, 'VI_1').map((lease) => lease.delta),
      [-30],
    );
    assert.deepEqual(told, ['VI_1 -20', 'VI_1 -20,5', 'VI_1 -20', 'VI_1 -30']);
  });

  it('end when withdrawn', () => {
    const { told, clock, disk } = bench();
    disk.publish(hook, 'VI_1', terms);
    disk.withdraw(hook, 'VI_1');
    disk.withdraw(hook, 'VI_1');
    assert.deepEqual(told, ['VI_1 -20', 'VI_1 ']);
    assert.equal(clock.pending, 0);
  });

  it('last sixty seconds at most', () => {
    const { clock, disk, vrrp } = bench();
    disk.publish(hook, 'VI_1', { ...terms, ttlMs: 3_600_000 });
    assert.equal(vrrp.current(hook, 'VI_1')[0]?.expiresAt, clock.now() + 60_000);
  });

  it('with terms that mean nothing are refused', () => {
    const { disk, vrrp } = bench();
    for (const wrong of [
      { delta: Number.NaN },
      { delta: Number.POSITIVE_INFINITY },
      { delta: '5' as never },
      { ttlMs: 0 },
      { ttlMs: -1 },
      { ttlMs: Number.NaN },
      { why: 5 as never },
      { why: 'x'.repeat(501) },
    ]) {
      assert.throws(() => disk.publish(hook, 'VI_1', { ...terms, ...wrong }), RangeError);
    }
    assert.throws(() => disk.publish('vrrp.transitioned' as 'vrrp.priority', 'VI_1', terms), { code: 'HOOK_WRONG_KIND' });
    assert.throws(() => disk.publish('vrrp.prio' as 'vrrp.priority', 'VI_1', terms), { code: 'HOOK_UNKNOWN' });
    assert.deepEqual(vrrp.current(hook, 'VI_1'), []);
  });

  it('are read by the owner of the hook alone', () => {
    const { disk } = bench();
    assert.throws(() => disk.current(hook, 'VI_1'), { code: 'HOOK_NOT_OWNER' });
    assert.throws(() => disk.watch(hook, () => {}), { code: 'HOOK_NOT_OWNER' });
  });

  it('travel between lanes', () => {
    const from = bench();
    const to = bench();
    from.table.onPublish((name, key, plugin, published) => to.table.receive(name, key, plugin, published));
    from.disk.publish(hook, 'VI_1', terms);
    assert.equal(to.vrrp.current(hook, 'VI_1')[0]?.delta, -20);
    from.table.onPublish(() => {
      throw new Error('channel closed');
    });
    from.disk.withdraw(hook, 'VI_1');
    assert.match(from.reports[0] ?? '', /channel closed/);
    assert.deepEqual(to.vrrp.current(hook, 'VI_1'), []);
  });

  it('from another lane are checked, reported and ignored where they make no sense', () => {
    const { table, reports, vrrp } = bench();
    table.receive(hook, 'VI_1', 'evil', { ...terms, delta: Number.NaN });
    table.receive(hook, 'VI_1', 'evil', null as never);
    table.receive('nonsense' as 'vrrp.priority', 'VI_1', 'evil', terms);
    table.receive(hook, 'VI_1', 'evil', { ...terms, ttlMs: 1e12 });
    assert.equal(reports.length, 3);
    assert.equal(vrrp.current(hook, 'VI_1').length, 1);
  });

  it('are limited in number, so that a plugin cannot fill the memory of the lane', () => {
    const { table, reports } = bench();
    for (let i = 0; i < leasesPerPlugin + 10; i++) table.receive(hook, `VI_${i}`, 'evil', terms);
    assert.equal(reports.length, 10);
    table.receive(hook, 'VI_1', 'evil', undefined);
    table.receive(hook, 'VI_new', 'evil', terms);
    assert.equal(table.current(hook, 'VI_new').length, 1);
    assert.equal(reports.length, 10);
  });

  it('survive a watcher that throws or leaves', () => {
    const { table, disk, told, reports } = bench();
    table.watch(hook, () => {
      throw new Error('oops');
    });
    const leave = table.watch(hook, () => assert.fail('left'));
    leave();
    disk.publish(hook, 'VI_1', terms);
    assert.equal(told.length, 1);
    assert.match(reports[0] ?? '', /oops/);
  });
});
