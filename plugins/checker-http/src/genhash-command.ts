/** The command `mainstay genhash URL`: prints the digest of a page, as keepalived's genhash does. Named in package.json; run by the command line. */
import { parseArgs } from 'node:util';
import { type Command, type CommandContext, defineCommand, messageOf } from '@mainstay/sdk';
import { genhash, partsOfUrl } from './genhash.js';
import type { Protocol } from './request.js';

const usage = `mainstay genhash URL: the MD5 digest of a page, for the keyword digest of HTTP_GET and SSL_GET

  --address ADDR       connect to this address, instead of that of the URL's host
  --virtualhost NAME   Host of the request; default that of the URL
  --sni                send that name as Server Name Indication
  --protocol 1.0|1.0C|1.1   as http_protocol
  --timeout SECONDS    default 5
  --verbose            also the status and the length
`;

const protocols: readonly Protocol[] = ['1.0', '1.0C', '1.1'];

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const options = { address: text, virtualhost: text, protocol: text, timeout: text, sni: flag, verbose: flag } as const;

function read(args: readonly string[]) {
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  const [url, extra] = positionals;
  if (url === undefined || extra !== undefined) throw new Error('give one URL');
  const parts = partsOfUrl(url);
  if (parts === undefined) throw new Error(`"${url}" is no URL of http or https`);
  const protocol = protocols.find((one) => one === (values.protocol ?? '1.0'));
  if (protocol === undefined) throw new Error(`--protocol is one of ${protocols.join(', ')}, not "${values.protocol}"`);
  const seconds = Number(values.timeout ?? 5);
  if (!(seconds > 0 && seconds <= 3600)) throw new Error(`--timeout is 0 to 3600 seconds, not "${values.timeout}"`);
  return { ...parts, ...values, protocol, timeoutMs: seconds * 1000 };
}

async function run({ args, ports, addressOf, signal, print, complain }: CommandContext): Promise<number> {
  let asked: ReturnType<typeof read>;
  try {
    asked = read(args);
  } catch (error) {
    complain(`mainstay genhash: ${messageOf(error)}\n${usage}`);
    return 1;
  }
  const { host, port, path, tls, protocol } = asked;
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(asked.timeoutMs)]);
  try {
    const address = asked.address ?? (await addressOf(host));
    const named = asked.virtualhost ?? (host === address ? undefined : port === (tls ? 443 : 80) ? host : `${host}:${port}`);
    const found = await genhash(
      {
        target: { address, port },
        path,
        tls,
        ...(named !== undefined && { virtualHost: named }),
        sendsName: asked.sni === true,
        protocol,
        signal: deadline,
      },
      ports,
    );
    if (asked.verbose === true) complain(`status ${found.head.status}, ${found.octets} octets\n`);
    if (found.missing !== undefined) complain(`mainstay genhash: this is not the digest of the page: ${found.missing}\n`);
    print(`${found.digest}\n`);
    return found.missing === undefined ? 0 : 1;
  } catch (error) {
    complain(`mainstay genhash: ${host} port ${port}: ${messageOf(error)}\n`);
    return 1;
  }
}

const command: Command = defineCommand({ usage, run });
export default command;
