/** Why a handshake failed, in words: OpenSSL's and Node's codes say it to those who know them. Pure; used by tls.ts. */
import { messageOf, PortError } from '@mainstay/sdk';

/** Codes of Node and OpenSSL. */
const words: readonly (readonly [RegExp, string])[] = [
  [/UNSUPPORTED_PROTOCOL|PROTOCOL_VERSION|VERSION_TOO_LOW/, 'the server offers no version from TLS 1.2 on'],
  [/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|BAD_RECORD_TYPE|RECORD_LAYER_FAILURE/, 'the server does not speak TLS'],
  [/HANDSHAKE_FAILURE|NO_SHARED_CIPHER/, 'client and server have no cipher in common, or the server wants a certificate'],
  [/CERTIFICATE_REQUIRED/, 'the server wants a certificate of the client'],
  [/UNRECOGNIZED_NAME/, 'the server does not know the name that it was asked for'],
  [/CERT_HAS_EXPIRED/, 'the certificate has expired'],
  [/CERT_NOT_YET_VALID/, 'the certificate is not valid yet'],
  [/SELF_SIGNED_CERT|UNABLE_TO_(VERIFY|GET_ISSUER)/, 'the certificate is of no trusted authority'],
  [/ERR_TLS_CERT_ALTNAME_INVALID/, 'the certificate is for another name'],
  [/(CERT|EE_KEY|DH_KEY|CA_KEY|CA_MD).*(TOO_SMALL|TOO_WEAK)|_TOO_SMALL|_TOO_WEAK/, 'the key of the server is too weak'],
];

/** Undefined: no failure of TLS but of the connection beneath it. */
export function tlsRefusal(what: string, thrown: unknown): PortError | undefined {
  const { code = '', syscall } = thrown as { readonly code?: string; readonly syscall?: string };
  // Node gives the orderly end of the stream the code of a reset, but no system call.
  if (code === 'ECONNRESET' && syscall === undefined) return etls(what, 'the server closed the connection', 'ECONNRESET');
  if (syscall !== undefined) return undefined;
  const found = words.find(([pattern]) => pattern.test(code))?.[1];
  return etls(what, found ?? messageOf(thrown), code);
}

function etls(what: string, why: string, code: string): PortError {
  return new PortError(`${what}: ${why}${code === '' ? '' : ` [${code}]`}`, 'ETLS');
}
