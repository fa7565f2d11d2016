/** What is known of BFD sessions, and the checks that follow them. Fed and read by index.ts. */
import { type BfdDecided, down, up, type Verdict } from '@mainstay/sdk';

type Listener = (verdict: Verdict) => void;

export class Sessions {
  readonly #states = new Map<string, BfdDecided>();
  readonly #listeners = new Map<string, Set<Listener>>();

  constructor(private readonly isConfigured: (session: string) => boolean) {}

  hear(decided: BfdDecided): void {
    const { session, isUp, hasBeenUp } = decided;
    // A reload has removed it here, and not yet where it is kept: one of the same name, later, may be another.
    if (!this.isConfigured(session)) return;
    // That it did not come up again is news only where it was known; a session that never was up says nothing of the server (RFC 5882).
    if (!isUp && !hasBeenUp && !this.#states.has(session)) return;
    this.#states.set(session, decided);
    for (const listener of [...(this.#listeners.get(session) ?? [])]) listener(verdictOf(decided));
  }

  /** `listener` hears at once what is known, and then every change. Answers a function that ends it. */
  follow(session: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(session) ?? new Set<Listener>();
    this.#listeners.set(session, listeners);
    const own: Listener = (verdict) => listener(verdict);
    listeners.add(own);
    const known = this.#states.get(session);
    if (known !== undefined) own(verdictOf(known));
    return () => {
      listeners.delete(own);
      if (listeners.size === 0 && this.#listeners.get(session) === listeners) this.#listeners.delete(session);
    };
  }

  /** What is not configured any more is not known any more: a session of the same name may be another one. */
  keepOnly(names: ReadonlySet<string>): void {
    for (const name of this.#states.keys()) if (!names.has(name)) this.#states.delete(name);
  }
}

function verdictOf({ session, isUp, why }: BfdDecided): Verdict {
  return isUp ? up(`BFD session ${session} is up`) : down(`BFD session ${session} is down: ${why}`);
}
