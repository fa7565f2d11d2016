/**
 * The leases of one lane: influence of plugins of any lane on adjustable values, which expires by itself. The host hands a
 * publisher and reader to each plugin; the lane forwards what is published and feeds in what other lanes publish.
 */
import { catalogue, type HookName, type HookNameOf } from '@mainstay/hooks';
import {
  type Clock,
  type Lease,
  type LeasePublisher,
  type LeaseReader,
  MainstayError,
  messageOf,
  type Timer,
} from '@mainstay/sdk';
import { knownHook } from '../hooks/declaration.js';

/** What a plugin publishes: `delta` on the value, for `ttlMs` milliseconds, and why. */
export interface LeaseTerms {
  readonly delta: number;
  readonly ttlMs: number;
  readonly why: string;
}

type Adjustable = HookNameOf<'adjust'>;
/** `undefined` terms withdraw the lease. */
export type PublishListener = (hook: Adjustable, key: string, plugin: string, terms: LeaseTerms | undefined) => void;

/** No lease lasts longer without being renewed. */
export const longestTtlMs = 60_000;
/** Leases that one plugin may hold at a time. */
export const leasesPerPlugin = 1000;

interface Entry {
  readonly lease: Lease;
  readonly timer: Timer;
}

export class LeaseTable {
  /** hook -> key -> plugin. */
  readonly #entries = new Map<Adjustable, Map<string, Map<string, Entry>>>();
  readonly #held = new Map<string, number>();
  readonly #watchers = new Map<Adjustable, Set<(key: string) => void>>();
  readonly #publishListeners = new Set<PublishListener>();

  constructor(
    private readonly clock: Clock,
    private readonly report: (plugin: string, message: string) => void = () => {},
  ) {}

  /** A plugin of this lane publishes. Throws RangeError for terms that mean nothing, MainstayError for a hook that is none. */
  publish(plugin: string, hook: Adjustable, key: string, terms: LeaseTerms): void {
    checkAdjustable(plugin, hook);
    const problem = problemWith(terms);
    if (problem !== undefined) throw new RangeError(`plugin ${plugin}: a lease on ${hook} of ${key}: ${problem}`);
    const capped = { delta: terms.delta, ttlMs: Math.min(terms.ttlMs, longestTtlMs), why: terms.why };
    if (this.#put(hook, key, plugin, capped)) this.#forward(hook, key, plugin, capped);
  }

  withdraw(plugin: string, hook: Adjustable, key: string): void {
    checkAdjustable(plugin, hook);
    if (this.#remove(hook, key, plugin)) this.#forward(hook, key, plugin, undefined);
  }

  /** A lease of a plugin in another lane. What makes no sense is reported and ignored: that lane may run anything. */
  receive(hook: HookName, key: string, plugin: string, terms: LeaseTerms | undefined): void {
    const isAdjustable = Object.hasOwn(catalogue, hook) && catalogue[hook].kind === 'adjust';
    const problem = isAdjustable ? terms && problemWith(terms) : 'no such adjustable value';
    if (problem !== undefined) this.report(plugin, `a lease on ${hook} of ${key} is ignored: ${problem}`);
    else if (terms === undefined) this.#remove(hook as Adjustable, key, plugin);
    else this.#put(hook as Adjustable, key, plugin, { ...terms, ttlMs: Math.min(terms.ttlMs, longestTtlMs) });
  }

  /** Unexpired leases, in the order in which the plugins first published. */
  current(hook: Adjustable, key: string): readonly Lease[] {
    const now = this.clock.now();
    const entries = this.#entries.get(hook)?.get(key);
    if (entries === undefined) return [];
    return [...entries.values()].map((entry) => entry.lease).filter((lease) => now < lease.expiresAt);
  }

  /** Calls `listener` with the key when a lease on the hook appears, changes its delta or reason, or ends. A renewal is silent. */
  watch(hook: Adjustable, listener: (key: string) => void): () => void {
    const watchers = this.#watchers.get(hook) ?? new Set();
    this.#watchers.set(hook, watchers);
    const own = (key: string) => listener(key);
    watchers.add(own);
    return () => watchers.delete(own);
  }

  /** Hears what plugins of this lane publish and withdraw; for the lane to forward. */
  onPublish(listener: PublishListener): () => void {
    this.#publishListeners.add(listener);
    return () => this.#publishListeners.delete(listener);
  }

  /** Ends every lease and timer without telling anybody: the lane stops. */
  close(): void {
    for (const keys of this.#entries.values()) {
      for (const plugins of keys.values()) for (const { timer } of plugins.values()) timer.cancel();
    }
    this.#entries.clear();
    this.#held.clear();
  }

  /** What one plugin gets. It reads leases only on the hooks that it owns. */
  forPlugin(plugin: string): LeasePublisher & LeaseReader {
    const own = (hook: Adjustable): Adjustable => {
      checkAdjustable(plugin, hook);
      if (catalogue[hook].owner === plugin) return hook;
      const message = `plugin ${plugin} reads leases on ${hook}, which belongs to ${catalogue[hook].owner}`;
      throw new MainstayError('HOOK_NOT_OWNER', message, 'a plugin may publish leases on any hook, and read those on its own');
    };
    return Object.freeze<LeasePublisher & LeaseReader>({
      publish: (hook, key, terms) => this.publish(plugin, hook, key, terms),
      withdraw: (hook, key) => this.withdraw(plugin, hook, key),
      current: (hook, key) => this.current(own(hook), key),
      watch: (hook, listener) => this.watch(own(hook), listener),
    });
  }

  #put(hook: Adjustable, key: string, plugin: string, terms: LeaseTerms): boolean {
    const plugins = this.#pluginsOf(hook, key);
    const old = plugins.get(plugin);
    const held = this.#held.get(plugin) ?? 0;
    if (old === undefined && held >= leasesPerPlugin) {
      this.report(plugin, `a lease on ${hook} of ${key} is ignored: the plugin holds ${held} leases already`);
      if (plugins.size === 0) this.#entries.get(hook)?.delete(key);
      return false;
    }
    old?.timer.cancel();
    if (old === undefined) this.#held.set(plugin, held + 1);
    const expiresAt = this.clock.now() + terms.ttlMs;
    const timer = this.clock.at(expiresAt, () => this.#remove(hook, key, plugin));
    plugins.set(plugin, { lease: Object.freeze({ plugin, delta: terms.delta, why: terms.why, expiresAt }), timer });
    if (old?.lease.delta !== terms.delta || old.lease.why !== terms.why) this.#tell(hook, key);
    return true;
  }

  #remove(hook: Adjustable, key: string, plugin: string): boolean {
    const keys = this.#entries.get(hook);
    const plugins = keys?.get(key);
    const old = plugins?.get(plugin);
    if (old === undefined) return false;
    old.timer.cancel();
    plugins?.delete(plugin);
    if (plugins?.size === 0) keys?.delete(key);
    this.#held.set(plugin, (this.#held.get(plugin) ?? 1) - 1);
    this.#tell(hook, key);
    return true;
  }

  #pluginsOf(hook: Adjustable, key: string): Map<string, Entry> {
    const keys = this.#entries.get(hook) ?? new Map<string, Map<string, Entry>>();
    this.#entries.set(hook, keys);
    const plugins = keys.get(key) ?? new Map<string, Entry>();
    keys.set(key, plugins);
    return plugins;
  }

  #tell(hook: Adjustable, key: string): void {
    for (const watcher of [...(this.#watchers.get(hook) ?? [])]) {
      try {
        watcher(key);
      } catch (error) {
        this.report(catalogue[hook].owner, `the watcher of leases on ${hook} threw: ${messageOf(error)}`);
      }
    }
  }

  #forward(hook: Adjustable, key: string, plugin: string, terms: LeaseTerms | undefined): void {
    for (const listener of this.#publishListeners) {
      try {
        listener(hook, key, plugin, terms);
      } catch (error) {
        this.report(plugin, `a lease on ${hook} of ${key} did not reach other lanes: ${messageOf(error)}`);
      }
    }
  }
}

function checkAdjustable(plugin: string, hook: string): void {
  const { kind } = catalogue[knownHook(plugin, hook)];
  if (kind === 'adjust') return;
  const message = `plugin ${plugin} uses a lease on ${hook}, which is of the kind ${kind}`;
  throw new MainstayError('HOOK_WRONG_KIND', message, 'leases exist on hooks of the kind adjust');
}

function problemWith(terms: LeaseTerms): string | undefined {
  if (typeof terms !== 'object' || terms === null) return 'it has no terms';
  if (typeof terms.delta !== 'number' || !Number.isFinite(terms.delta)) return `the delta ${terms.delta} is not a finite number`;
  if (typeof terms.ttlMs !== 'number' || !(terms.ttlMs > 0))
    return `the ttl ${terms.ttlMs} is not a positive number of milliseconds`;
  return typeof terms.why === 'string' && terms.why.length <= 500
    ? undefined
    : 'the reason is not a text of at most 500 characters';
}
