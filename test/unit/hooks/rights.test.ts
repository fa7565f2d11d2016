/** Who may tap what, and mistakes in names: errors at load time (core/runtime/src/hooks/declaration.ts and rights.ts). */
import assert from 'node:assert/strict';
import { type LaneKind, MainstayError, type Taps } from '@mainstay/sdk';
import { describe, it } from 'mocha';
import { benchOf, type Declare, populationOf, unfrozenBench } from './bus-bench.js';

function refused(code: string, message: RegExp, declare: Declare, here?: ReadonlyMap<string, LaneKind>): void {
  assert.throws(
    () => benchOf({ a: declare, 'track-disk': () => {} }, here === undefined ? {} : { here }),
    (error: unknown) => {
      assert.ok(error instanceof MainstayError, String(error));
      assert.equal(error.code, code);
      assert.match(error.message, message);
      return true;
    },
  );
}

const keep = () => undefined;

describe('mistakes in taps', () => {
  it('an unknown hook, with a suggestion', () => {
    const tap = (taps: Taps) => taps.observe('vrrp.transitionned' as 'vrrp.transitioned', keep);
    refused('HOOK_UNKNOWN', /plugin a uses the hook "vrrp.transitionned".*did you mean "vrrp.transitioned"\?/, tap);
    refused('HOOK_UNKNOWN', /"toString"/, (taps) => taps.observe('toString' as 'vrrp.transitioned', keep));
  });

  it('the wrong kind, with the right one', () => {
    const tap = (taps: Taps) => taps.observe('vrrp.priority' as 'vrrp.transitioned', keep);
    refused('HOOK_WRONG_KIND', /taps vrrp.priority with taps.observe\(\).*use taps.adjust\(\)/, tap);
  });

  it('an unknown phase, with a suggestion', () => {
    refused('HOOK_UNKNOWN_ORDER', /phase "lat".*did you mean "late"/, (taps) =>
      taps.adjust('vrrp.priority', keep, { phase: 'lat' as 'late' }),
    );
  });

  it('an unknown plugin in before or after, with a suggestion', () => {
    refused('HOOK_UNKNOWN_ORDER', /after "track-disc".*did you mean "track-disk"/, (taps) =>
      taps.adjust('vrrp.priority', keep, { after: 'track-disc' }),
    );
  });

  it('itself in before or after', () => {
    refused('HOOK_ORDER_CYCLE', /before itself/, (taps) => taps.adjust('vrrp.priority', keep, { before: 'a' }));
  });

  it('a wish against the phases', () => {
    assert.throws(
      () =>
        benchOf({
          a: (taps) => taps.adjust('vrrp.priority', keep, { after: 'b' }),
          b: (taps) => taps.adjust('vrrp.priority', keep, { phase: 'last' }),
        }),
      { code: 'HOOK_ORDER_CYCLE' },
    );
  });

  it('a deadline of its own where the daemon waits', () => {
    refused('HOOK_WRONG_KIND', /deadline/, (taps) => taps.adjust('vrrp.priority', keep, { deadlineMs: 5 }));
    assert.throws(() => benchOf({ a: (taps) => taps.observe('vrrp.advert', keep, { deadlineMs: 0 }) }), RangeError);
    assert.throws(() => benchOf({ a: (taps) => taps.observe('vrrp.advert', keep, { deadlineMs: Number.NaN }) }), RangeError);
  });

  it('a tap after setup', () => {
    let late: Taps | undefined;
    const bench = unfrozenBench({
      a: (taps) => {
        late = taps;
      },
    });
    assert.throws(() => late?.observe('vrrp.transitioned', keep), { code: 'HOOK_FROZEN' });
    bench.bus.freeze(populationOf({}));
    assert.throws(() => bench.bus.tapsFor('b').taps.observe('vrrp.transitioned', keep), { code: 'HOOK_FROZEN' });
  });
});

describe('rights to tap', () => {
  const lanes = (a: LaneKind) =>
    new Map<string, LaneKind>([
      ['vrrp', 'realtime'],
      ['a', a],
      ['track-disk', 'realtime'],
    ]);

  it("an adjuster belongs to the owner's lane", () => {
    const tap = (taps: Taps) => taps.adjust('vrrp.priority', keep);
    refused(
      'HOOK_WRONG_LANE',
      /plugin a \(extension lane\).*vrrp \(realtime lane\).*"lane": "realtime"/,
      tap,
      lanes('extension'),
    );
    benchOf({ a: tap }, { here: lanes('realtime') });
  });

  it('also when the owner lives in another process', () => {
    const plugins = { a: (taps: Taps) => taps.adjust('vrrp.priority', keep) };
    const elsewhere = new Map<string, LaneKind>([['vrrp', 'realtime']]);
    const population = { ...populationOf({}), here: new Map<string, LaneKind>([['a', 'realtime']]) };
    const bench = unfrozenBench(plugins);
    assert.throws(() => bench.bus.freeze({ ...population, elsewhere }), { code: 'HOOK_WRONG_LANE' });
    unfrozenBench(plugins).bus.freeze(population);
  });

  it('a plugin with a process of its own is not with the owner', () => {
    const tap: Declare = (taps) => taps.adjust('vrrp.priority', keep);
    assert.throws(() => benchOf({ a: tap }, { isolated: new Map([['a', 'a']]) }), {
      code: 'HOOK_WRONG_LANE',
      message: /isolated/,
    });
    const together = new Map([
      ['vrrp', 'vrrp'],
      ['a', 'vrrp'],
    ]);
    benchOf({ a: tap }, { isolated: together });
  });

  it('a tap that the checking loop asks is where checkers are, when all plugins are known', () => {
    const tap: Declare = (taps) => taps.shape('checker.verdict', async () => undefined);
    const here = (a: LaneKind, http: LaneKind = 'health') =>
      new Map<string, LaneKind>([
        ['a', a],
        ['http', http],
      ]);
    const checkers = new Set(['http']);
    const never = {
      code: 'HOOK_WRONG_LANE',
      message: /plugin a taps checker.verdict in the extension lane, and would never.*"lane": "health"/,
    };
    assert.throws(() => benchOf({ a: tap }, { here: here('extension'), checkers }), never);
    assert.throws(() => benchOf({ a: tap }, { here: here('health'), checkers, isolated: new Map([['a', 'a']]) }), {
      code: 'HOOK_WRONG_LANE',
      message: /a process of its own/,
    });
    benchOf({ a: tap }, { here: here('health'), checkers });
    benchOf({ a: tap }, { here: here('health'), checkers: new Set() });
    benchOf({ a: tap }, { here: here('extension', 'extension'), checkers });
    benchOf({ a: tap }, { here: here('extension'), checkers: new Set(['a']) });
    benchOf({ a: tap }, { here: here('extension') });
  });

  it('observers live anywhere', () => {
    benchOf({ a: (taps) => taps.observe('vrrp.transitioned', keep) }, { here: lanes('extension') });
  });

  it('a guard needs consent', () => {
    const tap: Declare = (taps) => taps.guard('vrrp.mayBecomeMaster', keep);
    refused('HOOK_NO_CONSENT', /plugin a taps vrrp.mayBecomeMaster/, tap);
    benchOf({ a: tap }, { consent: new Set(['a']) });
    benchOf({ vrrp: tap });
  });
});

describe('rights to call', () => {
  const bench = benchOf({});

  it('only the owner calls a hook', () => {
    assert.throws(() => bench.bus.callsFor('a').adjust('vrrp.priority', 'VI_1', 100, {} as never), { code: 'HOOK_NOT_OWNER' });
    assert.throws(() => bench.bus.callsFor('a').observe('vrrp.transitioned', 'VI_1', {} as never), { code: 'HOOK_NOT_OWNER' });
    assert.throws(() => bench.bus.callsFor('a').observe('plugin.parked', 'x', {} as never), { code: 'HOOK_NOT_OWNER' });
  });

  it('and in the way of its kind', () => {
    const vrrp = bench.bus.callsFor('vrrp');
    assert.throws(() => vrrp.observe('vrrp.priority' as 'vrrp.advert', 'VI_1', {} as never), { code: 'HOOK_WRONG_KIND' });
    assert.throws(() => vrrp.observe('vrrp.nothing' as 'vrrp.advert', 'VI_1', {} as never), { code: 'HOOK_UNKNOWN' });
  });
});
