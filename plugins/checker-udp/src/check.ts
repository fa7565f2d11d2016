/** One probe of UDP_CHECK: a datagram, and then an ICMP error, a reply, or silence. Called by the checking loop. */
import { type CheckContext, type Clock, down, failure, type UdpExchange, up, type Verdict } from '@mainstay/sdk';
import type { UdpConfig } from './config.js';
import { bytesOf, firstMismatch } from './hex.js';

/** Silence is the good ending of a probe, so it is established a moment before the loop would call it a timeout. Milliseconds. */
export const silenceMarginMs = 250;

/** As long as keepalived's, which says the same of itself. */
const ourPayload = new TextEncoder().encode('mainstay check - '.repeat(2).slice(0, 32));

/** A timer that comes so late: this process stood still, and what came meanwhile has not been read yet. */
const stoodStillMs = 50;
/** Enough for what waits in the socket to be read. */
const lookMs = 20;
/** The loop gives a probe its time once more, where it notices the deadline that late; it has 200 ms, and this is a little more. */
const forgivenMs = 250;

type Heard = Uint8Array | 'silence';

export function timeoutMs(config: UdpConfig, timing: { readonly timeoutMs: number }): number {
  return timing.timeoutMs + (config.require_reply === undefined ? silenceMarginMs : 0);
}

export async function checkUdp(context: CheckContext<UdpConfig>): Promise<Verdict> {
  const { config, target, signal, ports } = context;
  const deadline = context.clock.now() + context.timeoutMs;
  let exchange: UdpExchange | undefined;
  try {
    exchange = await ports.udp.open(target, { signal });
    await exchange.send(config.payload === undefined ? ourPayload : bytesOf(config.payload));
    if (config.require_reply !== undefined) return judge(await exchange.receive(), config, config.require_reply);
    const silenceMs = context.timeoutMs - silenceMarginMs;
    const heard = await firstOf(exchange.receive(), context.clock, silenceMs, deadline);
    return up(heard === 'silence' ? 'no ICMP error came' : 'a reply came');
  } catch (error) {
    return failure(error);
  } finally {
    exchange?.close();
  }
}

async function firstOf(reply: Promise<Uint8Array>, clock: Clock, silenceMs: number, deadline: number): Promise<Heard> {
  let stop = () => {};
  const silence = new Promise<'silence'>((resolve) => {
    const wait = (ms: number, fire: () => void) => {
      const timer = clock.after(ms, fire);
      stop = () => timer.cancel();
    };
    const due = clock.now() + silenceMs;
    wait(silenceMs, () => {
      const now = clock.now();
      // Where the loop's own deadline comes before the second look, there is none: it would end as a timeout.
      const hasTime = now + lookMs < deadline || now > deadline + forgivenMs;
      if (now - due > stoodStillMs && hasTime) wait(lookMs, () => resolve('silence'));
      else resolve('silence');
    });
  });
  try {
    return await Promise.race([reply, silence]);
  } finally {
    stop();
  }
}

/** keepalived looks at the length only where octets are given. */
function judge(reply: Uint8Array, config: UdpConfig, pattern: string): Verdict {
  const { length } = reply;
  const { min_reply_length: min, max_reply_length: max } = config;
  if (pattern === '') return up('a reply came');
  if (length < min || length > max) return down(`the reply has ${length} octets, not ${min} to ${max}`);
  const at = firstMismatch(reply, pattern);
  if (at === undefined) return up(`a reply of ${length} octets came, as required`);
  const came = (reply[at] ?? 0).toString(16).padStart(2, '0');
  return down(`octet ${at + 1} of the reply is ${came}, not ${pattern.slice(2 * at, 2 * at + 2)}`);
}
