/** checkerContract: a good checker passes, and each way of being bad is found by the check that is made for it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { pathToFileURL } from 'node:url';
import {
  type CheckContext,
  type Checker,
  type Clock,
  type Connection,
  defineChecker,
  down,
  type Fields,
  s,
  type TcpPort,
  up,
} from '@mainstay/sdk';
import { type CheckerContractOptions, checkerContract } from '@mainstay/testing';
import { describe, it } from 'mocha';

/** A server that answers after a while, or never. */
function tcpOf(clock: Clock, answer: string | undefined): TcpPort {
  return {
    async connect(_, { signal }) {
      const connection: Connection = {
        write: async () => {},
        read: () =>
          new Promise((resolve, reject) => {
            const timer = answer === undefined ? undefined : clock.after(5, () => resolve(Buffer.from(answer)));
            signal.addEventListener('abort', () => {
              timer?.cancel();
              reject(signal.reason as Error);
            });
          }),
        end() {},
        close() {},
      };
      return connection;
    },
  };
}

const stageOf = (answer: string | undefined) => (clock: Clock | undefined) => ({ ports: { tcp: tcpOf(clock as Clock, answer) } });
const block = 'GREET_CHECK {\n  password sesame\n}';
const options: CheckerContractOptions = {
  up: [{ name: 'a friendly server', config: block, stage: stageOf('hello') }],
  down: [{ name: 'a rude server', config: block, stage: stageOf('go away') }],
  slow: [{ name: 'a silent server', config: block, stage: stageOf(undefined) }],
};

const fields = { password: s.word('a password').secret().optional().doc('Said to the server.') };
type Context = CheckContext<{ readonly password: string | undefined }>;

async function greet({ ports, target, signal }: Context) {
  const connection = await ports.tcp.connect(target, { signal });
  try {
    const text = Buffer.from((await connection.read()) ?? []).toString();
    return text === 'hello' ? up() : down(`it says "${text}"`);
  } finally {
    connection.close();
  }
}

type Change = Parameters<typeof defineChecker<typeof fields>>[0];
const checkerOf = (change: Partial<Change> = {}) =>
  defineChecker({ keyword: 'GREET_CHECK', fields, needs: ['tcp'], check: greet, ...change });

async function failuresOf(checker: Checker<never>, given = options): Promise<readonly string[]> {
  const failures: string[] = [];
  for (const { name, run } of checkerContract(checker as unknown as Checker<Fields>, given)) {
    await run().catch((error: Error) => failures.push(`${name}: ${error.message.split('\n')[0]}`));
  }
  return failures;
}

const friendly = { ...options, down: [], slow: [] };

describe('checkerContract', () => {
  for (const { name, run } of checkerContract(checkerOf(), options)) it(`lets a good checker pass: ${name}`, run);

  const bad: readonly [string, Partial<Change>, CheckerContractOptions, readonly RegExp[]][] = [
    [
      'has a keyword without documentation',
      { fields: { password: s.word().secret().optional() } as never },
      friendly,
      [/^documents/],
    ],
    ['is never satisfied', { check: () => down('no') }, friendly, [/^finds a friendly server up: it is down: no/]],
    [
      'has no reason',
      { check: () => down('  ') },
      { ...options, up: [], slow: [] },
      [/^finds a rude server down.*reason is empty/],
    ],
    [
      'only ever times out',
      { check: () => new Promise<never>(() => {}) },
      { ...options, up: [], slow: [] },
      [/ran into the deadline/, /^obeys/],
    ],
    [
      'goes on after its signal',
      { check: ({ clock }) => new Promise((resolve) => clock.after(900, () => resolve(up()))) },
      friendly,
      [/^obeys its signal with a friendly server: it goes on for 50 ms/],
    ],
    [
      'does not close',
      {
        check: async ({ ports, target, signal }) => {
          const connection = await ports.tcp.connect(target, { signal });
          return (await connection.read()) === undefined ? down('no') : up();
        },
      },
      friendly,
      [/^leaves nothing behind with a friendly server: it did not close/],
    ],
    [
      'leaves a timer',
      {
        check: async (context) => {
          context.clock.after(100_000, () => {});
          return greet(context);
        },
      },
      friendly,
      [/^leaves nothing behind/],
    ],
    [
      'tries a port that it did not ask for',
      {
        check: async (context) => {
          try {
            return up(String(context.ports.files));
          } catch {
            return greet(context);
          }
        },
      },
      friendly,
      [/^touches no port but those it needs.*refused/],
    ],
    [
      'logs its password',
      {
        check: async (context) => {
          context.log.info('hello', { word: context.config.password });
          return greet(context);
        },
      },
      friendly,
      [/^keeps secrets with a friendly server: the value of a secret keyword/],
    ],
  ];
  for (const [what, change, given, expected] of bad) {
    it(`finds a checker that ${what}`, async () => {
      const failures = await failuresOf(checkerOf(change) as never, given);
      assert.equal(failures.length, expected.length, failures.join('\n'));
      for (const [i, pattern] of expected.entries()) assert.match(failures[i] ?? '', pattern);
    });
  }

  it('finds a checker that changes its mind', async () => {
    let probes = 0;
    const check = () => (probes++ % 2 === 0 ? up() : down('no'));
    assert.ok((await failuresOf(checkerOf({ check }) as never, friendly)).some((line) => line.startsWith('says the same again')));
  });

  it('tries a checker against real servers, and in another process', async () => {
    const module = pathToFileURL(new URL('../../../fixtures/knock-checker.js', import.meta.url).pathname);
    const { default: checker } = (await import(module.href)) as { default: Checker<Fields> };
    const listening = (whatToSay: string | undefined) => async () => {
      const server: Server = createServer((socket) => {
        socket.on('error', () => {});
        if (whatToSay !== undefined) socket.end(whatToSay);
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const target = { address: '127.0.0.1', port: (server.address() as AddressInfo).port };
      return { target, close: () => new Promise<void>((resolve) => server.close(() => resolve())) };
    };
    const failures = await failuresOf(checker as never, {
      up: [{ name: 'a friendly server', stage: listening('hello') }],
      down: [{ name: 'a rude server', stage: listening('go away') }],
      slow: [{ name: 'a silent server', stage: listening(undefined) }],
      time: 'real',
      module,
    });
    assert.deepEqual(failures, []);
  }).timeout(30_000);
});
