/** The `firewall` port of a simulated process. */
import type { ChangeResult, Firewall } from '@mainstay/sdk';
import { failed } from '../kernel/address-table.js';
import type { SimulatedProcess } from '../kernel/process.js';

/** The kernel changes at once; the answer comes later, and never to a dead process. */
export function simulatedFirewall(process: SimulatedProcess): Firewall {
  const { kernel } = process;
  return {
    refuse: (set, addresses) => {
      if (!process.isAlive) return new Promise(() => {});
      const errno = kernel.faults.due('firewall.refuse');
      const result: ChangeResult = errno === undefined ? kernel.firewall.refuse(set, addresses) : failed(errno);
      return new Promise((resolve) => queueMicrotask(() => resolve(result)));
    },
  };
}
