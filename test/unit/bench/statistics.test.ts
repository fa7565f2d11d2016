/** The figures of the benchmarks are made from measured values as they say. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { gaps, masterDownInterval, maximum, median, percentile, ratio, skewTime } from '../../bench/statistics.js';

const upTo = (count: number) => Array.from({ length: count }, (_, i) => count - i);

describe('statistics of the benchmarks', () => {
  it('take the middle value as the median, and the mean of the middle two', () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 3, 2]), 2.5);
    assert.equal(median([7]), 7);
    assert.ok(Number.isNaN(median([])));
  });

  it('answer percentiles by the nearest rank: always a value that was measured', () => {
    assert.equal(percentile(upTo(100), 0.5), 50);
    assert.equal(percentile(upTo(100), 0.99), 99);
    assert.equal(percentile(upTo(1000), 0.999), 999);
    assert.equal(percentile(upTo(20), 0.95), 19);
    assert.equal(percentile(upTo(4), 0.95), 4);
    assert.equal(percentile(upTo(4), 1), 4);
    assert.equal(percentile(upTo(4), 0), 1);
    assert.ok(Number.isNaN(percentile([], 0.5)));
  });

  it('leave the values as they were', () => {
    const values = [3, 1, 2];
    median(values);
    percentile(values, 0.9);
    assert.deepEqual(values, [3, 1, 2]);
  });

  it('find the maximum of more values than a call takes arguments', () => {
    assert.equal(maximum(upTo(300_000)), 300_000);
    assert.equal(maximum([-2, -1]), -1);
    assert.ok(Number.isNaN(maximum([])));
  });

  it('make gaps of times', () => {
    assert.deepEqual(gaps([1, 3, 6]), [2, 3]);
    assert.deepEqual(gaps([1]), []);
  });

  it('make no ratio where there is nothing to compare', () => {
    assert.equal(ratio(3, 2), 1.5);
    assert.equal(ratio(0, 2), 0);
    for (const [value, reference] of [
      [1, 0],
      [1, -1],
      [-1, 1],
      [undefined, 1],
      [1, undefined],
      [Number.NaN, 1],
    ] as const)
      assert.equal(ratio(value, reference), undefined);
  });

  it('know how long a successor waits: RFC 3768 counts its skew in seconds, RFC 9568 in intervals', () => {
    assert.equal(skewTime(2, 1000, 128), 500);
    assert.equal(skewTime(3, 100, 128), 50);
    assert.equal(masterDownInterval(2, 1000, 128), 3500);
    assert.equal(masterDownInterval(3, 10, 128), 35);
  });
});
