/** A hook file that misuses its lane: it computes without pause and keeps what it allocates. For benchmarks under load. */

/** `point`: the hook that it is for. Starts with its lane and whenever the lane comes back after it ran out of memory. */
export function hostileHook(point: string): string {
  return `
import { defineNotify } from '@mainstay/sdk';

const kept: unknown[] = [];

function misuse(): void {
  const end = Date.now() + 1000;
  while (Date.now() < end);
  kept.push(new Array(1_000_000).fill(end));
  setImmediate(misuse);
}
setImmediate(misuse);

export default defineNotify({
  on: ['${point}'],
  run() {
    misuse();
  },
});
`;
}
