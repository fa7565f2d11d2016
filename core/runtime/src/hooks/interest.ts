/** Which events somebody outside a lane wants of it: plain data that travels between lanes. Used by the bus. */
import type { HookName } from '@mainstay/hooks';

/** `*` means every key. */
export interface HookInterest {
  readonly hook: HookName;
  readonly keys: readonly string[] | '*';
  /** Some tap wants to be reminded of what was said before. */
  readonly isReminded?: true;
}

export type Interest = readonly HookInterest[];

/** For each hook, the keys that are wanted. */
export class InterestSet {
  readonly #keys = new Map<HookName, '*' | Set<string>>();

  add(hook: HookName, keys: readonly string[] | '*'): void {
    const known = this.#keys.get(hook);
    if (keys === '*' || known === '*') this.#keys.set(hook, '*');
    else this.#keys.set(hook, new Set([...(known ?? []), ...keys]));
  }

  has(hook: HookName, key: string): boolean {
    const keys = this.#keys.get(hook);
    return keys === '*' || (keys?.has(key) ?? false);
  }

  toList(): Interest {
    return [...this.#keys].map(([hook, keys]) => ({ hook, keys: keys === '*' ? '*' : [...keys] }));
  }
}
