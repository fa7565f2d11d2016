/** One probe of DNS_CHECK: a question over UDP, and the first datagram that answers it. Called by the checking loop. */
import { randomInt } from 'node:crypto';
import { type CheckContext, down, failure, type UdpExchange, up, type Verdict } from '@mainstay/sdk';
import type { DnsConfig } from './config.js';
import { encodeQuery, type Reply, readReply } from './message.js';

/** Datagrams that answer something else and are passed over; a peer that sends more of them does no service. */
export const mostStrays = 100;

export async function checkDns({ config, target, signal, ports }: CheckContext<DnsConfig>): Promise<Verdict> {
  const question = `${config.type} ${config.name}`;
  let exchange: UdpExchange | undefined;
  try {
    exchange = await ports.udp.open(target, { signal });
    // An answer to a former question, or a forged one, must not pass for the answer to this one.
    const id = randomInt(0x1_0000);
    await exchange.send(encodeQuery(id, config));
    const reply = await replyTo(id, config, exchange);
    if (reply === undefined) return down(`${question}: ${mostStrays} datagrams came, and none of them answers the question`);
    if (reply.code !== 'NOERROR') return down(`${question}: answered ${reply.code}`);
    if (reply.damage !== undefined) return down(`${question}: the reply is damaged: ${reply.damage}`);
    return up(`${question}: ${summaryOf(reply)}`);
  } catch (error) {
    return failure(error, question);
  } finally {
    exchange?.close();
  }
}

async function replyTo(id: number, asked: DnsConfig, exchange: UdpExchange): Promise<Reply | undefined> {
  for (let strays = 0; strays < mostStrays; strays++) {
    const reply = readReply(await exchange.receive(), id, asked);
    if (reply !== undefined) return reply;
  }
  return undefined;
}

function summaryOf({ answers, isTruncated }: Reply): string {
  return `NOERROR, ${answers} ${answers === 1 ? 'answer' : 'answers'}${isTruncated ? ', truncated' : ''}`;
}
