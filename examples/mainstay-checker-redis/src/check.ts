/** One probe of REDIS_CHECK: AUTH where it is configured, PING, and ROLE where one is wanted. Called by Mainstay's checking loop. */
import {
  type CheckContext,
  type Connection,
  down,
  failure,
  type Routine,
  type RoutineContext,
  up,
  type Verdict,
} from '@mainstay/sdk';
import type { RedisConfig } from './config.js';
import { decodeReply, encodeCommand, longestReply, NotRedis, type Reply } from './resp.js';

/** Of an error of the server, in a reason. */
const longestQuote = 200;

export async function checkRedis({ config, target, signal, ports }: CheckContext<RedisConfig>): Promise<Verdict> {
  let connection: Connection | undefined;
  try {
    connection = await ports.tcp.connect(target, { signal });
    // All at once: the server answers in order, and the probe takes one round trip.
    await connection.write(commandsOf(config));
    const replies = new Replies(connection);
    if (isAuthenticated(config)) expectStatus('AUTH', await replies.next(), 'OK');
    expectStatus('PING', await replies.next(), 'PONG');
    return config.role === undefined ? up('PONG') : judgeRole(await replies.next(), config.role);
  } catch (error) {
    const verdict = failure(error);
    return { ...verdict, reason: withoutSecret(verdict.reason, config.password) };
  } finally {
    connection?.close();
  }
}

/** What a server that works answers is always the same, unless it tells of its role. */
export function routine({ config }: RoutineContext<RedisConfig>): Routine | undefined {
  if (config.role !== undefined) return undefined;
  const text = isAuthenticated(config) ? '+OK\r\n+PONG\r\n' : '+PONG\r\n';
  return { send: commandsOf(config), answer: { octets: text.length, parts: [{ at: 0, text }] } };
}

const isAuthenticated = ({ password, user }: RedisConfig) => password !== undefined || user !== undefined;

function commandsOf(config: RedisConfig): string {
  const { password = '', user, role } = config;
  const auth = user === undefined ? encodeCommand('AUTH', password) : encodeCommand('AUTH', user, password);
  return `${isAuthenticated(config) ? auth : ''}${encodeCommand('PING')}${role === undefined ? '' : encodeCommand('ROLE')}`;
}

/** Takes one reply after another off a connection. */
class Replies {
  #bytes: Uint8Array = new Uint8Array();

  constructor(private readonly connection: Connection) {}

  async next(): Promise<Reply> {
    for (;;) {
      const found = this.#bytes.length > 0 ? decodeReply(this.#bytes) : undefined;
      if (found !== undefined) {
        this.#bytes = this.#bytes.subarray(found.end);
        return found.reply;
      }
      if (this.#bytes.length > longestReply) throw new NotRedis(`a reply has more than ${longestReply} bytes`);
      const more = await this.connection.read();
      if (more === undefined) throw new Error('the server closed the connection before it had answered');
      this.#bytes = joined(this.#bytes, more);
    }
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

function expectStatus(command: string, reply: Reply, wanted: string): void {
  if (reply.kind === 'error')
    throw new Error(`${command} was refused: ${command === 'AUTH' ? codeOf(reply.text) : reply.text.slice(0, longestQuote)}`);
  if (reply.kind === 'status' && reply.text === wanted) return;
  throw new Error(`${command} was answered with ${inWords(reply)}, not ${wanted}`);
}

function judgeRole(reply: Reply, wanted: 'master' | 'replica'): Verdict {
  if (reply.kind === 'error') throw new Error(`ROLE was refused: ${reply.text.slice(0, longestQuote)}`);
  const [first] = reply.kind === 'array' ? (reply.items ?? []) : [];
  const word = first?.kind === 'bulk' ? first.text : undefined;
  if (word === undefined) throw new Error(`ROLE was answered with ${inWords(reply)}`);
  // The protocol keeps the old word.
  const role = word === 'slave' ? 'replica' : word;
  return role === wanted ? up(`PONG, ${role}`) : down(`it is ${role.slice(0, longestQuote)}, not ${wanted}`);
}

function inWords(reply: Reply): string {
  switch (reply.kind) {
    case 'status':
      return `the status ${JSON.stringify(reply.text.slice(0, longestQuote))}`;
    case 'array':
      return 'a list';
    case 'bulk':
      return 'a string';
    case 'integer':
      return 'a number';
    case 'error':
      return 'an error';
  }
}

/** The word that an error begins with. The text may repeat the password, whole or in part: a server that does not know AUTH does. */
function codeOf(error: string): string {
  return /^[A-Z]{1,32}(?= |$)/.exec(error)?.[0] ?? 'without a code';
}

/** Other replies may repeat it, too. */
function withoutSecret(text: string, password: string | undefined): string {
  return password === undefined || password === '' ? text : text.replaceAll(password, '***');
}
