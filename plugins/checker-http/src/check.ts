/** One probe of HTTP_GET or SSL_GET: the URLs whose turn it is, each over a connection of its own. Called by the checking loop. */
import { type CheckContext, type Connection, down, failure, partOfProbe, up, type Verdict } from '@mainstay/sdk';
import type { HttpConfig, SslGetConfig, UrlConfig } from './config.js';
import type { Credentials } from './credentials.js';
import { type Answer, exchange } from './exchange.js';
import { Judge } from './judge.js';
import { hostOf, nameOf, requestText, virtualHostOf } from './request.js';
import { NotHttp } from './response.js';
import { failed, firstRound, type Round, succeeded, turnOf } from './rounds.js';
import { remember } from './routine.js';
import { Turns } from './turns.js';

type Context = CheckContext<HttpConfig> | CheckContext<SslGetConfig>;

const turns = new Turns();

/** Every URL that one probe may ask for has the time of one connection, and of several, one may have it twice. */
export function timeoutMs({ url }: HttpConfig, timing: { readonly timeoutMs: number }): number {
  return timing.timeoutMs * timesIn(url.length);
}

function timesIn(urls: number): number {
  return urls > 1 ? urls + 1 : 1;
}

/** `credentials`: SSL_GET. */
export async function check(context: Context, credentials?: Credentials): Promise<Verdict> {
  const { config, memory, attempt, timeoutMs: totalMs } = context;
  const count = config.url.length;
  if (count === 0) return down('there is no url in its block');
  const turn = turnOf(roundOf(memory, count), { attempt, count, isFast: config.fast_recovery });
  let { round } = turn;
  let detail = '';
  for (const index of turn.urls) {
    const url = config.url[index] as UrlConfig;
    const result = await ask(context, url, credentials, totalMs / timesIn(count));
    if (!result.ok && (result.isUnprobed === true || isGivenUp(context.signal))) return result;
    round = result.ok ? succeeded(round, index, count) : failed(round, index, count);
    memory.set('round', round);
    if (!result.ok) return result;
    detail = result.detail ?? '';
  }
  const { pending } = round;
  return pending.length === 0
    ? up(detail)
    : down(`it recovers: ${count - pending.length} of ${count} URLs have succeeded so far`);
}

/** The loop does not want to know any more: what failed by that says nothing about the server. */
function isGivenUp({ aborted, reason }: AbortSignal): boolean {
  return aborted && (reason as Partial<Error> | undefined)?.name !== 'TimeoutError';
}

function roundOf(memory: Map<string, unknown>, count: number): Round {
  return (memory.get('round') as Round | undefined) ?? firstRound(count);
}

async function ask(context: Context, url: UrlConfig, credentials: Credentials | undefined, ms: number): Promise<Verdict> {
  const { target, signal, config } = context;
  const virtualHost = virtualHostOf(context, url);
  const host = hostOf(target, virtualHost);
  const what = `GET ${credentials === undefined ? 'http' : 'https'}://${host}${url.path}`;
  const part = config.url.length === 1 ? undefined : partOfProbe(context, ms, `no complete answer within ${ms / 1000} s`);
  const judge = new Judge(url);
  try {
    const connection = await connect(context, virtualHost, credentials, part?.signal ?? signal);
    try {
      const request = requestText({ path: url.path, host, protocol: config.http_protocol });
      const answer = await exchange(connection, request, {
        limit: judge.limit,
        body: (bytes) => turns.add(judge.take(bytes)),
        pause: () => turns.pause()?.then(() => (part?.signal ?? signal).throwIfAborted()),
      });
      const problem = shortOf(answer, context, url, what) ?? judge.verdict(answer);
      remember(context.memory, answer);
      return problem === undefined ? up(`status ${answer.head.status}`) : down(`${what}: ${problem}`);
    } finally {
      connection.close();
    }
  } catch (error) {
    return error instanceof NotHttp ? down(`${what}: it does not speak HTTP: it sent ${error.message}`) : failure(error, what);
  } finally {
    part?.end();
  }
}

function connect(context: Context, virtualHost: string | undefined, credentials: Credentials | undefined, signal: AbortSignal) {
  const { target, config, ports } = context;
  if (credentials === undefined || !('enable_sni' in config)) return ports.tcp.connect(target, { signal });
  const { sni_name, enable_sni, verify_certificate: verify } = config;
  // A certificate can only be valid for a name that the server was asked for.
  const serverName = sni_name ?? (enable_sni || verify ? nameOf(virtualHost) : undefined);
  const tls = { signal, verify, ...credentials, ...(serverName === undefined ? {} : { serverName }) };
  return ports.tls.connect(target, tls) satisfies Promise<Connection>;
}

/** An answer that was cut short: as keepalived, what came is judged, and the log says so once. */
function shortOf({ missing }: Answer, { config, memory, log }: Context, url: UrlConfig, what: string): string | undefined {
  const key = `cut short ${config.url.indexOf(url as never)}`;
  if (missing === undefined) {
    memory.delete(key);
    return undefined;
  }
  const problem = `the connection ended before ${missing} had come`;
  if (config.tls_compliant || url.tls_compliant) return problem;
  if (!memory.has(key)) log.warn(`${what}: ${problem}; what came is judged (tls_compliant would make it a failure)`);
  memory.set(key, true);
  return undefined;
}
