/** Which URLs each probe asks for (plugins/checker-http/src/rounds.ts). */
import assert from 'node:assert/strict';
import { failed, firstRound, type Round, succeeded, turnOf } from '@mainstay/checker-http/internal/rounds.js';
import fc from 'fast-check';
import { describe, it } from 'mocha';

/** A checker with `count` URLs; `broken` are those that fail. */
class Site {
  round: Round;
  constructor(
    private readonly count: number,
    private readonly isFast = false,
  ) {
    this.round = firstRound(count);
  }

  probe(attempt: number, ...broken: readonly number[]): { readonly asked: readonly number[]; readonly isUp: boolean } {
    const turn = turnOf(this.round, { attempt, count: this.count, isFast: this.isFast });
    this.round = turn.round;
    const asked: number[] = [];
    for (const url of turn.urls) {
      asked.push(url);
      this.round = broken.includes(url) ? failed(this.round, url, this.count) : succeeded(this.round, url, this.count);
      if (broken.includes(url)) return { asked, isUp: false };
    }
    return { asked, isUp: this.round.pending.length === 0 };
  }
}

describe('URLs of a checker', () => {
  it('are all asked for at the start, then one by one in turn', () => {
    const site = new Site(3);
    assert.deepEqual(site.probe(1), { asked: [0, 1, 2], isUp: true });
    assert.deepEqual(
      [site.probe(1), site.probe(1), site.probe(1), site.probe(1)].map(({ asked }) => asked),
      [[0], [1], [2], [0]],
    );
  });

  it('are tried again where one failed, and go on when it works', () => {
    const site = new Site(3);
    site.probe(1);
    site.probe(1);
    assert.deepEqual(site.probe(1, 1), { asked: [1], isUp: false });
    assert.deepEqual(site.probe(2, 1), { asked: [1], isUp: false });
    assert.deepEqual(site.probe(3), { asked: [1], isUp: true });
    assert.deepEqual(site.probe(1).asked, [2]);
  });

  it('must each succeed once after a failure that counted, the failed one first', () => {
    const site = new Site(3);
    site.probe(1);
    site.probe(1);
    site.probe(1, 1);
    site.probe(2, 1);
    const probes = [site.probe(1, 1), site.probe(1), site.probe(1), site.probe(1), site.probe(1)];
    assert.deepEqual(
      probes.map(({ asked }) => asked),
      [[1], [1], [2], [0], [1]],
    );
    assert.deepEqual(
      probes.map(({ isUp }) => isUp),
      [false, false, false, true, true],
    );
  });

  it('begin anew where another fails meanwhile', () => {
    const site = new Site(3);
    site.probe(1);
    site.probe(1, 0);
    assert.deepEqual(site.probe(1).asked, [0]);
    assert.deepEqual(site.probe(1, 1).asked, [1]);
    assert.deepEqual(
      [site.probe(1), site.probe(1), site.probe(1)],
      [
        { asked: [1], isUp: false },
        { asked: [2], isUp: false },
        { asked: [0], isUp: true },
      ],
    );
  });

  it('are asked for in one probe with fast_recovery', () => {
    const site = new Site(3, true);
    site.probe(1);
    site.probe(1, 0);
    assert.deepEqual(site.probe(1, 2), { asked: [0, 1, 2], isUp: false });
    assert.deepEqual(site.probe(1), { asked: [2, 0, 1], isUp: true });
    assert.deepEqual(site.probe(1).asked, [2]);
  });

  it('never make a server up while one of them fails, and always do when all work', () => {
    const steps = fc.array(fc.record({ isRetry: fc.boolean(), broken: fc.option(fc.nat(3)) }), { maxLength: 30 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.boolean(), steps, (count, isFast, all) => {
        const site = new Site(count, isFast);
        let attempt = 1;
        for (const { isRetry, broken } of all) {
          const { asked, isUp } = site.probe(attempt, ...(broken === null ? [] : [broken]));
          assert.ok(asked.length > 0 && asked.every((url) => url < count));
          assert.ok(!(isUp && broken !== null && asked.includes(broken)));
          attempt = !isUp && isRetry ? attempt + 1 : 1;
        }
        let probes = 0;
        while (!site.probe(1).isUp) assert.ok(++probes <= count);
      }),
      { numRuns: 2000 },
    );
  });
});
