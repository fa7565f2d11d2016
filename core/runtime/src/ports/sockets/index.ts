/** The ports to servers elsewhere, on Linux. Opening them costs nothing: sockets are opened when a plugin asks for one. */
import type { Ports, TlsPort } from '@mainstay/sdk';
import { LinuxIcmp } from './icmp.js';
import { LinuxTcp } from './tcp.js';
import { LinuxUdp } from './udp.js';

export type SocketPorts = Pick<Ports, 'tcp' | 'tls' | 'udp' | 'icmp'>;

export function openSocketPorts(): SocketPorts {
  return { tcp: new LinuxTcp(), tls: lazyTls(), udp: new LinuxUdp(), icmp: new LinuxIcmp() };
}

function lazyTls(): TlsPort {
  let loading: Promise<TlsPort> | undefined;
  const load = async () => new (await import('./tls.js')).LinuxTls();
  return {
    async connect(to, options) {
      loading ??= load();
      return (await loading).connect(to, options);
    },
  };
}
