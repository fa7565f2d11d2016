/** A day of every checker beside the balancer, while its server does all that hostile servers do: each returns, and nothing grows. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'mocha';
import { run } from '../support/command.js';
import type { DayReport } from './checkers/day.js';

/** Else what is compiled now and then would be in the heap. */
const steady = ['--expose-gc', '--no-opt', '--no-lazy-feedback-allocation', '--no-flush-bytecode'];
const program = fileURLToPath(new URL('./checkers/day.js', import.meta.url));

describe('a day of every checker', function () {
  this.timeout(300_000);

  it('finds what there is to be found, to the end, and holds no more at its end than in its first hours', async () => {
    const day = JSON.parse(await run(process.execPath, [...steady, program])) as DayReport;
    const { hours, states, probes } = day;
    assert.equal(hours.length, 24);
    assert.deepEqual(
      hours.flatMap(({ down }) => down),
      [],
    );
    assert.equal(Object.keys(states).length, 10);
    for (const [checker, seen] of Object.entries(states)) assert.deepEqual(seen, ['down', 'up'], checker);
    // Each is asked every three minutes.
    assert.equal(Object.keys(probes).length, 8);
    for (const [checker, count] of Object.entries(probes)) assert.ok(count > 450, `${checker} was asked ${count} times`);
    // Each of two URLs has its two seconds, and one of them may have them twice.
    assert.ok(day.longestProbe <= 6500, `a probe took ${day.longestProbe} ms`);
    assert.ok(day.mostConnections <= 10, `${day.mostConnections} connections were open`);
    assert.deepEqual(new Set([day.connectionsAtEnd, ...hours.map(({ connections }) => connections)]), new Set([0]));
    assert.equal(new Set(hours.map(({ timers }) => timers)).size, 1, 'timers');
    // By hour eleven everything has been met. A checker that keeps a kilobyte of each probe is seen.
    const more = (hours.at(-1)?.heap ?? 0) - (hours[10]?.heap ?? 0);
    assert.ok(more < 256 * 1024, `${more} octets more at the end of the day than at hour eleven`);
  });
});
