/** The order of taps (core/runtime/src/hooks/order.ts), by properties over random graphs of wishes. */
import assert from 'node:assert/strict';
import { MainstayError, type Phase, phases, type TapOptions } from '@mainstay/sdk';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { benchOf, type Declare, priorityOf } from './bus-bench.js';

interface Wish extends TapOptions {
  readonly phase: Phase;
  readonly before: readonly string[];
  readonly after: readonly string[];
}
type Wishes = readonly Wish[];

const nameOf = (i: number) => `p${i}`;

/** The plugins in the order in which their taps of vrrp.priority run. */
function runOrder(wishes: Wishes): readonly string[] {
  const ran: string[] = [];
  const declare =
    (name: string, wish: Wish): Declare =>
    (taps) => {
      const note = () => {
        ran.push(name);
        return undefined;
      };
      taps.adjust('vrrp.priority', note, wish);
    };
  const plugins = Object.fromEntries(wishes.map((wish, i) => [nameOf(i), declare(nameOf(i), wish)]));
  priorityOf(benchOf(plugins));
  return ran;
}

/** Edges (earlier, later) that the wishes ask for, and those that the phases impose. */
function edges(wishes: Wishes): readonly (readonly [number, number])[] {
  const result: [number, number][] = [];
  for (const [i, a] of wishes.entries()) {
    for (const [j, b] of wishes.entries()) {
      if (i === j) continue;
      if (a.before.includes(nameOf(j)) || b.after.includes(nameOf(i))) result.push([i, j]);
      if (phases.indexOf(a.phase) < phases.indexOf(b.phase)) result.push([i, j]);
    }
  }
  return result;
}

function hasCycle(count: number, graph: readonly (readonly [number, number])[]): boolean {
  const left = new Set(Array.from({ length: count }, (_, i) => i));
  for (;;) {
    const free = [...left].filter((i) => !graph.some(([a, b]) => b === i && left.has(a)));
    if (free.length === 0) return left.size > 0;
    for (const i of free) left.delete(i);
  }
}

const wishesOf = (phaseChoice: fc.Arbitrary<Phase>) =>
  fc.integer({ min: 1, max: 7 }).chain((count) => {
    const others = (i: number) =>
      fc.subarray(
        Array.from({ length: count }, (_, j) => nameOf(j)).filter((name) => name !== nameOf(i)),
        { maxLength: Math.min(2, count - 1) },
      );
    return fc.tuple(
      ...Array.from({ length: count }, (_, i) => fc.record({ phase: phaseChoice, before: others(i), after: others(i) })),
    );
  });

const anyWishes = wishesOf(fc.constantFrom(...phases));
const onePhase = wishesOf(fc.constant<Phase>('normal'));

describe('order of taps', () => {
  it('honours every phase and wish, or refuses exactly when they contradict each other', () => {
    fc.assert(
      fc.property(fc.oneof(anyWishes, onePhase), (wishes) => {
        const graph = edges(wishes);
        if (hasCycle(wishes.length, graph)) {
          assert.throws(() => runOrder(wishes), { code: 'HOOK_ORDER_CYCLE' });
          return;
        }
        const ran = runOrder(wishes);
        assert.deepEqual([...ran].sort(), wishes.map((_, i) => nameOf(i)).sort());
        for (const [a, b] of graph) assert.ok(ran.indexOf(nameOf(a)) < ran.indexOf(nameOf(b)), `${a} before ${b}: ${ran}`);
      }),
      { numRuns: 400 },
    );
  });

  it('is load order where nothing is asked for', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...phases), { maxLength: 8 }), (chosen) => {
        const ran = runOrder(chosen.map((phase) => ({ phase, before: [], after: [] })));
        const expected = phases.flatMap((phase) => chosen.flatMap((p, i) => (p === phase ? [nameOf(i)] : [])));
        assert.deepEqual(ran, expected);
      }),
    );
  });

  it('takes the earliest loaded tap that may run next', () => {
    fc.assert(
      fc.property(onePhase, (wishes) => {
        const graph = edges(wishes);
        if (hasCycle(wishes.length, graph)) return;
        const left = new Set(wishes.keys());
        for (const name of runOrder(wishes)) {
          const first = [...left].find((i) => !graph.some(([a, b]) => b === i && left.has(a)));
          assert.equal(name, nameOf(first ?? -1));
          left.delete(first ?? -1);
        }
      }),
    );
  });

  it('names a cycle and the plugins in it', () => {
    const wishes = [
      { phase: 'normal', before: ['p1'], after: [] },
      { phase: 'normal', before: ['p2'], after: [] },
      { phase: 'normal', before: ['p0'], after: [] },
    ] as const;
    assert.throws(
      () => runOrder(wishes),
      (error: unknown) => error instanceof MainstayError && /p\d before p\d before p\d before p\d/.test(error.message),
    );
  });

  it('says why a tap has its place', () => {
    const bench = benchOf({
      late: (taps) => taps.adjust('vrrp.priority', () => undefined, { phase: 'late' }),
      second: (taps) => taps.adjust('vrrp.priority', () => undefined, { after: 'third' }),
      third: (taps) => taps.adjust('vrrp.priority', () => undefined),
    });
    assert.deepEqual(
      bench.bus.taps().map(({ plugin, position, reason }) => [plugin, position, reason]),
      [
        ['third', 1, 'phase normal; second asked to run after it'],
        ['second', 2, 'phase normal; after third'],
        ['late', 3, 'phase late; load order'],
      ],
    );
  });
});
