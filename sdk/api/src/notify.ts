/** Notify hooks: a `.ts` file with one `defineNotify` as its default export, dropped into a folder or named in the configuration. */
import type { HookName, HookNameOf, PayloadOf } from '@mainstay/hooks';
import type { Log } from './plugin.js';

/** An event with its name, so that `switch (event.name)` narrows the payload. */
export type NotifyEvent<Names extends HookName = HookNameOf<'observe'>> = {
  [Name in Names]: { readonly name: Name } & PayloadOf<Name>;
}[Names];

export interface NotifyContext {
  readonly log: Log;
  /** Aborted at the timeout and when the daemon stops. */
  readonly signal: AbortSignal;
}

export interface NotifySpec<Names extends HookNameOf<'observe'>> {
  /** Hooks to hear. */
  readonly on: readonly Names[];
  /** Only events whose fields equal these; `*` at the end of a string matches any ending. */
  readonly where?: Readonly<Record<string, string | number | boolean>>;
  /** Milliseconds until the signal aborts and the call counts as failed. Default 3000, at most 60000. */
  readonly timeoutMs?: number;
  run(event: NotifyEvent<Names>, context: NotifyContext): void | Promise<void>;
}

const brand = Symbol.for('mainstay.notify');

export type Notify = NotifySpec<HookNameOf<'observe'>> & { readonly [brand]: 1 };

export function defineNotify<const Names extends HookNameOf<'observe'>>(spec: NotifySpec<Names>): Notify {
  return Object.freeze({ ...spec, [brand]: 1 as const }) as unknown as Notify;
}

export function isNotify(value: unknown): value is Notify {
  return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[brand] === 1;
}
