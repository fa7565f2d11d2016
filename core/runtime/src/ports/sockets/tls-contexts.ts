/** Secure contexts, kept for the few that a configuration has: making one costs as much as a handshake. Used by tls.ts. */
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { TlsOptions } from '@mainstay/sdk';

const mostKept = 64;

/** Where systems keep the authorities that they trust: Debian, Red Hat, Alpine, SUSE. */
const bundles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/cert.pem',
  '/etc/ssl/ca-bundle.pem',
];

export class TlsContexts {
  readonly #kept = new Map<string, SecureContext>();
  #authorities: string | undefined | 'not read' = 'not read';

  /** Throws where PEM cannot be read. */
  get({ verify, ca, certificate, key, password }: TlsOptions): SecureContext {
    const name = JSON.stringify([verify, ca, certificate, key, password]);
    const known = this.#kept.get(name);
    if (known !== undefined) return known;
    const trusted = verify ? (ca ?? this.#ofTheSystem()) : undefined;
    const context = createSecureContext({
      ...(trusted !== undefined && { ca: trusted }),
      ...(certificate !== undefined && { cert: certificate }),
      ...(key !== undefined && { key }),
      ...(password !== undefined && { passphrase: password }),
      // Whoever does not ask for the certificate does not ask for the strength of its key either.
      ...(!verify && { ciphers: 'DEFAULT:@SECLEVEL=0' }),
    });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size >= mostKept && oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(name, context);
    return context;
  }

  /** Those of Node itself where the system has none. */
  #ofTheSystem(): string | undefined {
    if (this.#authorities === 'not read') {
      const { SSL_CERT_FILE } = process.env;
      this.#authorities = firstReadable(SSL_CERT_FILE === undefined ? bundles : [SSL_CERT_FILE, ...bundles]);
    }
    return this.#authorities;
  }
}

function firstReadable(paths: readonly string[]): string | undefined {
  for (const path of paths) {
    try {
      return readFileSync(path, 'utf8');
    } catch {}
  }
  return undefined;
}
