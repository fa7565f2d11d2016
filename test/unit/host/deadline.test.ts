/** The bound of a step of a plugin's life: whoever was asleep with its process gets the time of the step once more. */
import assert from 'node:assert/strict';
import { createSimulation } from '@mainstay/testing';
import { describe, it } from 'mocha';
import { hostBench, loaded, ready } from './host-bench.js';

describe('the bound of a stop', () => {
  async function stopping() {
    const simulation = createSimulation({ seed: 1 });
    const { clock } = simulation;
    const process = simulation.addBystander('a', { links: {} }).spawn();
    const bench = hostBench({ clock: process.clock });
    let finish = () => {};
    const stop = () =>
      new Promise<void>((resolve) => {
        finish = resolve;
      });
    await ready(bench, [loaded({ name: 'slow', stop })]);
    await clock.drive(bench.host.start());
    let isOver = false;
    bench.host.stop('shutdown').then(() => {
      isOver = true;
    });
    await clock.settle();
    const sleep = async () => {
      process.stop();
      await clock.advance(20_000);
      process.resume();
    };
    const outcome = () => [isOver, bench.logs.filter(({ level }) => level === 'error').length];
    return { clock, sleep, outcome, finish: () => finish() };
  }

  it('gives up at its time', async () => {
    const { clock, outcome } = await stopping();
    await clock.advance(4999);
    assert.deepEqual(outcome(), [false, 0]);
    await clock.advance(1);
    assert.deepEqual(outcome(), [true, 1]);
  });

  it('begins anew after a sleep, once', async () => {
    const { clock, sleep, outcome } = await stopping();
    await sleep();
    await clock.advance(4999);
    assert.deepEqual(outcome(), [false, 0]);
    await sleep();
    await clock.advance(1);
    assert.deepEqual(outcome(), [true, 1]);
  });

  it('takes what finishes after a sleep', async () => {
    const { clock, sleep, outcome, finish } = await stopping();
    await sleep();
    await clock.advance(100);
    finish();
    await clock.settle();
    assert.deepEqual(outcome(), [true, 0]);
  });
});
