/** Properties of the guard: whatever mixture of taps there is, the owner's call ends with the sum of the sane answers. */
import assert from 'node:assert/strict';
import { strikesToPark } from '@mainstay/core';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { benchOf, type Declare, priorityOf, raise } from './bus-bench.js';

type Adjuster = 'adds' | 'keeps' | 'throws' | 'NaN' | 'promise' | 'text' | 'mutates';
const adjusters: readonly Adjuster[] = ['adds', 'keeps', 'throws', 'NaN', 'promise', 'text', 'mutates'];
const isSane = (kind: Adjuster) => kind === 'adds' || kind === 'keeps';

const adjust: Readonly<Record<Adjuster, (value: number, payload: object) => unknown>> = {
  adds: (value) => value + 1,
  keeps: () => undefined,
  throws: () => {
    throw new Error('no');
  },
  NaN: () => Number.NaN,
  promise: async () => 5,
  text: () => '5',
  mutates: (_, payload) => {
    (payload as { configured: number }).configured = 0;
    return 0;
  },
};

type Observer = 'notes' | 'throws' | 'rejects' | 'hangs' | 'mutates';
const observers: readonly Observer[] = ['notes', 'throws', 'rejects', 'hangs', 'mutates'];

const observe = (kind: Observer, note: () => void) => (event: object) => {
  switch (kind) {
    case 'notes':
      return note();
    case 'throws':
      throw new Error('no');
    case 'rejects':
      return Promise.reject(new Error('no'));
    case 'hangs':
      return new Promise<void>(() => {});
    case 'mutates':
      (event as { to: string }).to = 'fault';
      return undefined;
  }
};

describe('guard, by properties', () => {
  it('an adjusted value is what the sane taps make of it, however often it is asked for', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...adjusters), { maxLength: 8 }), fc.integer({ min: 1, max: 6 }), (kinds, calls) => {
        const declare =
          (kind: Adjuster): Declare =>
          (taps) =>
            taps.adjust('vrrp.priority', adjust[kind] as never);
        const bench = benchOf(Object.fromEntries(kinds.map((kind, i) => [`p${i}`, declare(kind)])));
        const added = kinds.filter((kind) => kind === 'adds').length;
        for (let call = 0; call < calls; call++) {
          const { value, contributions } = priorityOf(bench);
          assert.equal(value, 100 + added);
          assert.equal(contributions.length, added);
        }
        for (const [i, tap] of bench.bus.taps().entries()) {
          const sane = isSane(kinds[i] ?? 'keeps');
          assert.equal(tap.strikes, sane ? 0 : Math.min(calls, strikesToPark));
          assert.equal(tap.calls, sane ? calls : Math.min(calls, strikesToPark));
          assert.equal(tap.isParked, !sane && calls >= strikesToPark);
        }
      }),
    );
  });

  it('every sane observer hears every event, in time, whoever else listens', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...observers), { maxLength: 6 }),
        fc.array(fc.integer({ min: 0, max: 4000 }), { maxLength: 6 }),
        async (kinds, pauses) => {
          let noted = 0;
          const note = () => {
            noted++;
          };
          const declare =
            (kind: Observer): Declare =>
            (taps) =>
              taps.observe('vrrp.transitioned', observe(kind, note) as never);
          const bench = benchOf(Object.fromEntries(kinds.map((kind, i) => [`p${i}`, declare(kind)])));
          const sane = kinds.filter((kind) => kind === 'notes').length;
          for (const [i, pause] of pauses.entries()) {
            raise(bench);
            assert.equal(noted, sane * (i + 1));
            await bench.clock.advance(pause);
          }
          await bench.clock.advance(3000);
          assert.equal(bench.clock.pending, 0);
          for (const [i, tap] of bench.bus.taps().entries()) {
            if (kinds[i] === 'notes') assert.deepEqual([tap.calls, tap.strikes], [pauses.length, 0]);
            else assert.ok(tap.isParked === pauses.length >= strikesToPark, `${kinds[i]} ${tap.strikes}`);
          }
        },
      ),
    );
  });
});
