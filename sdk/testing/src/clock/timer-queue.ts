/** The timers of a virtual clock: a binary heap in order of (time, creation). Used by VirtualClock alone. */

export interface QueuedTimer {
  readonly at: number;
  readonly order: number;
  /** Undefined once fired or cancelled. */
  fire: (() => void) | undefined;
}

function isBefore(a: QueuedTimer, b: QueuedTimer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

export class TimerQueue {
  readonly #heap: QueuedTimer[] = [];

  /** Timers that are still to fire. Counts; for tests and reports. */
  get size(): number {
    return this.#heap.reduce((n, timer) => (timer.fire === undefined ? n : n + 1), 0);
  }

  push(timer: QueuedTimer): void {
    const heap = this.#heap;
    let i = heap.push(timer) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const above = heap[parent] as QueuedTimer;
      if (!isBefore(timer, above)) break;
      heap[i] = above;
      i = parent;
    }
    heap[i] = timer;
  }

  /** The earliest timer that is still to fire, left in place. Cancelled ones are dropped on the way. */
  peek(): QueuedTimer | undefined {
    for (let top = this.#heap[0]; top !== undefined; top = this.#heap[0]) {
      if (top.fire !== undefined) return top;
      this.#dropTop();
    }
    return undefined;
  }

  /** Takes the earliest timer due at or before `at`. */
  popDue(at: number): QueuedTimer | undefined {
    const top = this.peek();
    if (top === undefined || top.at > at) return undefined;
    this.#dropTop();
    return top;
  }

  #dropTop(): void {
    const heap = this.#heap;
    const last = heap.pop() as QueuedTimer;
    const size = heap.length;
    if (size === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= size) break;
      const right = child + 1;
      if (right < size && isBefore(heap[right] as QueuedTimer, heap[child] as QueuedTimer)) child = right;
      const below = heap[child] as QueuedTimer;
      if (!isBefore(below, last)) break;
      heap[i] = below;
      i = child;
    }
    heap[i] = last;
  }
}
