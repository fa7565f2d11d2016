/** The `ipvs` port of a simulated process. */
import { type Ipvs, type IpvsResult, PortError } from '@mainstay/sdk';
import type { Operation } from '../kernel/faults.js';
import { ipvsFailed } from '../kernel/ipvs.js';
import type { SimulatedProcess } from '../kernel/process.js';

const missing = 'the kernel has no IPVS, so nothing can be balanced';

/** The kernel changes at once and in order; the answer comes later, and never to a dead process. */
export function simulatedIpvs(process: SimulatedProcess): Ipvs {
  const { kernel } = process;
  const { ipvs, faults } = kernel;
  const answer = <Value>(work: () => Value): Promise<Value> => {
    if (!process.isAlive) return new Promise(() => {});
    try {
      const value = work();
      return new Promise((resolve) => queueMicrotask(() => resolve(value)));
    } catch (error) {
      return Promise.reject(error);
    }
  };
  const change = (operation: Operation, work: () => IpvsResult): IpvsResult => {
    if (!ipvs.isAvailable) return { outcome: 'failed', code: 'EPROTONOSUPPORT', error: `${missing} [EPROTONOSUPPORT]` };
    const errno = faults.due(operation);
    return errno === undefined ? work() : ipvsFailed(errno);
  };
  const question = <Value>(work: () => Value): Promise<Value> =>
    answer(() => {
      if (!ipvs.isAvailable) throw new PortError(missing, 'EPROTONOSUPPORT');
      const errno = faults.due('ipvs.read');
      if (errno !== undefined) throw new PortError(`the table of virtual services cannot be read [${errno}]`, errno);
      return work();
    });
  return {
    read: () => question(() => ipvs.list()),
    apply: (edits) => answer(() => edits.map((edit) => change('ipvs.apply', () => ipvs.apply(edit)))),
    flush: () => answer(() => change('ipvs.change', () => ipvs.flush())),
    zero: (service) => answer(() => change('ipvs.change', () => ipvs.zero(service))),
    timeouts: () => question(() => ipvs.timeouts),
    setTimeouts: (timeouts) => answer(() => change('ipvs.change', () => ipvs.setTimeouts(timeouts))),
    syncDaemons: () => question(() => ipvs.daemons),
    startSyncDaemon: (daemon) => answer(() => change('ipvs.change', () => ipvs.startDaemon(daemon))),
    stopSyncDaemon: (role) => answer(() => change('ipvs.change', () => ipvs.stopDaemon(role))),
  };
}
