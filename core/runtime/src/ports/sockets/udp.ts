/**
 * The port `udp`. On sockets of the addon and not of node:dgram, which asks the kernel for no errors but "port unreachable": that a
 * server's host is gone would never be told.
 */
import type { ConnectOptions, Endpoint, UdpExchange, UdpPort } from '@mainstay/sdk';
import { Datagrams } from './datagrams.js';

const udp = 17;

export class LinuxUdp implements UdpPort {
  async open(to: Endpoint, { signal }: ConnectOptions): Promise<UdpExchange> {
    signal.throwIfAborted();
    return new Datagrams(to, udp, signal);
  }
}
