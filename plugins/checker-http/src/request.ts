/** The request, octet for octet as keepalived writes it, and the names that go into it. Pure; used by check.ts and genhash.ts. */
import type { CheckContext, Endpoint } from '@mainstay/sdk';
import type { HttpConfig, UrlConfig } from './config.js';

export type Protocol = '1.0' | '1.0C' | '1.1';

export interface Request {
  readonly path: string;
  /** Value of the field Host. */
  readonly host: string;
  readonly protocol: Protocol;
}

export function requestText({ path, host, protocol }: Request): string {
  const version = protocol === '1.1' ? '1.1' : '1.0';
  const close = protocol === '1.0' ? '' : 'Connection: close\r\n';
  return `GET ${path} HTTP/${version}\r\nUser-Agent: KeepAliveClient\r\n${close}Host: ${host}\r\n\r\n`;
}

/** The host, by precedence: url, checker, real server, virtual server. */
export function virtualHostOf(
  { config, virtualHost }: Pick<CheckContext<Pick<HttpConfig, 'virtualhost'>>, 'config' | 'virtualHost'>,
  url: UrlConfig,
): string | undefined {
  return url.virtualhost ?? config.virtualhost ?? virtualHost;
}

/** Without a virtual host, the server's address; always with its port, as keepalived has it. */
export function hostOf({ address, port }: Endpoint, virtualHost: string | undefined): string {
  return virtualHost ?? (address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`);
}

/** The name in a virtual host, which may have a port; undefined where it is an address, which is no name to send (RFC 6066). */
export function nameOf(virtualHost: string | undefined): string | undefined {
  const name = virtualHost?.replace(/:[0-9]*$/, '').replace(/\.$/, '');
  if (name === undefined || name === '' || name.startsWith('[') || name.includes(':')) return undefined;
  return /^[0-9]+(\.[0-9]+){3}$/.test(name) ? undefined : name;
}
