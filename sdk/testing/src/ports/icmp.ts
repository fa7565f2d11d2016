/** The `icmp` port of a simulated process. Asks the hosts of SimulatedServers, not those of the simulated network. */
import type { EchoReply, IcmpPort } from '@mainstay/sdk';
import { refusal } from '../kernel/errno.js';
import { askKernel, type Client, untilAborted, whenHeard } from '../servers/client.js';

/** With its headers a request fills one IPv4 packet. */
const mostData = 65_507;

export function simulatedIcmp(client: Client): IcmpPort {
  return {
    async echo(to, { signal, size = 56 }) {
      signal.throwIfAborted();
      if (!Number.isInteger(size) || size < 0 || size > mostData) throw new RangeError(`${size} is no length of an echo request`);
      const { servers, clock } = client;
      askKernel(client, 'icmp.echo', `cannot send to ${to.address}`, to);
      const sentAt = clock.now();
      return untilAborted<EchoReply>(signal, (resolve, reject) => {
        const answer = () => {
          if (servers.hostAt(to.address).answersEcho) resolve({ durationMs: clock.now() - sentAt });
        };
        return whenHeard(client, to.address, answer, (errno) => reject(refusal(`nothing arrives at ${to.address}`, errno)));
      });
    },
  };
}
