/** Waits until the lanes of a daemon that stops have dealt with the events that are on their way to them. Used by supervisor.ts. */
import type { Clock } from '@mainstay/sdk';
import type { LaneHandle } from './lane-handle.js';

/** Settles when every event has been dealt with, or after `withinMs`, with the names of the lanes that have not. */
export function drained(lanes: () => readonly LaneHandle[], clock: Clock, withinMs: number): Promise<readonly string[]> {
  const end = clock.now() + withinMs;
  const isDone = () => lanes().every((lane) => lane.phase !== 'started' || lane.queue.isDrained);
  const late = () => lanes().filter((lane) => !lane.queue.isDrained);
  return new Promise((resolve) => {
    const look = () => {
      if (isDone()) resolve([]);
      else if (clock.now() < end) clock.after(20, look);
      else resolve(late().map(({ name }) => name));
    };
    look();
  });
}
