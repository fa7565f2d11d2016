/**
 * Any number of things that are due at some time, with one timer of the clock: a heap in which each thing knows its place.
 * Used by the prober.
 */
import type { Clock, Timer } from '@mainstay/sdk';

export interface Planned {
  /** Monotonic time. Written by the schedule alone. */
  dueAt: number;
  /** Where it is in the heap; -1: not in it. */
  place: number;
}

/** In one turn of the event loop. After a pause of the process everything is due at once, and sockets must be read in between. */
const mostAtOnce = 200;

export class Schedule<Item extends Planned> {
  readonly #heap: Item[] = [];
  #timer: Timer | undefined;
  #armedFor = Number.POSITIVE_INFINITY;
  #isWaking = false;

  /** `due` must not throw. The item has left the schedule when it is called. */
  constructor(
    private readonly clock: Clock,
    private readonly due: (item: Item) => void,
  ) {}

  get size(): number {
    return this.#heap.length;
  }

  /** Plans an item, or plans it anew. */
  put(item: Item, at: number): void {
    const before = item.dueAt;
    item.dueAt = at;
    if (item.place < 0) {
      item.place = this.#heap.push(item) - 1;
      this.#rise(item);
    } else if (at < before) this.#rise(item);
    else this.#sink(item);
    this.#arm();
  }

  remove(item: Item): void {
    const { place } = item;
    if (place < 0) return;
    item.place = -1;
    const last = this.#heap.pop() as Item;
    if (this.#heap.length === 0) this.#disarm();
    if (last === item) return;
    this.#set(place, last);
    this.#rise(last);
    this.#sink(last);
  }

  close(): void {
    this.#disarm();
    for (const item of this.#heap) item.place = -1;
    this.#heap.length = 0;
  }

  /** An armed timer that is too early does no harm: it wakes up and arms again. */
  #arm(): void {
    const at = this.#heap[0]?.dueAt;
    if (this.#isWaking || at === undefined || at >= this.#armedFor) return;
    this.#timer?.cancel();
    this.#armedFor = at;
    this.#timer = this.clock.at(at, () => this.#wake());
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#armedFor = Number.POSITIVE_INFINITY;
  }

  #wake(): void {
    this.#timer = undefined;
    this.#armedFor = Number.POSITIVE_INFINITY;
    this.#isWaking = true;
    const now = this.clock.now();
    for (let n = 0; n < mostAtOnce; n++) {
      const first = this.#heap[0];
      if (first === undefined || first.dueAt > now) break;
      this.remove(first);
      this.due(first);
    }
    this.#isWaking = false;
    this.#arm();
  }

  #set(place: number, item: Item): void {
    this.#heap[place] = item;
    item.place = place;
  }

  #rise(item: Item): void {
    let place = item.place;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const other = this.#heap[above] as Item;
      if (other.dueAt <= item.dueAt) break;
      this.#set(place, other);
      place = above;
    }
    this.#set(place, item);
  }

  #sink(item: Item): void {
    const heap = this.#heap;
    let place = item.place;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && (heap[below + 1] as Item).dueAt < (heap[below] as Item).dueAt) below++;
      const other = heap[below] as Item;
      if (other.dueAt >= item.dueAt) break;
      this.#set(place, other);
      place = below;
    }
    this.#set(place, item);
  }
}
