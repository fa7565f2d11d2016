/** Refusals that a test orders: "the next two addresses.add fail with EPERM". Asked by the simulated kernel at each operation. */
import type { Errno } from './errno.js';

export type Operation =
  | 'addresses.add'
  | 'addresses.remove'
  | 'routes.add'
  | 'routes.remove'
  | 'rawIp.open'
  | 'rawIp.join'
  | 'rawIp.send'
  | 'linkLayer.open'
  | 'linkLayer.send'
  | 'firewall.refuse'
  | 'tcp.connect'
  | 'udp.open'
  | 'icmp.echo'
  /** Each edit of the IPVS table. */
  | 'ipvs.apply'
  /** Any other change to IPVS. */
  | 'ipvs.change'
  | 'ipvs.read';

interface Order {
  readonly operation: Operation;
  readonly errno: Errno;
  left: number;
}

export class Faults {
  readonly #orders = new Set<Order>();

  /** Refuses the operation the next `times` times (default: until the answered function is called). */
  refuse(operation: Operation, errno: Errno, times = Number.POSITIVE_INFINITY): () => void {
    const order: Order = { operation, errno, left: times };
    this.#orders.add(order);
    return () => this.#orders.delete(order);
  }

  /** The refusal that is due for this operation, used up by asking. */
  due(operation: Operation): Errno | undefined {
    if (this.#orders.size === 0) return undefined;
    for (const order of this.#orders) {
      if (order.operation !== operation) continue;
      if (--order.left <= 0) this.#orders.delete(order);
      return order.errno;
    }
    return undefined;
  }
}
