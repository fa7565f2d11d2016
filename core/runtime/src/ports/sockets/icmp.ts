/**
 * The port `icmp`: an ICMP datagram socket for each echo. Where the sysctl allows it (or this process may change it) that needs no
 * privilege, which a raw socket always does; the kernel hands it replies to its own identifier only, where a raw socket is woken for
 * every ICMP packet of the host; and source, link, mark and "unreachable" are those of this one peer.
 */
import { type ConnectOptions, type EchoReply, type Endpoint, familyOf, type IcmpPort, PortError } from '@mainstay/sdk';
import { Datagrams } from './datagrams.js';
import { echoRequest, isReplyTo, mostData } from './echo-message.js';
import { admitThisProcess } from './ping-group-range.js';

const protocols = { 4: 1, 6: 58 } as const;
/** As of ping(8). */
const defaultSize = 56;

type Target = Omit<Endpoint, 'port' | 'localPort'>;

export class LinuxIcmp implements IcmpPort {
  async echo(to: Target, { signal, size = defaultSize }: ConnectOptions & { readonly size?: number }): Promise<EchoReply> {
    signal.throwIfAborted();
    if (!Number.isInteger(size) || size < 0 || size > mostData) throw new RangeError(`${size} is no length of an echo request`);
    const family = familyOf(to.address);
    const datagrams = open(to, signal);
    try {
      const request = echoRequest(family, size);
      const sentAt = performance.now();
      await datagrams.send(request);
      while (!isReplyTo(family, request, await datagrams.receive()));
      return { durationMs: performance.now() - sentAt };
    } finally {
      datagrams.close();
    }
  }
}

function open(to: Target, signal: AbortSignal): Datagrams {
  const { address, link, mark, localAddress } = to;
  const target = { address, port: 0, link, mark, localAddress } as Endpoint;
  const make = () => new Datagrams(target, protocols[familyOf(address)], signal);
  try {
    return make();
  } catch (error) {
    if (!(error instanceof PortError) || error.errno !== 'EACCES') throw error;
    if (admitThisProcess()) return make();
    const hint = 'allow it with `sysctl -w net.ipv4.ping_group_range="0 2147483647"`, or give the lane CAP_NET_ADMIN';
    throw new PortError(error.message, 'EACCES', hint);
  }
}
