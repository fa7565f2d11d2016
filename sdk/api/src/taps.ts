/** How a plugin taps hooks (`Taps`, in setup) and how the owner of a hook calls it (`HookCalls`, at run time). */
import type { AnswerOf, HookName, HookNameOf, PayloadOf, ValueOf } from '@mainstay/hooks';

/** Named phases in which the taps of one hook run. */
export const phases = ['first', 'early', 'normal', 'late', 'last'] as const;
export type Phase = (typeof phases)[number];

export interface TapOptions {
  /** Default `normal`. */
  readonly phase?: Phase;
  /** Names of plugins in the same phase that must run after this tap; an unknown name is a load error. */
  readonly before?: string | readonly string[];
  /** Names of plugins in the same phase that must run before this tap. */
  readonly after?: string | readonly string[];
  /** Only for this object: the instance, session or server of that name. */
  readonly for?: string;
  /**
   * Only for `observe` hooks that are remembered: when the plugin starts, the last event about each object is told again, so that it knows
   * how things stand. An event may come twice.
   */
  readonly remind?: boolean;
  /** Instead of the hook's deadline, 1..60000 milliseconds. Only for taps that nobody waits for: `observe`. */
  readonly deadlineMs?: number;
}

export interface TapContext {
  /** Aborted at the hook's deadline and when the plugin stops. */
  readonly signal: AbortSignal;
}

export type ObserveTap<Name extends HookName> = (payload: PayloadOf<Name>, context: TapContext) => void | Promise<void>;

/** Declares taps. Only inside `setup`; afterwards the graph is frozen. */
export interface Taps {
  observe<Name extends HookNameOf<'observe'>>(name: Name, tap: ObserveTap<Name>, options?: TapOptions): void;
  /** `undefined` keeps the value. */
  adjust<Name extends HookNameOf<'adjust'>>(
    name: Name,
    tap: (value: ValueOf<Name>, payload: PayloadOf<Name>) => ValueOf<Name> | undefined,
    options?: TapOptions,
  ): void;
  /** `undefined` has no objection. */
  guard<Name extends HookNameOf<'guard'>>(
    name: Name,
    tap: (payload: PayloadOf<Name>) => AnswerOf<Name> | undefined,
    options?: TapOptions,
  ): void;
  /** `undefined` keeps the value. */
  shape<Name extends HookNameOf<'shape'>>(
    name: Name,
    tap: (value: ValueOf<Name>, payload: PayloadOf<Name>, context: TapContext) => Promise<ValueOf<Name> | undefined>,
    options?: TapOptions,
  ): void;
  lifecycle<Name extends HookNameOf<'lifecycle'>>(name: Name, tap: ObserveTap<Name>, options?: TapOptions): void;
}

/** What one tap made of a value: the material of `mainstay explain`. */
export interface Contribution<Value> {
  readonly plugin: string;
  readonly before: Value;
  readonly after: Value;
}

/** Calls the hooks that this plugin owns. `key` names the object the call is about. */
export interface HookCalls {
  /** Never throws, never waits. */
  observe<Name extends HookNameOf<'observe'>>(name: Name, key: string, payload: PayloadOf<Name>): void;
  /** There is no such object any more: nobody is reminded of what was said of it. Only of hooks that are remembered. */
  forget(name: HookNameOf<'observe'>, key: string): void;
  /** True when somebody taps the hook for this key: skip building payloads that nobody reads. */
  isTapped(name: HookName, key: string): boolean;
  adjust<Name extends HookNameOf<'adjust'>>(
    name: Name,
    key: string,
    value: ValueOf<Name>,
    payload: PayloadOf<Name>,
  ): { readonly value: ValueOf<Name>; readonly contributions: readonly Contribution<ValueOf<Name>>[] };
  guard<Name extends HookNameOf<'guard'>>(
    name: Name,
    key: string,
    payload: PayloadOf<Name>,
  ): { readonly plugin: string; readonly answer: AnswerOf<Name> } | undefined;
  shape<Name extends HookNameOf<'shape'>>(
    name: Name,
    key: string,
    value: ValueOf<Name>,
    payload: PayloadOf<Name>,
  ): Promise<ValueOf<Name>>;
}
