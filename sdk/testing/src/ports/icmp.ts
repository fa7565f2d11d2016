/** The `icmp` port of a simulated process. Asks the hosts of SimulatedServers, not those of the simulated network. */
import type { EchoReply, IcmpPort } from '@mainstay/sdk';
import { refusal } from '../kernel/errno.js';
import { askKernel, type Client, untilAborted, whenHeard } from '../servers/client.js';

export function simulatedIcmp(client: Client): IcmpPort {
  return {
    async echo(to, { signal }) {
      signal.throwIfAborted();
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
