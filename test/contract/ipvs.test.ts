/** Contract of the `ipvs` port: the simulated one, and the Linux one on a kernel of bytes. On real kernels: test/ipvs. */
import { LinuxIpvs } from '@mainstay/core/linux-ipvs';
import { createPorts, createSimulation, type SimulatedKernel } from '@mainstay/testing';
import { NetlinkKernel } from '../support/netlink-kernel.js';
import { describeIpvs, type IpvsWorldMaker } from './support/ipvs-suite.js';

function kernel(): SimulatedKernel {
  return createSimulation({ seed: 1 }).addBystander('balancer', { links: { eth0: ['192.0.2.9/24'] } });
}

const simulated: IpvsWorldMaker = {
  name: 'simulated',
  hasTool: false,
  make: () => ({ ipvs: createPorts(kernel().spawn()).ipvs, close: () => {} }),
};

const bytes: IpvsWorldMaker = {
  name: 'Linux, by bytes',
  hasTool: false,
  make: () => {
    const ipvs = new LinuxIpvs({ open: () => new NetlinkKernel(kernel().ipvs), load: async () => 'there is none' });
    return { ipvs, close: () => ipvs.close() };
  },
};

for (const maker of [simulated, bytes]) describeIpvs(maker);
