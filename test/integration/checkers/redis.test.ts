/**
 * The checker from outside the repository, installed from its tarball: against a real Redis, against hostile ones, and in a daemon
 * whose configuration is keepalived's. Also whatever bytes its decoder may meet.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { findPlugin, loadPlugin, openPorts } from '@mainstay/core';
import { type Checker, isChecker, messageOf } from '@mainstay/sdk';
import { checkerContract } from '@mainstay/testing';
import fc from 'fast-check';
import { after, before, describe, it } from 'mocha';
import { until } from '../../support/command.js';
import { makePluginSite, type PluginSite } from '../../support/plugin-site.js';
import { inShort, probe } from '../../support/probe.js';
import { codeOf, saidOf } from '../../support/readme-examples.js';
import { freePort, type RealServer, startRedis } from '../../support/real-servers.js';
import { plugin, TestDaemon } from '../daemon-harness.js';

interface RedisPackage {
  readonly default: Checker;
  decodeReply(bytes: Uint8Array): { readonly reply: Record<string, unknown>; readonly end: number } | undefined;
  encodeCommand(...words: readonly string[]): string;
  readonly longestReply: number;
  readonly NotRedis: new () => Error;
}

describe('mainstay-checker-redis', function () {
  this.timeout(120_000);
  let site: PluginSite;
  let redis: RedisPackage;
  let entry: URL;
  before(async () => {
    site = makePluginSite('mainstay-checker-redis');
    entry = pathToFileURL(findPlugin('mainstay-checker-redis', { configDirectory: site.directory }).entry);
    redis = (await import(entry.href)) as RedisPackage;
  });
  after(() => site.remove());

  const ask = async (port: number, config = '', deadlineMs = 2000) =>
    inShort(await probe(redis.default, { port }, config, deadlineMs));

  it('is a plugin by its default export, with its own copy of the SDK', async () => {
    assert.ok(isChecker(redis.default));
    const loaded = await loadPlugin('mainstay-checker-redis', { configDirectory: site.directory }, 'mainstay.conf:1:1');
    assert.equal(loaded.plugin.name, 'mainstay-checker-redis');
    assert.deepEqual(loaded.manifest, { api: '^0.1.0', lane: 'health', needs: ['tcp'] });
    const [example = ''] = codeOf('examples/mainstay-checker-redis/README.md', 'Examples');
    assert.deepEqual(await saidOf(example.replace(/^plugin .*\n/m, ''), loaded.plugin), []);
  });

  describe('against redis-server', () => {
    let master: RealServer;
    let replica: RealServer;
    before(async () => {
      master = await startRedis('--requirepass', 'sesame', '--user', 'monitor', 'on', '>mellon', '+ping', '+role');
      replica = await startRedis('--replicaof', '127.0.0.1', String(master.port), '--masterauth', 'sesame');
    });
    after(async () => {
      await replica?.stop();
      await master?.stop();
    });

    it('is up with PONG, and with the role that is wanted', async () => {
      assert.equal(await ask(master.port, 'password sesame'), 'up: PONG');
      assert.equal(await ask(master.port, 'password sesame\nrole master'), 'up: PONG, master');
      assert.equal(await ask(replica.port, 'role replica'), 'up: PONG, replica');
      assert.equal(await ask(master.port, 'user monitor\npassword mellon\nrole master'), 'up: PONG, master');
    });

    it('is down with another role, without a password, and with a wrong one', async () => {
      assert.equal(await ask(replica.port, 'role master'), 'down: it is replica, not master');
      assert.equal(await ask(master.port, 'password sesame\nrole replica'), 'down: it is master, not replica');
      assert.match(await ask(master.port), /^down: PING was refused: NOAUTH/);
      const wrong = await ask(master.port, 'password mellon');
      assert.equal(wrong, 'down: AUTH was refused: WRONGPASS');
      assert.equal(await ask(replica.port, 'password any'), 'down: AUTH was refused: ERR');
    });

    it('is down where nobody listens', async () => {
      assert.match(await ask(await freePort()), /^down: .*refused/);
    });

    it('holds to the contract of checkers, also in another process', async () => {
      const ports = await openPorts(new Set(['tcp']), () => {});
      const at = (name: string, port: number, config: string) => ({
        name,
        config: `REDIS_CHECK {\n ${config}\n}`,
        stage: () => ({ ports, target: { address: '127.0.0.1', port } }),
      });
      const contract = checkerContract(redis.default, {
        time: 'real',
        module: entry,
        up: [at('a master', master.port, 'password sesame\n role master')],
        down: [at('a wrong password', master.port, 'password mellon'), at('no server', await freePort(), '')],
      });
      assert.ok(contract.length > 10);
      for (const { name, run } of contract) {
        await run().catch((error: unknown) => assert.fail(`${name}: ${messageOf(error)}`));
      }
    });
  });

  describe('against what is no Redis', () => {
    let server: Server;
    let behave: (socket: Socket) => void;
    const open = new Set<Socket>();
    before(async () => {
      server = createServer((socket) => {
        open.add(socket);
        socket.on('close', () => open.delete(socket)).on('error', () => {});
        behave(socket);
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
    });
    after(() => {
      for (const socket of open) socket.destroy();
      server.close();
    });

    async function against(peer: (socket: Socket) => void, config = '', deadlineMs = 1000): Promise<string> {
      behave = peer;
      const said = await ask((server.address() as AddressInfo).port, config, deadlineMs);
      await until('the connection is closed', 2000, () => {
        for (const socket of open) socket.resume();
        return open.size === 0;
      });
      return said;
    }
    const saying = (text: string) => (socket: Socket) => void socket.write(text, 'latin1');

    it('is down, says what came, and closes', async () => {
      assert.equal(await against(() => {}), 'down: timeout');
      assert.equal(await against((socket) => void socket.end()), 'down: the server closed the connection before it had answered');
      assert.match(await against(saying('220 mail.example.test ESMTP\r\n')), /^down: a reply begins with "220 mail/);
      assert.match(await against(saying('HTTP/1.1 400')), /^down: a reply begins with "HTTP/);
      assert.equal(await against(saying('+PANG\r\n')), 'down: PING was answered with the status "PANG", not PONG');
      assert.equal(await against(saying('$-1\r\n')), 'down: PING was answered with a string, not PONG');
      assert.equal(await against(saying('+PONG\r\n*0\r\n'), 'role master'), 'down: ROLE was answered with a list');
      assert.match(await against(saying('$99999999999\r\n')), /^down: "99999999999" is no number that it may be/);
      assert.match(await against(saying(`+${'x'.repeat(100_000)}`)), /^down: a reply has more than 16384 bytes/);
      assert.match(await against(saying('*1\r\n'.repeat(1000))), /^down: a reply is nested more than 3 deep/);
    });

    it('is up though the answer comes letter by letter', async () => {
      const letters = [...'+PONG\r\n'];
      const drip = (socket: Socket) => {
        const timer = setInterval(() => socket.write(letters.shift() ?? ''), 10);
        socket.on('close', () => clearInterval(timer));
      };
      assert.equal(await against(drip), 'up: PONG');
    });

    it('ends at the deadline though something always comes', async () => {
      const drip = (socket: Socket) => {
        socket.write('$16000\r\n');
        const timer = setInterval(() => socket.write('x'), 5);
        socket.on('close', () => clearInterval(timer));
      };
      assert.equal(await against(drip, '', 300), 'down: timeout');
    });

    it('never repeats the password', async () => {
      const echo = saying("-ERR unknown command 'AUTH', with args beginning with: 'open sesame'\r\n");
      const said = await against(echo, 'password "open sesame"');
      assert.match(said, /refused.*ERR/);
      assert.doesNotMatch(said, /sesame|args/);
    });
  });

  describe('decoder', () => {
    type Shape = { kind: string; text?: string | undefined; value?: number; items?: Shape[] | undefined };
    const text = fc.string({ maxLength: 40 }).map((line) => line.replace(/[\r\n]/g, ' '));
    const scalar: fc.Arbitrary<Shape> = fc.oneof(
      text.map((line) => ({ kind: 'status', text: line })),
      text.map((line) => ({ kind: 'error', text: line })),
      fc.integer().map((value) => ({ kind: 'integer', value })),
      fc.option(fc.string({ maxLength: 40 }), { nil: undefined }).map((value) => ({ kind: 'bulk', text: value })),
    );
    const arrayOf = (item: fc.Arbitrary<Shape>) =>
      fc.option(fc.array(item, { maxLength: 5 }), { nil: undefined }).map((items) => ({ kind: 'array', items }));
    const reply = fc.oneof(scalar, arrayOf(fc.oneof(scalar, arrayOf(scalar))));

    function encode({ kind, text: line, value, items }: Shape): string {
      switch (kind) {
        case 'status':
          return `+${line}\r\n`;
        case 'error':
          return `-${line}\r\n`;
        case 'integer':
          return `:${value}\r\n`;
        case 'bulk':
          return line === undefined ? '$-1\r\n' : `$${Buffer.byteLength(line)}\r\n${line}\r\n`;
        default:
          return items === undefined ? '*-1\r\n' : `*${items.length}\r\n${items.map(encode).join('')}`;
      }
    }

    it('reads every reply to its end, and waits for the rest of a part of one', () => {
      fc.assert(
        fc.property(reply, fc.nat(), (shape, cut) => {
          const bytes = Buffer.from(encode(shape));
          assert.deepEqual(redis.decodeReply(Buffer.concat([bytes, Buffer.from('+next')])), { reply: shape, end: bytes.length });
          assert.equal(redis.decodeReply(bytes.subarray(0, cut % bytes.length)), undefined);
        }),
        { numRuns: 2000 },
      );
    });

    it('throws nothing but its own word for whatever else comes, and never waits for more than it would take', () => {
      const noise = fc.oneof(
        fc.uint8Array({ maxLength: 200 }),
        fc
          .array(fc.constantFrom('+', '-', ':', '$', '*', '\r\n', '\r', '1', '-1', '9999', 'x'), { maxLength: 60 })
          .map((parts) => Uint8Array.from(Buffer.from(parts.join('')))),
      );
      fc.assert(
        fc.property(noise, (bytes) => {
          try {
            const found = redis.decodeReply(bytes);
            assert.ok(found === undefined || (found.end > 0 && found.end <= bytes.length));
          } catch (error) {
            assert.ok(error instanceof redis.NotRedis, String(error));
          }
        }),
        { numRuns: 20_000 },
      );
      assert.throws(() => redis.decodeReply(new Uint8Array(redis.longestReply).fill(0x2b)), redis.NotRedis);
    });

    it('sends commands that count bytes, not letters', () => {
      assert.equal(redis.encodeCommand('AUTH', 'pässword'), '*2\r\n$4\r\nAUTH\r\n$9\r\npässword\r\n');
    });
  });

  it('is used by a daemon from its configuration', async () => {
    const server = await startRedis();
    const daemon = new TestDaemon();
    try {
      const load = `plugin mainstay-checker-redis { package ${join(site.directory, 'node_modules/mainstay-checker-redis')} }\n`;
      const check = `REDIS_CHECK {\n  connect_ip 127.0.0.1\n  connect_port ${server.port}\n  role master\n }\n`;
      daemon.configure(`${plugin('balancing')}${load}balanced store {\n alpha\n retry 3\n ${check}}\n`);
      await daemon.start();
      await daemon.said('store 0 turned up: PONG, master');
      // A probe under way is cut off; the last of the retries finds nobody there.
      await server.stop();
      await daemon.said('store 0 turned down');
      assert.match(daemon.output, /REDIS_CHECK of store in pool is down: .*refused/);
    } finally {
      await daemon.cleanUp();
      await server.stop();
    }
  });
});
