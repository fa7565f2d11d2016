/** Makes X.509 certificates (RFC 5280) for servers of tests: an authority, and what it signs. No program is needed. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { isIP } from 'node:net';
import { addressBytes } from '@mainstay/sdk';

export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

export interface CertificateOptions {
  /** Names and addresses. */
  readonly names?: readonly string[];
  readonly from?: Date;
  readonly until?: Date;
}

interface Issuer {
  readonly name: string;
  readonly key: KeyObject;
}

const day = 86_400_000;

export class Authority {
  readonly #issuer: Issuer;
  readonly certificate: string;

  constructor(name = 'authority of the test') {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#issuer = { name, key: privateKey };
    this.certificate = build(this.#issuer, name, publicKey, [basicConstraints()], {});
  }

  sign(subject: string, options: CertificateOptions = {}): Certificate {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { names = [] } = options;
    const certificate = build(this.#issuer, subject, publicKey, names.length === 0 ? [] : [alternativeNames(names)], options);
    return { certificate, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
  }
}

function build(
  { name, key }: Issuer,
  subject: string,
  publicKey: KeyObject,
  extensions: readonly Buffer[],
  { from = new Date(Date.now() - day), until = new Date(Date.now() + 365 * day) }: CertificateOptions,
): string {
  const body = sequence(
    tagged(0xa0, integer(2)),
    integer(Math.floor(Math.random() * 0x7fffffff) + 1),
    ecdsaWithSha256,
    distinguished(name),
    sequence(time(from), time(until)),
    distinguished(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    ...(extensions.length === 0 ? [] : [tagged(0xa3, sequence(...extensions))]),
  );
  const signature = sign('sha256', body, key);
  const der = sequence(body, ecdsaWithSha256, tagged(0x03, Buffer.concat([Buffer.of(0), signature])));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/** DER (X.690): tag, length, content. */
function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 128) return Buffer.concat([Buffer.of(tag, length), content]);
  const bytes = length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.of(tag, ...bytes), content]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

function integer(value: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes.writeUInt32BE(value, 1);
  const first = bytes.findIndex((byte, i) => byte !== 0 || i === 4);
  return tagged(0x02, bytes.subarray((bytes[first] ?? 0) < 128 ? first : first - 1));
}

function identifier(hex: string): Buffer {
  return tagged(0x06, Buffer.from(hex, 'hex'));
}

function time(at: Date): Buffer {
  const text = at.toISOString().replace(/[-:T]/g, '').slice(0, 14);
  return tagged(0x18, Buffer.from(`${text}Z`));
}

function distinguished(commonName: string): Buffer {
  return sequence(tagged(0x31, sequence(identifier('550403'), tagged(0x0c, Buffer.from(commonName)))));
}

function alternativeNames(names: readonly string[]): Buffer {
  const entries = names.map((name) =>
    isIP(name) === 0 ? tagged(0x82, Buffer.from(name)) : tagged(0x87, Buffer.from(addressBytes(name))),
  );
  return sequence(identifier('551d11'), tagged(0x04, sequence(...entries)));
}

function basicConstraints(): Buffer {
  return sequence(identifier('551d13'), tagged(0x01, Buffer.of(0xff)), tagged(0x04, sequence(tagged(0x01, Buffer.of(0xff)))));
}

const ecdsaWithSha256 = sequence(identifier('2a8648ce3d040302'));
