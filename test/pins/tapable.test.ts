/** What the hook bus relies on in tapable, so that an upgrade that changes it is noticed here and not in a failover. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, it } from 'mocha';

// Core depends on tapable, this package does not: resolved from core's folder, like core itself does.
const require = createRequire(new URL('../../../core/runtime/package.json', import.meta.url));
const { AsyncParallelHook, AsyncSeriesHook, AsyncSeriesWaterfallHook, HookMap, SyncBailHook, SyncWaterfallHook } =
  require('tapable') as typeof import('tapable');

type Callback = (error?: null) => void;

describe('tapable', () => {
  it('lets a register interceptor replace the function of each tap', () => {
    const hook = new SyncWaterfallHook<[number]>(['value']);
    hook.intercept({ register: (tap) => ({ ...tap, fn: (value: number) => tap.fn(value) * 10 }) });
    hook.tap('a', (value) => value + 1);
    assert.equal(hook.call(1), 20);
  });

  it('runs taps by stage', () => {
    const hook = new SyncWaterfallHook<[string]>(['value']);
    for (const stage of [3, 0, 2, 1]) hook.tap({ name: 'same', stage }, (value) => value + stage);
    assert.equal(hook.call(''), '0123');
  });

  it('takes undefined as no answer in every kind', async () => {
    const adjust = new SyncWaterfallHook<[number]>(['value']);
    adjust.tap('a', () => undefined as never);
    assert.equal(adjust.call(5), 5);
    const guard = new SyncBailHook<[number], number | undefined>(['value']);
    guard.tap('a', () => undefined);
    guard.tap('b', () => 7);
    guard.tap('c', () => assert.fail('asked after an answer'));
    assert.equal(guard.call(1), 7);
    const shape = new AsyncSeriesWaterfallHook<[number]>(['value']);
    shape.tapAsync('a', (_value: number, done: Callback) => done());
    assert.equal(await new Promise((resolve) => shape.callAsync(5, (_, value) => resolve(value))), 5);
  });

  it('runs parallel taps that answer at once, in order, within the call', () => {
    const ran: string[] = [];
    const hook = new AsyncParallelHook<[number]>(['value']);
    hook.tapAsync('a', (_value: number, done: Callback) => {
      ran.push('a');
      done();
    });
    hook.tapAsync('never', () => ran.push('never'));
    hook.tapAsync('b', (_value: number, done: Callback) => {
      ran.push('b');
      done();
    });
    hook.callAsync(1, () => assert.fail('one tap has not answered'));
    assert.deepEqual(ran, ['a', 'never', 'b']);
  });

  it('runs series taps one after the other', async () => {
    const ran: string[] = [];
    const hook = new AsyncSeriesHook<[number]>(['value']);
    hook.tapAsync('a', (_value: number, done: Callback) => {
      setImmediate(() => {
        ran.push('a');
        done();
      });
    });
    hook.tapAsync('b', (_value: number, done: Callback) => {
      ran.push('b');
      done();
    });
    await new Promise<void>((resolve) => hook.callAsync(1, () => resolve()));
    assert.deepEqual(ran, ['a', 'b']);
  });

  it('never creates a hook for a key that is only looked up', () => {
    let created = 0;
    const map = new HookMap(() => {
      created++;
      return new SyncBailHook<[number], number>(['value']);
    });
    assert.equal(map.get('x'), undefined);
    assert.equal(created, 0);
    assert.equal(map.for('x'), map.get('x'));
    assert.equal(created, 1);
  });

  it('lets a throw of a synchronous tap reach the caller: the reason for the guard', () => {
    const hook = new SyncWaterfallHook<[number]>(['value']);
    hook.tap('a', () => {
      throw new Error('boom');
    });
    assert.throws(() => hook.call(1), /boom/);
  });
});
