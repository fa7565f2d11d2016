/** The links of one simulated kernel: administrative state, carrier, and the segment each is plugged into. */
import type { Link, LinkEvent } from '@mainstay/sdk';
import type { Frame } from '../network/frame.js';

export interface KernelLink {
  readonly index: number;
  readonly name: string;
  readonly mac: string;
  readonly mtu: number;
  readonly isLoopback: boolean;
  /** Set up by the administrator. */
  isEnabled: boolean;
  hasCarrier: boolean;
  /** Puts a frame on the segment; absent where the link is plugged in nowhere. */
  readonly transmit?: (frame: Frame) => void;
}

export function asLink(link: KernelLink): Link {
  const { index, name, mac, mtu, isLoopback } = link;
  return { index, name, isUp: isRunning(link), mac, mtu, isLoopback };
}

export function isRunning(link: KernelLink): boolean {
  return link.isEnabled && link.hasCarrier;
}

export class LinkTable {
  readonly #links = new Map<number, KernelLink>();

  constructor(private readonly notify: (event: LinkEvent) => void) {}

  get(index: number): KernelLink | undefined {
    return this.#links.get(index);
  }
  named(name: string): KernelLink {
    for (const link of this.#links.values()) if (link.name === name) return link;
    throw new RangeError(`this host has no link "${name}": ${[...this.#links.values()].map((l) => l.name).join(', ')}`);
  }
  all(): Iterable<KernelLink> {
    return this.#links.values();
  }
  list(): Link[] {
    return Array.from(this.#links.values(), asLink);
  }

  add(link: KernelLink): void {
    this.#links.set(link.index, link);
    this.notify({ kind: 'added', link: asLink(link) });
  }
  remove(link: KernelLink): void {
    if (this.#links.delete(link.index)) this.notify({ kind: 'removed', link: { ...asLink(link), isUp: false } });
  }
  /** True where something changed. */
  set(link: KernelLink, state: Partial<Pick<KernelLink, 'isEnabled' | 'hasCarrier'>>): boolean {
    const { isEnabled = link.isEnabled, hasCarrier = link.hasCarrier } = state;
    if (isEnabled === link.isEnabled && hasCarrier === link.hasCarrier) return false;
    Object.assign(link, { isEnabled, hasCarrier });
    this.notify({ kind: 'changed', link: asLink(link) });
    return true;
  }
}
