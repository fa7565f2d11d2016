/**
 * The last event about each object, of hooks that are remembered: for whoever comes later and must know how things stand. Kept by the bus of
 * a lane, and by the supervisor's router for other lanes.
 */
import { catalogue, type HookName } from '@mainstay/hooks';

/** Objects of one hook. Beyond that the one that was silent for the longest time is forgotten. */
export const mostRemembered = 10_000;

export function isRemembered(name: HookName): boolean {
  return Object.hasOwn(catalogue, name) && catalogue[name].isRemembered === true;
}

export class Memory {
  readonly #payloads = new Map<HookName, Map<string, unknown>>();

  /** Does nothing for hooks that are not remembered. */
  put(name: HookName, key: string, payload: unknown): void {
    if (!isRemembered(name)) return;
    const keys = this.#payloads.get(name) ?? new Map<string, unknown>();
    this.#payloads.set(name, keys);
    keys.delete(key);
    keys.set(key, payload);
    if (keys.size <= mostRemembered) return;
    for (const oldest of keys.keys()) {
      keys.delete(oldest);
      break;
    }
  }

  forget(name: HookName, key: string): void {
    this.#payloads.get(name)?.delete(key);
  }

  /** In the order in which it was said. */
  of(name: HookName): readonly (readonly [key: string, payload: unknown])[] {
    return [...(this.#payloads.get(name) ?? [])];
  }

  /** Hooks of which something is remembered. */
  get names(): readonly HookName[] {
    return [...this.#payloads.keys()];
  }
}
