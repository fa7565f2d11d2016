/** The outage that a client saw is read from its probes as docs/benchmarks.md says. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { longestOutage, type Probe } from '../../bench/prober.js';
import { show } from '../../bench/report.js';

/** A probe a millisecond: `+` answered, `-` not, ` ` the client slept. */
function probes(pattern: string): Probe[] {
  const all = [...pattern].map((sign, i) => ({ sign, probe: { sentMs: i, answeredMs: sign === '+' ? i + 0.1 : 0 } }));
  return all.filter(({ sign }) => sign !== ' ').map(({ probe }) => probe);
}

describe('the outage of a client', () => {
  it('reaches from the last answered probe to the next that was', () => {
    assert.deepEqual(longestOutage(probes('+++---++')), { ms: 4, lost: 3 });
  });

  it('is the longest of several', () => {
    assert.deepEqual(longestOutage(probes('+-+---+--+')), { ms: 4, lost: 3 });
  });

  it('is not made by a client that was late', () => {
    assert.deepEqual(longestOutage(probes('++      ++')), { ms: 0, lost: 0 });
    assert.deepEqual(longestOutage(probes('++   -   ++')), { ms: 8, lost: 1 });
  });

  it('does not begin before the first answer or end after the last', () => {
    assert.deepEqual(longestOutage(probes('---++---')), { ms: 0, lost: 0 });
    assert.deepEqual(longestOutage([]), { ms: 0, lost: 0 });
  });
});

describe('the table of results', () => {
  it('shows three digits that count', () => {
    assert.deepEqual(
      [1234.5, 123.45, 12.345, 1.2345, 0.12345, -5.432, 0, 7].map((value) => show(value)),
      ['1235', '123', '12.3', '1.23', '0.123', '-5.43', '0', '7'],
    );
    assert.equal(show(undefined), '–');
    assert.equal(show(Number.NaN), '–');
  });
});
