/** Per-object hooks, queued events, other lanes (core/runtime/src/hooks/bus.ts). */
import assert from 'node:assert/strict';
import type { HookCalls } from '@mainstay/sdk';
import { describe, it } from 'mocha';
import { benchOf, priorityOf, raise, transition } from './bus-bench.js';

describe('per-object hooks', () => {
  it('call only the taps for the object and those for all, in one order', () => {
    const ran: string[] = [];
    const note = (name: string) => () => {
      ran.push(name);
      return undefined;
    };
    const bench = benchOf({
      a: (taps) => taps.adjust('vrrp.priority', note('a'), { for: 'VI_1' }),
      b: (taps) => taps.adjust('vrrp.priority', note('b')),
      c: (taps) => taps.adjust('vrrp.priority', note('c'), { for: 'VI_1', phase: 'first' }),
      d: (taps) => taps.adjust('vrrp.priority', note('d'), { for: 'VI_2' }),
    });
    priorityOf(bench, 100, 'VI_1');
    assert.deepEqual(ran.splice(0), ['c', 'a', 'b']);
    priorityOf(bench, 100, 'VI_2');
    assert.deepEqual(ran.splice(0), ['b', 'd']);
    priorityOf(bench, 100, 'VI_3');
    assert.deepEqual(ran.splice(0), ['b']);
  });

  it('do not order taps that never meet', () => {
    benchOf({
      a: (taps) => {
        taps.adjust('vrrp.priority', () => undefined, { for: 'VI_1', before: 'b' });
        taps.adjust('vrrp.priority', () => undefined, { for: 'VI_2', after: 'b' });
      },
      b: (taps) => {
        taps.adjust('vrrp.priority', () => undefined, { for: 'VI_1' });
        taps.adjust('vrrp.priority', () => undefined, { for: 'VI_2' });
      },
    });
  });

  it('know whether anybody listens', () => {
    const bench = benchOf({ a: (taps) => taps.observe('vrrp.peerChanged', () => {}, { for: 'VI_1' }) });
    const calls = bench.bus.callsFor('vrrp');
    assert.equal(calls.isTapped('vrrp.peerChanged', 'VI_1'), true);
    assert.equal(calls.isTapped('vrrp.peerChanged', 'VI_2'), false);
    assert.equal(calls.isTapped('vrrp.advert', 'VI_1'), false);
  });
});

describe('events raised inside a tap', () => {
  it('wait until the call under way has ended', () => {
    const ran: string[] = [];
    let calls: HookCalls | undefined;
    const bench = benchOf({
      vrrp: (taps) =>
        taps.adjust('vrrp.priority', (value) => {
          calls?.observe('vrrp.transitioned', 'VI_1', transition);
          ran.push('adjusted');
          return value;
        }),
      a: (taps) => taps.adjust('vrrp.priority', () => void ran.push('adjusted, too')),
      b: (taps) => taps.observe('vrrp.transitioned', () => void ran.push('told')),
    });
    calls = bench.bus.callsFor('vrrp');
    priorityOf(bench);
    assert.deepEqual(ran, ['adjusted', 'adjusted, too', 'told']);
  });

  it('reach every tap before the next event does', () => {
    const ran: string[] = [];
    let raised = 0;
    const bench = benchOf({
      vrrp: (taps) =>
        taps.observe('vrrp.transitioned', ({ priority }) => {
          ran.push(`first ${priority}`);
          if (raised++ < 2) bench.bus.callsFor('vrrp').observe('vrrp.transitioned', 'VI_1', { ...transition, priority: raised });
        }),
      b: (taps) => taps.observe('vrrp.transitioned', ({ priority }) => void ran.push(`second ${priority}`)),
    });
    raise(bench);
    assert.deepEqual(ran, ['first 100', 'second 100', 'first 1', 'second 1', 'first 2', 'second 2']);
  });

  it('do not go on without end', () => {
    let count = 0;
    const bench = benchOf({
      vrrp: (taps) =>
        taps.observe('vrrp.transitioned', () => {
          count++;
          raise(bench);
        }),
    });
    raise(bench);
    assert.equal(count, 10_000);
    assert.match(bench.logs.at(-1)?.message ?? '', /1 events are lost \(vrrp.transitioned\)/);
    raise(bench);
    assert.equal(count, 20_000);
  });
});

describe('lifecycle hooks', () => {
  it('run in order and wait for each tap, at most until its deadline', async () => {
    const ran: string[] = [];
    const bench = benchOf({
      a: (taps) =>
        taps.lifecycle('config.loaded', async () => {
          await new Promise<void>((resolve) => bench.clock.after(100, resolve));
          ran.push('a');
        }),
      b: (taps) => taps.lifecycle('config.loaded', () => new Promise(() => {})),
      c: (taps) => taps.lifecycle('config.loaded', ({ generation }) => void ran.push(`c ${generation}`)),
    });
    const began = bench.clock.now();
    await bench.clock.drive(bench.bus.lifecycle('config.loaded', { files: ['x'], generation: 1 }));
    assert.deepEqual(ran, ['a', 'c 1']);
    assert.equal(bench.clock.now() - began, 5100);
  });
});

describe('other lanes', () => {
  it('hear every event until they say what they want', () => {
    const out: string[] = [];
    const bench = benchOf({});
    const changed = (key: string) => bench.bus.callsFor('vrrp').observe('vrrp.peerChanged', key, {} as never);
    bench.bus.onObserve((name, key) => out.push(`${name} ${key}`));
    assert.equal(bench.bus.callsFor('vrrp').isTapped('vrrp.peerChanged', 'VI_1'), true);
    changed('VI_1');
    bench.bus.setRemoteInterest([{ hook: 'vrrp.peerChanged', keys: ['VI_2'] }]);
    changed('VI_1');
    changed('VI_2');
    assert.deepEqual(out, ['vrrp.peerChanged VI_1', 'vrrp.peerChanged VI_2']);
    bench.bus.setRemoteInterest([{ hook: 'vrrp.peerChanged', keys: '*' }]);
    assert.equal(bench.bus.isTapped('vrrp.peerChanged', 'any'), true);
    assert.equal(bench.bus.isTapped('vrrp.priority', 'any'), false);
  });

  it('deliver to local taps, and the event does not go out again', () => {
    const seen: unknown[] = [];
    const bench = benchOf({ a: (taps) => taps.observe('vrrp.transitioned', (event) => void seen.push(event)) });
    bench.bus.onObserve(() => assert.fail('sent back'));
    bench.bus.deliver('vrrp.transitioned', 'VI_1', transition);
    bench.bus.deliver('vrrp.priority', 'VI_1', transition);
    bench.bus.deliver('nonsense' as 'vrrp.advert', 'VI_1', transition);
    assert.deepEqual(seen, [transition]);
  });

  it('learn when the taps of a delivered event have ended', async () => {
    const bench = benchOf({
      a: (taps) => taps.observe('vrrp.transitioned', () => new Promise<void>((resolve) => bench.clock.after(40, resolve))),
      b: (taps) => taps.observe('vrrp.transitioned', () => new Promise(() => {}), { deadlineMs: 90 }),
    });
    const began = bench.clock.now();
    await bench.clock.drive(bench.bus.deliver('vrrp.transitioned', 'VI_1', transition));
    assert.equal(bench.clock.now() - began, 90);
    await bench.bus.deliver('vrrp.advert', 'VI_1', transition);
    await bench.bus.deliver('vrrp.priority', 'VI_1', transition);
  });

  it('a listener that throws costs nobody the event', () => {
    const seen: unknown[] = [];
    const bench = benchOf({ a: (taps) => taps.observe('vrrp.transitioned', (event) => void seen.push(event)) });
    bench.bus.onObserve(() => {
      throw new Error('channel closed');
    });
    raise(bench);
    assert.equal(seen.length, 1);
    assert.match(bench.logs[0]?.message ?? '', /channel closed/);
  });

  it('learn what the taps of this lane want', () => {
    const bench = benchOf({
      a: (taps) => taps.observe('vrrp.transitioned', () => {}, { for: 'VI_1' }),
      b: (taps) => taps.observe('vrrp.transitioned', () => {}, { for: 'VI_2' }),
      c: (taps) => taps.observe('vrrp.advert', () => {}),
      f: (taps) => taps.observe('bfd.decided', () => {}, { remind: true }),
      d: (taps) => taps.observe('vrrp.advert', () => {}, { for: 'VI_1' }),
      e: (taps) => taps.adjust('vrrp.priority', () => undefined),
    });
    assert.deepEqual(bench.bus.interest(), [
      { hook: 'vrrp.transitioned', keys: ['VI_1', 'VI_2'] },
      { hook: 'vrrp.advert', keys: '*' },
      { hook: 'bfd.decided', keys: '*', isReminded: true },
    ]);
  });
});

describe('a stopped or starting plugin', () => {
  it('gets the events of its start afterwards, and none after its stop', () => {
    const seen: string[] = [];
    const bench = benchOf({ a: (taps) => taps.observe('vrrp.transitioned', ({ instance }) => void seen.push(instance)) });
    const standing = bench.bus.standing('a');
    standing.wait();
    raise(bench, 'VI_1');
    raise(bench, 'VI_2');
    assert.deepEqual(seen, []);
    standing.open();
    raise(bench, 'VI_3');
    assert.deepEqual(seen, ['VI_1', 'VI_2', 'VI_3']);
    standing.close();
    raise(bench, 'VI_4');
    assert.equal(seen.length, 3);
  });

  it('has its calls under way aborted at its stop, without a strike', async () => {
    let reason = '';
    const bench = benchOf({
      a: (taps) =>
        taps.observe('vrrp.transitioned', (_, { signal }) => {
          return new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => {
              reason = String((signal.reason as Error).message);
              reject(new Error('aborted'));
            });
          });
        }),
    });
    raise(bench);
    bench.bus.standing('a').close();
    await bench.clock.advance(5000);
    assert.equal(reason, 'plugin a stops');
    assert.equal(bench.bus.taps()[0]?.strikes, 0);
  });

  it('names the tap that keeps the event loop', () => {
    const bench = benchOf({
      a: (taps) => taps.observe('vrrp.transitioned', () => assert.equal(bench.bus.running()?.plugin, 'a')),
    });
    raise(bench);
    assert.equal(bench.bus.taps()[0]?.strikes, 0);
    assert.equal(bench.bus.running(), undefined);
  });
});
