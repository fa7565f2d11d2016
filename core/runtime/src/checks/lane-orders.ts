/**
 * What one lane that checks has still to be told for one client: only identities wait here, and what is sent is what is wanted at
 * that moment. So it is never more than there are checks, however often a configuration changes. Used by the client.
 */
import type { CheckReport, Clock } from '@mainstay/sdk';
import type { AskedCheck, CheckOrder } from './orders.js';

/** A lane that checks, this one or another, as a client sees it. */
export interface CheckingLane {
  readonly checkers: ReadonlySet<string>;
  apply(client: string, order: CheckOrder): void;
  /** What it knows within `withinMs`; nothing after. Never rejects. */
  report(client: string, ids: readonly string[] | undefined, withinMs: number): Promise<readonly CheckReport[]>;
  /** The way to it is full: later. */
  isBusy(): boolean;
}

const batchSize = 250;
const againMs = 20;

export class LaneOrders {
  readonly #put = new Set<string>();
  readonly #drop = new Set<string>();
  /** The next order is the first, and the last is still to come, of those that say everything. */
  #isFirst = false;
  #isWhole = false;
  #isArmed = false;
  #isClosed = false;

  constructor(
    readonly lane: CheckingLane,
    private readonly client: string,
    private readonly clock: Clock,
    /** Undefined where it is not wanted any more. */
    private readonly asked: (id: string) => AskedCheck | undefined,
    private readonly soon: (work: () => void) => void,
  ) {}

  /** Everything: the lane knows nothing yet, or the client begins anew. */
  tellAll(ids: Iterable<string>): void {
    this.#put.clear();
    this.#drop.clear();
    for (const id of ids) this.#put.add(id);
    this.#isFirst = true;
    this.#isWhole = true;
    this.#arm();
  }

  put(id: string): void {
    this.#drop.delete(id);
    this.#put.add(id);
    this.#arm();
  }

  drop(id: string): void {
    this.#put.delete(id);
    this.#drop.add(id);
    this.#arm();
  }

  close(): void {
    this.#isClosed = true;
  }

  #arm(): void {
    if (this.#isArmed) return;
    this.#isArmed = true;
    this.soon(() => this.#flush());
  }

  #flush(): void {
    this.#isArmed = false;
    while (!this.#isClosed && (this.#put.size > 0 || this.#drop.size > 0 || this.#isWhole)) {
      if (this.lane.isBusy()) {
        this.#isArmed = true;
        this.clock.after(againMs, () => this.#flush());
        return;
      }
      this.lane.apply(this.client, this.#nextOrder());
    }
  }

  #nextOrder(): CheckOrder {
    const put = taken(this.#put).flatMap((id) => this.asked(id) ?? []);
    const drop = taken(this.#drop);
    const isLast = this.#isWhole && this.#put.size === 0 && this.#drop.size === 0;
    const order = { put, drop, ...(this.#isFirst && { isFirst: true }), ...(isLast && { isLast }) };
    this.#isFirst = false;
    if (isLast) this.#isWhole = false;
    return order;
  }
}

function taken(ids: Set<string>): readonly string[] {
  const some: string[] = [];
  for (const id of ids) {
    ids.delete(id);
    if (some.push(id) >= batchSize) break;
  }
  return some;
}
