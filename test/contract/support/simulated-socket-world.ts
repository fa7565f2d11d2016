/** The world of servers in the simulator of @mainstay/testing. */
import { createPorts, createSimulation, type Serve } from '@mainstay/testing';
import { behaviourOf } from './behaviours.js';
import { createSocketDriver } from './socket-driver.js';
import type { SocketWorldMaker } from './socket-world.js';

export const simulatedSocketWorld: SocketWorldMaker = {
  name: 'simulated',
  make: async () => {
    const { clock, net } = createSimulation({ seed: 7 });
    const local = { 4: '10.9.0.1', 6: 'fd09::1', link: 'eth0' };
    const server = { 4: '10.9.0.2', 6: 'fd09::2' };
    const kernel = net.addHost('a', { links: { eth0: ['10.9.0.1/24', 'fd09::1/64'] } });
    const { servers } = net;
    for (const address of [server[4], server[6]]) servers.host(address);
    servers.host('10.9.0.66', { state: 'silent' });
    servers.host('10.9.0.250', { state: 'unreachable' });
    let sent = 0;
    const counting =
      (serve: Serve): Serve =>
      (peer) => {
        const write = async (data: Uint8Array | string) => {
          await peer.write(data);
          sent += data.length;
        };
        return serve({ ...peer, write });
      };
    return {
      driver: createSocketDriver(createPorts(kernel.spawn()), () => servers.open),
      local,
      server,
      silent: '10.9.0.66',
      unreachable: '10.9.0.250',
      serve: async (port, behaviour, tls) => {
        for (const address of [server[4], server[6]])
          servers.tcp(address, port, counting(behaviourOf(behaviour)), tls === undefined ? {} : { tls });
      },
      respond: async (port, behaviour) => {
        for (const address of [server[4], server[6]])
          servers.udp(address, port, (data) => (behaviour === 'echo' ? data : undefined));
      },
      sent: async () => sent,
      pass: (ms) => clock.advance(ms),
      drive: (promise) => clock.drive(promise),
      destroy: async () => undefined,
    };
  },
};
