/** keepalived's genhash: asks for one page and answers the MD5 of its body, for the keyword `digest`. Used by the command line. */
import { createHash } from 'node:crypto';
import type { Connection, Endpoint, Ports } from '@mainstay/sdk';
import { exchange } from './exchange.js';
import { longestBody } from './judge.js';
import { hostOf, nameOf, type Protocol, requestText } from './request.js';
import type { ResponseHead } from './response.js';

export interface GenhashOptions {
  /** Address and port to connect to, and from where. */
  readonly target: Endpoint;
  readonly path: string;
  readonly tls: boolean;
  /** Host of the request, instead of address and port. */
  readonly virtualHost?: string;
  /** Send it as Server Name Indication too. */
  readonly sendsName?: boolean;
  /** Default 1.0. */
  readonly protocol?: Protocol;
  /** Aborted when it takes too long. */
  readonly signal: AbortSignal;
}

export interface Genhash {
  /** 32 hexadecimal digits in lower case. */
  readonly digest: string;
  readonly octets: number;
  readonly head: ResponseHead;
  /** What is missing of the body, because the connection ended early: the digest is not that of the page. */
  readonly missing?: string;
}

/** Rejects with the errors of the ports, NoAnswer or NotHttp. */
export async function genhash(options: GenhashOptions, ports: Pick<Ports, 'tcp' | 'tls'>): Promise<Genhash> {
  const { target, path, virtualHost, protocol = '1.0' } = options;
  const hash = createHash('md5');
  const connection = await connect(options, ports);
  try {
    const request = requestText({ path, host: hostOf(target, virtualHost), protocol });
    const answer = await exchange(connection, request, { limit: longestBody, body: (bytes) => void hash.update(bytes) });
    if (answer.isLonger) throw new RangeError(`the page is longer than ${longestBody} octets: no digest of it can be checked`);
    const { head, octets, missing } = answer;
    return { digest: hash.digest('hex'), octets, head, ...(missing === undefined ? {} : { missing }) };
  } finally {
    connection.close();
  }
}

function connect(options: GenhashOptions, ports: Pick<Ports, 'tcp' | 'tls'>): Promise<Connection> {
  const { target, tls, virtualHost, sendsName = false, signal } = options;
  if (!tls) return ports.tcp.connect(target, { signal });
  const serverName = sendsName ? nameOf(virtualHost) : undefined;
  return ports.tls.connect(target, { signal, verify: false, ...(serverName === undefined ? {} : { serverName }) });
}

/** Where a URL points to, for whoever looks up the address of its host; undefined: it is no URL of HTTP. */
export function partsOfUrl(
  text: string,
): { readonly host: string; readonly port: number; readonly path: string; readonly tls: boolean } | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, hostname, port, pathname, search } = new URL(text);
  if (protocol !== 'http:' && protocol !== 'https:') return undefined;
  const tls = protocol === 'https:';
  const host = hostname.replace(/^\[|\]$/g, '');
  return { host, port: port === '' ? (tls ? 443 : 80) : Number(port), path: `${pathname}${search}`, tls };
}
