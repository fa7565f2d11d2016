/** What the root block SSL names, read from its files and looked at before a server sees it. Used by index.ts. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { resolve } from 'node:path';
import { type Files, messageOf } from '@mainstay/sdk';
import type { SslConfig } from './config.js';

/** For the port `tls`. */
export interface Credentials {
  readonly certificate?: string;
  readonly key?: string;
  readonly password?: string;
  readonly ca?: string;
}

export interface ReadCredentials {
  readonly credentials: Credentials;
  /** What is wrong with them, and what that means. */
  readonly problems: readonly { readonly keyword: 'certificate' | 'key' | 'ca'; readonly message: string }[];
}

/** Never rejects: what cannot be used is left out, and servers that ask for it refuse us, each in its reason. */
export async function readCredentials(config: SslConfig, files: Files, folder: string): Promise<ReadCredentials> {
  const problems: ReadCredentials['problems'][number][] = [];
  const read = async (keyword: 'certificate' | 'key' | 'ca'): Promise<string | undefined> => {
    const path = config[keyword];
    if (path === undefined) return undefined;
    try {
      return await files.readText(resolve(folder, path));
    } catch (error) {
      problems.push({ keyword, message: `${keyword}: ${messageOf(error)}` });
      return undefined;
    }
  };
  const [ownCertificate, ownKey, ca] = [await read('certificate'), await read('key'), await read('ca')];
  // One file may hold both, as keepalived has it.
  const certificate = ownCertificate ?? ownKey;
  const key = ownKey ?? ownCertificate;
  const isUsable = certificate !== undefined && key !== undefined && isPair(certificate, key, config, problems);
  const isTrusted = ca !== undefined && isCertificate(ca, config.ca ?? '', 'ca', problems);
  return {
    problems,
    credentials: {
      ...(isUsable && { certificate, key }),
      ...(isUsable && config.password !== undefined && { password: config.password }),
      ...(isTrusted && { ca }),
    },
  };
}

/** What a reload makes of them: what cannot be used any more stays as it worked `before`, where it did. */
export function orAsBefore({ credentials, problems }: ReadCredentials, before: Credentials): Credentials {
  const has = (...keywords: readonly string[]) => problems.some(({ keyword }) => keywords.includes(keyword));
  const pair = credentials.certificate === undefined && has('certificate', 'key') ? before : credentials;
  const { ca } = has('ca') ? before : credentials;
  const { certificate, key, password } = pair;
  return {
    ...(certificate !== undefined && key !== undefined && { certificate, key }),
    ...(password !== undefined && { password }),
    ...(ca !== undefined && { ca }),
  };
}

type Problems = ReadCredentials['problems'][number][];

function isPair(certificate: string, key: string, config: SslConfig, problems: Problems): boolean {
  const keyFile = config.key ?? config.certificate ?? '';
  const certificateFile = config.certificate ?? config.key ?? '';
  if (!isCertificate(certificate, certificateFile, 'certificate', problems)) return false;
  const where = config.key === undefined ? 'certificate' : 'key';
  try {
    const passphrase = config.password === undefined ? {} : { passphrase: config.password };
    if (new X509Certificate(certificate).checkPrivateKey(createPrivateKey({ key, ...passphrase }))) return true;
    problems.push({ keyword: where, message: `the key of ${keyFile} does not belong to the certificate of ${certificateFile}` });
  } catch {
    // OpenSSL's own words would tell nobody that the password is meant.
    const why =
      config.password === undefined ? 'it is not in PEM, or has a password' : 'it is not in PEM, or the password is wrong';
    problems.push({ keyword: where, message: `the key of ${keyFile} cannot be used: ${why}` });
  }
  return false;
}

function isCertificate(text: string, file: string, keyword: 'certificate' | 'ca', problems: Problems): boolean {
  try {
    return new X509Certificate(text).serialNumber !== '';
  } catch {
    problems.push({ keyword, message: `${keyword} ${file} holds no certificate in PEM` });
    return false;
  }
}
