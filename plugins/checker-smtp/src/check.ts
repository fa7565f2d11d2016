/** One probe: the server, or each of its deprecated `host` blocks in turn, with a time for each. Called by the checking loop. */
import { type CheckContext, type CheckTarget, failure, partOfProbe, up, type Verdict } from '@mainstay/sdk';
import type { SmtpConfig } from './config.js';
import { converse } from './dialogue.js';

type Host = SmtpConfig['host'][number];

interface Stop {
  readonly target: CheckTarget;
  readonly timeoutMs: number;
}

/** Each host has its time, and one of them, be it the one with the longest, may have it twice. */
export function timeoutMs({ host }: SmtpConfig, timing: { readonly timeoutMs: number }): number {
  if (host.length === 0) return timing.timeoutMs;
  const times = host.map(({ connect_timeout = timing.timeoutMs }) => connect_timeout);
  return times.reduce((sum, ms) => sum + ms, Math.max(...times));
}

export async function check(context: CheckContext<SmtpConfig>): Promise<Verdict> {
  const { config, target, timeoutMs: ms } = context;
  if (config.host.length === 0) return ask(context, { target, timeoutMs: ms }, context.signal);
  const share = timeOfEach(config, ms);
  for (const host of config.host) {
    const stop = { target: targetOf(host, target), timeoutMs: host.connect_timeout ?? share };
    const verdict = await askInTime(context, stop).catch((error: unknown) => failure(error));
    const { address, port } = stop.target;
    if (!verdict.ok) return { ...verdict, reason: `host ${address} port ${port}: ${verdict.reason}` };
  }
  return up();
}

/** What `timeoutMs` added up for each host that has no time of its own; the longest time stands in it twice. */
export function timeOfEach({ host }: SmtpConfig, totalMs: number): number {
  const own = host.flatMap(({ connect_timeout }) => connect_timeout ?? []);
  const others = host.length - own.length;
  const left = own.reduce((rest, ms) => rest - ms, totalMs);
  const longest = Math.max(0, ...own);
  const alone = left / (others + 1);
  return alone >= longest || others === 0 ? alone : (left - longest) / others;
}

function targetOf(host: Host, target: CheckTarget): CheckTarget {
  return {
    ...target,
    ...(host.connect_ip === undefined ? {} : { address: host.connect_ip }),
    ...(host.connect_port === undefined ? {} : { port: host.connect_port }),
    ...(host.bindto === undefined ? {} : { localAddress: host.bindto }),
    ...(host.bind_port === undefined ? {} : { localPort: host.bind_port }),
    ...(host.bind_if === undefined ? {} : { link: host.bind_if }),
    ...(host.fwmark === undefined ? {} : { mark: host.fwmark }),
  };
}

/** A host has its own time, within that of the probe. */
async function askInTime(context: CheckContext<SmtpConfig>, stop: Stop): Promise<Verdict> {
  const part = partOfProbe(context, stop.timeoutMs, `no answer within ${stop.timeoutMs / 1000} s`);
  try {
    return await ask(context, stop, part.signal);
  } finally {
    part.end();
  }
}

async function ask({ config, clock, ports }: CheckContext<SmtpConfig>, stop: Stop, signal: AbortSignal): Promise<Verdict> {
  const deadline = clock.now() + stop.timeoutMs;
  const connection = await ports.tcp.connect(stop.target, { signal });
  try {
    return await converse({ connection, heloName: config.helo_name, clock, deadline });
  } finally {
    connection.close();
  }
}
