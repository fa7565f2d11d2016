/**
 * The five kinds of hook point. A hook belongs to exactly one kind, and its kind decides who may tap it, what a tap may
 * answer and what happens when a tap fails. Read by core (which builds the engine) and by the SDK (which types the taps).
 */

/** `observe` told after the fact; `adjust` changes a value; `guard` may hold something back; `shape` changes a value
 * off the hot path; `lifecycle` runs in order at a stage of the daemon's life. */
export type HookKind = 'observe' | 'adjust' | 'guard' | 'shape' | 'lifecycle';

/** Told that something happened. Never delays it; taps run in any lane. */
export interface Observe<Payload> {
  readonly kind: 'observe';
  readonly payload: Payload;
}

/** Changes a value, synchronously, in the owner's lane. The owner clamps the result. */
export interface Adjust<Value, Payload> {
  readonly kind: 'adjust';
  readonly value: Value;
  readonly payload: Payload;
}

/** May answer with a reason to hold back; the first answer wins. Synchronous, in the owner's lane. */
export interface Guard<Payload, Answer> {
  readonly kind: 'guard';
  readonly payload: Payload;
  readonly answer: Answer;
}

/** Changes a value, asynchronously and in order; never on a hot path. */
export interface Shape<Value, Payload> {
  readonly kind: 'shape';
  readonly value: Value;
  readonly payload: Payload;
}

/** Runs in order at a stage of the daemon's life, in every lane that taps it. */
export interface Lifecycle<Payload> {
  readonly kind: 'lifecycle';
  readonly payload: Payload;
}

export type HookType =
  | Observe<unknown>
  | Adjust<unknown, unknown>
  | Guard<unknown, unknown>
  | Shape<unknown, unknown>
  | Lifecycle<unknown>;

/** How far an author may rely on a hook: `stable` follows semver, `beta` may change in a minor, `experimental` in any release. */
export type Stability = 'stable' | 'beta' | 'experimental';

/** What the catalogue says of one hook point: data for `mainstay hooks`, the docs, and the checks at load time. */
export interface HookEntry<Kind extends HookKind = HookKind> {
  readonly kind: Kind;
  /** Name of the plugin that calls the hook, or `core`. */
  readonly owner: string;
  /** One sentence: when it is called. */
  readonly summary: string;
  /** What a per-object key of this hook names (`.for(key)`), in the words of the configuration. */
  readonly key: string;
  readonly stability: Stability;
  /** Version of @mainstay/hooks that introduced it. */
  readonly since: string;
  /** Who may tap: plugins of any lane, or only plugins in the owner's lane. */
  readonly tappedFrom: 'any lane' | "the owner's lane";
  /** True where the operator must allow each plugin that taps it (guards). */
  readonly needsConsent: boolean;
  /** Only of `observe`: the last event about each key is kept, for taps that want to be reminded of it (`TapOptions.remind`). */
  readonly isRemembered?: true;
  /** Deadline of one tap in milliseconds: aborted beyond it when asynchronous, counted as a strike when synchronous. */
  readonly deadlineMs: number;
}
