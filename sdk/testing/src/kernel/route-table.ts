/** The routes of one simulated kernel: those that were added, and the connected ones that follow from links and addresses. */
import type { ChangeResult, InterfaceAddress, NewRoute, Route, RouteEvent } from '@mainstay/sdk';
import { inPrefix, networkOf, parsePrefix } from '../network/prefix.js';
import { failed } from './address-table.js';
import { isRunning, type KernelLink } from './link-table.js';

const mainTable = 254;

function keyOf(route: NewRoute): string {
  return `${route.destination} ${route.table} ${route.metric ?? 0} ${route.link ?? 0}`;
}

export class RouteTable {
  readonly #added = new Map<string, Route>();
  #connected = new Map<string, Route>();

  constructor(private readonly notify: (event: RouteEvent) => void) {}

  list(): Route[] {
    return [...this.#connected.values(), ...this.#added.values()];
  }

  add(route: NewRoute, isOurs: boolean, linkOf: (index: number) => KernelLink | undefined): ChangeResult {
    const key = keyOf(route);
    if (this.#added.has(key) || this.#connected.has(key)) return { outcome: 'unchanged' };
    if (route.link !== undefined) {
      const link = linkOf(route.link);
      if (link === undefined) return failed('ENODEV');
      if (!link.isEnabled) return failed('ENETDOWN');
    }
    if (route.gateway !== undefined && !this.#isConnected(route.gateway, route.link)) return failed('ENETUNREACH');
    const added: Route = { ...route, isOurs };
    this.#added.set(key, added);
    this.notify({ kind: 'added', route: added });
    return { outcome: 'done' };
  }

  remove(route: NewRoute): ChangeResult {
    const key = keyOf(route);
    const found = this.#added.get(key) ?? this.#connected.get(key);
    if (found === undefined) return { outcome: 'unchanged' };
    this.#added.delete(key);
    this.#connected.delete(key);
    this.notify({ kind: 'removed', route: found });
    return { outcome: 'done' };
  }

  /** Links or addresses changed: connected routes come and go, and routes over a link that was disabled are lost. */
  follow(addresses: Iterable<InterfaceAddress>, linkOf: (index: number) => KernelLink | undefined): void {
    const wanted = new Map<string, Route>();
    for (const address of addresses) {
      const route = connectedRoute(address);
      if (route !== undefined && linkOf(address.link)?.isEnabled === true) wanted.set(keyOf(route), route);
    }
    const before = this.#connected;
    this.#connected = wanted;
    for (const [key, route] of before) if (!wanted.has(key)) this.notify({ kind: 'removed', route });
    for (const [key, route] of wanted) if (!before.has(key)) this.notify({ kind: 'added', route });
    for (const [key, route] of this.#added) {
      if (route.link === undefined || linkOf(route.link)?.isEnabled === true) continue;
      this.#added.delete(key);
      this.notify({ kind: 'removed', route });
    }
  }

  /** The best route to an address over links that run: longest prefix, then lowest metric. */
  lookup(destination: string, linkOf: (index: number) => KernelLink | undefined, onlyLink?: number): Route | undefined {
    let best: Route | undefined;
    let bestLength = -1;
    for (const route of this.list()) {
      if (route.link === undefined || (onlyLink !== undefined && route.link !== onlyLink) || route.table !== mainTable) continue;
      const { address, prefixLength } = parsePrefix(route.destination);
      if (!inPrefix(destination, address, prefixLength)) continue;
      const link = linkOf(route.link);
      if (link === undefined || !isRunning(link)) continue;
      const isBetter = prefixLength > bestLength || (prefixLength === bestLength && (route.metric ?? 0) < (best?.metric ?? 0));
      if (isBetter) [best, bestLength] = [route, prefixLength];
    }
    return best;
  }

  #isConnected(gateway: string, link: number | undefined): boolean {
    for (const route of this.#connected.values()) {
      const { address, prefixLength } = parsePrefix(route.destination);
      if ((link === undefined || link === route.link) && inPrefix(gateway, address, prefixLength)) return true;
    }
    return false;
  }
}

/** IPv4 host prefixes have none; IPv6 addresses all do, with the kernel's metric 256. */
function connectedRoute(a: InterfaceAddress): Route | undefined {
  if (a.noPrefixRoute === true || (a.family === 4 && a.prefixLength === 32)) return undefined;
  const destination = `${networkOf(a.peer ?? a.address, a.prefixLength)}/${a.prefixLength}`;
  const common = { family: a.family, destination, link: a.link, table: mainTable, type: 'unicast', isOurs: false } as const;
  return a.family === 4 ? { ...common, source: a.address, scope: 'link' } : { ...common, metric: 256 };
}
