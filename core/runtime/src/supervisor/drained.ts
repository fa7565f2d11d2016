/** Waits until the lanes of a daemon that stops have dealt with the events that are on their way to them. Used by stopping.ts. */
import type { Clock } from '@mainstay/sdk';
import type { LaneHandle } from './lane-handle.js';
import { until } from './until.js';

/** Settles when every event has been dealt with, or after `withinMs`, with the names of the lanes that have not. */
export async function drained(lanes: () => readonly LaneHandle[], clock: Clock, withinMs: number): Promise<readonly string[]> {
  const isDone = () => lanes().every((lane) => lane.phase !== 'started' || lane.queue.isDrained);
  if (await until(clock, withinMs, isDone)) return [];
  return lanes()
    .filter((lane) => !lane.queue.isDrained)
    .map(({ name }) => name);
}
