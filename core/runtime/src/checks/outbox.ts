/**
 * States on their way to those who asked for the checks: the newest of each check, in batches. Where the way is not free they wait
 * here, and there are never more of them than checks. Used by the loop.
 */
import type { CheckState, Clock } from '@mainstay/sdk';

/** Sends states to a client; answers false where the way is not free at the moment. */
export type SendStates = (client: string, states: readonly CheckState[]) => boolean;

const batchSize = 500;
const againMs = 20;

export class Outbox {
  readonly #waiting = new Map<string, Map<string, CheckState>>();
  #isArmed = false;

  constructor(
    private readonly clock: Clock,
    private readonly send: SendStates,
    /** Calls `work` when what is under way now has ended. */
    private readonly soon: (work: () => void) => void = queueMicrotask,
  ) {}

  get size(): number {
    let size = 0;
    for (const states of this.#waiting.values()) size += states.size;
    return size;
  }

  put(client: string, state: CheckState): void {
    const states = this.#waiting.get(client) ?? new Map<string, CheckState>();
    this.#waiting.set(client, states);
    states.set(state.id, state);
    if (this.#isArmed) return;
    this.#isArmed = true;
    this.soon(() => this.#flush());
  }

  drop(client: string, id: string): void {
    this.#waiting.get(client)?.delete(id);
  }

  #flush(): void {
    this.#isArmed = false;
    for (const [client, states] of this.#waiting) if (this.#sendAll(client, states)) this.#waiting.delete(client);
    if (this.#waiting.size === 0) return;
    this.#isArmed = true;
    this.clock.after(againMs, () => this.#flush());
  }

  /** False where the way to this client is not free; that to another may be. */
  #sendAll(client: string, states: Map<string, CheckState>): boolean {
    while (states.size > 0) {
      const batch = firstOf(states);
      if (!this.send(client, batch)) return false;
      for (const { id } of batch) states.delete(id);
    }
    return true;
  }
}

function firstOf(states: ReadonlyMap<string, CheckState>): readonly CheckState[] {
  const batch: CheckState[] = [];
  for (const state of states.values()) {
    if (batch.push(state) >= batchSize) break;
  }
  return batch;
}
