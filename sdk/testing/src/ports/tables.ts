/** The `links`, `addresses` and `routes` ports of a simulated process. */
import { type Addresses, type ChangeResult, canonicalAddress, type Links, type Routes } from '@mainstay/sdk';
import { failed } from '../kernel/address-table.js';
import type { Operation } from '../kernel/faults.js';
import { addressText, type SimulatedProcess } from '../kernel/process.js';

export function simulatedLinks({ links }: SimulatedProcess): Links {
  return {
    list: () => links.list(),
    get: (name) => links.list().find((link) => link.name === name),
    byIndex: (index) => links.get(String(index)),
    watch: (listener) => links.watch(listener),
  };
}

export function simulatedAddresses(process: SimulatedProcess): Addresses {
  const { kernel, addresses } = process;
  return {
    list: () => addresses.list(),
    get: (key) => addresses.get(addressText({ ...key, address: canonicalAddress(key.address) ?? key.address })),
    onLink: (link) => addresses.list().filter((address) => address.link === link),
    watch: (listener) => addresses.watch(listener),
    add: (wanted) => applyAll(process, 'addresses.add', wanted, (address) => kernel.addAddress(address, true)),
    remove: (keys) => applyAll(process, 'addresses.remove', keys, (key) => kernel.addresses.remove(key)),
  };
}

export function simulatedRoutes(process: SimulatedProcess): Routes {
  const { kernel, routes } = process;
  return {
    list: () => routes.list(),
    watch: (listener) => routes.watch(listener),
    add: (wanted) => applyAll(process, 'routes.add', wanted, (route) => kernel.addRoute(route, true)),
    remove: (given) => applyAll(process, 'routes.remove', given, (route) => kernel.routes.remove(route)),
  };
}

/** The kernel changes at once and in order; the answer comes after the events, and never to a dead process. */
function applyAll<Request>(
  process: SimulatedProcess,
  operation: Operation,
  requests: readonly Request[],
  apply: (request: Request) => ChangeResult,
): Promise<readonly ChangeResult[]> {
  if (!process.isAlive) return new Promise(() => {});
  const { faults } = process.kernel;
  const results = requests.map((request) => {
    const errno = faults.due(operation);
    return errno === undefined ? apply(request) : failed(errno);
  });
  return new Promise((resolve) => queueMicrotask(() => resolve(results)));
}
