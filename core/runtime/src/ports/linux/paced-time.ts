/** Between the clock of plugins (milliseconds of this process) and the kernel's (microseconds since boot). Used by pacemaker.ts. */
import { performance } from 'node:perf_hooks';

/** Both run at the same rate; the difference is taken where the two readings lie closest together. */
function offsetUs(): number {
  let best = { gap: Number.POSITIVE_INFINITY, offset: 0 };
  for (let i = 0; i < 20; i++) {
    const before = process.hrtime.bigint();
    const now = performance.now();
    const after = process.hrtime.bigint();
    const gap = Number(after - before);
    if (gap < best.gap) best = { gap, offset: Number(before + after) / 2000 - now * 1000 };
  }
  return best.offset;
}

const offset = offsetUs();

export function toKernel(ms: number): number {
  return ms * 1000 + offset;
}

export function fromKernel(us: number): number {
  return (us - offset) / 1000;
}
