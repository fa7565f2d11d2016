/** What a simulated server's certificate and TLS are like, and what a client makes of it. Pure; used by ports/tls.ts. */
import type { TlsOptions } from '@mainstay/sdk';

export interface ServerTls {
  /** Default `TLSv1.3`. */
  readonly protocol?: string;
  /** Names and addresses in the certificate. Default: none. */
  readonly names?: readonly string[];
  /** Milliseconds since the epoch; default: in a year. */
  readonly expiresAt?: number;
  /** Signed by an authority of the system. Default: by itself. */
  readonly isTrusted?: boolean;
  /** Its authority: who gives this as `ca` trusts it. */
  readonly ca?: string;
  /** Default `works`. */
  readonly handshake?: 'works' | 'fails' | 'hangs';
  /** It takes only clients that show a certificate. (Real TLS 1.3 servers say so after the handshake: at the first read.) */
  readonly wantsCertificate?: boolean;
}

const yearMs = 365 * 86_400_000;

export function expiryOf({ expiresAt }: ServerTls, now: number): number {
  return expiresAt ?? now + yearMs;
}

/** Why the client or the server breaks off the handshake; undefined: it does not. */
export function tlsObjection(tls: ServerTls | undefined, address: string, options: TlsOptions, now: number): string | undefined {
  if (tls === undefined) return 'the server does not speak TLS';
  if (tls.handshake === 'fails') return 'client and server have no cipher in common, or the server wants a certificate';
  if (tls.wantsCertificate === true && options.certificate === undefined) return 'the server wants a certificate of the client';
  if (!options.verify) return undefined;
  if (options.ca === undefined ? tls.isTrusted !== true : options.ca !== tls.ca)
    return 'the certificate is of no trusted authority';
  if (expiryOf(tls, now) <= now) return 'the certificate has expired';
  if (tls.names?.includes(options.serverName ?? address) !== true) return 'the certificate is for another name';
  return undefined;
}
