/**
 * Leases: how a plugin in another lane influences a value without ever being waited for. It publishes "priority -20 for VI_1,
 * valid 2 s, because the disk is full"; the owner reads the latest unexpired leases. A dead plugin's influence expires.
 */
import type { HookNameOf } from '@mainstay/hooks';

export interface Lease {
  readonly plugin: string;
  readonly delta: number;
  readonly why: string;
  /** `Clock.now()` of the reading lane at which it expires. */
  readonly expiresAt: number;
}

export interface LeasePublisher {
  /** Adds `delta` to the value for `ttlMs` milliseconds (at most 60000); replaces this plugin's earlier lease on the same key. */
  publish(
    hook: HookNameOf<'adjust'>,
    key: string,
    lease: { readonly delta: number; readonly ttlMs: number; readonly why: string },
  ): void;
  withdraw(hook: HookNameOf<'adjust'>, key: string): void;
}

export interface LeaseReader {
  /** Unexpired leases on one object of a hook that this plugin owns. */
  current(hook: HookNameOf<'adjust'>, key: string): readonly Lease[];
  /** Called when a lease on the hook appears, changes or expires. */
  watch(hook: HookNameOf<'adjust'>, listener: (key: string) => void): () => void;
}
