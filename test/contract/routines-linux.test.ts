/** What routines promise on Linux: questions to real servers on loopback, answered as before, otherwise, late and not at all. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Departed, RoutineQuestion, RunningRoutine } from '@mainstay/core';
import { LinuxRoutines } from '@mainstay/core/server-ports/routines';
import { type Connection, longestDelay, PortError, type Routine } from '@mainstay/sdk';
import { afterEach, beforeEach, describe, it } from 'mocha';

const request = 'GET / HTTP/1.0\r\n\r\n';
const answer = 'HTTP/1.0 200 OK\r\n\r\nfine';
const expected = { octets: answer.length, parts: [{ at: 0, text: 'HTTP/1.0 200' }] };
const asBefore: Routine = { send: request, answer: expected };
/** Long: nothing depends on it but the patience of a test that fails. */
const patient = 60_000;

interface Conversation {
  readonly socket: Socket;
  /** What the client has said when the server is called. */
  readonly heard: string;
}

describe('routines (Linux)', () => {
  let routines: LinuxRoutines;
  const servers: Server[] = [];
  const sockets = new Set<Socket>();

  beforeEach(() => {
    routines = new LinuxRoutines();
  });
  afterEach(async () => {
    routines.close();
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    await Promise.all(servers.splice(0).map((server) => new Promise((done) => server.close(done))));
  });

  /** A server that is called for every connection, once the request is there where there is to be one. Answers its port. */
  async function serve(talk: (conversation: Conversation) => void, { host = '127.0.0.1', asks = true } = {}): Promise<number> {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => sockets.delete(socket));
      socket.on('end', () => socket.end());
      if (!asks) talk({ socket, heard: '' });
      let heard = '';
      socket.on('data', (chunk) => {
        heard += chunk;
        if (asks && heard === request) talk({ socket, heard });
      });
    });
    servers.push(server);
    await new Promise<void>((ready) => server.listen(0, host, ready));
    return (server.address() as AddressInfo).port;
  }

  interface Asked extends Partial<Omit<RoutineQuestion, 'target'>> {
    readonly port: number;
    readonly address?: string;
    readonly localAddress?: string;
  }

  /** Begins a routine; `departed` settles when it departs. */
  function ask({ port, address = '127.0.0.1', localAddress, ...more }: Asked) {
    let running: RunningRoutine | undefined;
    const departed = new Promise<Departed>((resolve) => {
      const target = { address, port, ...(localAddress !== undefined && { localAddress }) };
      running = routines.begin({ target, routine: asBefore, dueInMs: 0, delayLoopMs: 5, timeoutMs: patient, ...more }, resolve);
    });
    return { running: running as RunningRoutine, departed };
  }

  async function opened({ outcome }: Departed, signal = new AbortController().signal, differs = () => {}): Promise<Connection> {
    assert.ok(outcome !== 'late', 'it was late');
    return outcome.take({ signal }, differs);
  }

  async function textOf(connection: Connection): Promise<string> {
    let text = '';
    for (let bytes = await connection.read(); bytes !== undefined; bytes = await connection.read()) text += Buffer.from(bytes);
    connection.close();
    return text;
  }

  /** A server that answers `count` times as before, and then by `then`. */
  function turning(count: number, then: (conversation: Conversation) => void, usual = answer) {
    let asked = 0;
    return (conversation: Conversation) => {
      if (++asked <= count) conversation.socket.end(usual);
      else then(conversation);
    };
  }

  it('waits as long as a configuration may say', () => {
    const delayLoopMs = longestDelay * 1000;
    const { running } = ask({ port: 9, dueInMs: delayLoopMs, delayLoopMs });
    const { dueInMs, isUnderWay } = running.end();
    assert.ok(dueInMs > delayLoopMs - patient && dueInMs <= delayLoopMs, `${dueInMs}`);
    assert.equal(isUnderWay, false);
  });

  for (const [host, family] of [
    ['127.0.0.1', 4],
    ['::1', 6],
  ] as const) {
    it(`asks again and again over IPv${family}, and hands over the first answer that is another one`, async () => {
      const port = await serve(
        turning(5, ({ socket }) => socket.end('HTTP/1.0 503 Busy\r\n\r\n')),
        { host },
      );
      const { departed } = ask({ port, address: host });
      const told = await departed;
      assert.equal(told.rounds, 5);
      assert.ok(told.lastTookMs > 0 && told.beganAgoMs >= 0 && told.dueAgoMs >= told.beganAgoMs);
      const connection = await opened(told);
      await connection.write(request);
      assert.equal(await textOf(connection), 'HTTP/1.0 503 Busy\r\n\r\n');
    });
  }

  it('is content with a connection where nothing is expected', async () => {
    let asked = 0;
    let enough = () => {};
    const often = new Promise<void>((resolve) => {
      enough = resolve;
    });
    const port = await serve(
      () => {
        if (++asked === 20) enough();
      },
      { asks: false },
    );
    const { running } = ask({ port, routine: {} });
    await often;
    assert.ok(running.facts().rounds >= 18);
    assert.ok(running.end().rounds >= 18);
  });

  it('tells a refusal as the port tcp does', async () => {
    const port = await serve(() => {}, { asks: false });
    const [server] = servers.splice(0);
    await new Promise((done) => server?.close(done));
    await assert.rejects(opened(await ask({ port, routine: {} }).departed), (error: unknown) => {
      assert.ok(error instanceof PortError);
      assert.equal(error.message, `cannot connect to 127.0.0.1 port ${port}: connection refused [ECONNREFUSED]`);
      return error.errno === 'ECONNREFUSED';
    });
  });

  it('tells where a socket cannot be had', async () => {
    const port = await serve(() => {}, { asks: false });
    const { departed } = ask({ port, routine: {}, localAddress: '192.0.2.77' });
    await assert.rejects(opened(await departed), { errno: 'EADDRNOTAVAIL' });
  });

  it('is late where nothing comes, and where it never ends', async () => {
    const silent = await serve(() => {});
    const told = await ask({ port: silent, timeoutMs: 20 }).departed;
    assert.deepEqual([told.outcome, told.rounds], ['late', 0]);
    assert.ok(told.beganAgoMs >= 20);
    const endless = await serve(({ socket }) => socket.write(answer));
    const ended: Routine = { send: request, answer: { ...expected, isEnded: true } };
    assert.equal((await ask({ port: endless, routine: ended, timeoutMs: 20 }).departed).outcome, 'late');
  });

  it('takes an answer in pieces for the same', async () => {
    const port = await serve(
      turning(
        0,
        (() => {
          let asked = 0;
          return ({ socket }: Conversation) => {
            if (++asked > 3) socket.end('other');
            else for (const letter of answer) setImmediate(() => socket.write(letter));
          };
        })(),
      ),
    );
    const told = await ask({ port }).departed;
    assert.equal(told.rounds, 3);
    assert.equal(await textOf(await opened(told)), 'other');
  });

  for (const [what, text] of [
    ['longer', `${answer} and more`],
    ['shorter', answer.slice(0, -1)],
    ['of another opening', answer.replace('200', '204')],
    ['empty', ''],
  ] as const) {
    for (const isEnded of [false, true]) {
      it(`hands over an answer that is ${what}${isEnded ? ', where the end counts' : ''}`, async () => {
        const port = await serve(turning(2, ({ socket }) => socket.end(text)));
        const told = await ask({ port, routine: { send: request, answer: { ...expected, isEnded } } }).departed;
        assert.equal(told.rounds, 2);
        assert.equal(await textOf(await opened(told)), text);
      });
    }
  }

  it('goes on with what it did not read: a long answer comes whole', async () => {
    const long = 'x'.repeat(3_000_000);
    const port = await serve(turning(1, ({ socket }) => socket.end(long)));
    const told = await ask({ port }).departed;
    assert.equal((await textOf(await opened(told))).length, long.length);
  });

  it('goes on with a conversation', async () => {
    const port = await serve(
      turning(1, ({ socket }) => {
        socket.write('what?');
        socket.on('data', (chunk) => socket.end(`you said ${chunk}`));
      }),
    );
    const connection = await opened(await ask({ port }).departed);
    await connection.write(`${request}nothing`);
    assert.equal(await textOf(connection), 'what?you said nothing');
  });

  it('refuses a check that sends something else', async () => {
    const port = await serve(turning(1, ({ socket }) => socket.end('other')));
    let told = 0;
    const connection = await opened(await ask({ port }).departed, undefined, () => told++);
    await assert.rejects(connection.write('HELO'), /the routine of the checker sends something else than its check/);
    assert.equal(told, 1);
    connection.close();
  });

  it('takes a connection that is broken off at once for one, as it had come about, and tells the reset where more is expected', async () => {
    // Half of them behind an end, where only the connection counts.
    let n = 0;
    let enough = () => {};
    const often = new Promise<void>((resolve) => {
      enough = resolve;
    });
    const break_ = ({ socket }: Conversation) => {
      if (++n === 200) enough();
      if (n < 200 && n % 2 === 0) socket.resetAndDestroy();
      else Object.assign(socket, { resetAndClosing: true }).destroy();
    };
    const port = await serve(break_, { asks: false });
    const { running, departed } = ask({ port, routine: {}, delayLoopMs: 1 });
    assert.equal(await Promise.race([departed, often]), undefined, 'it departed');
    assert.ok(running.end().rounds >= 190);
    for (let m = 0; m < 20; m++) {
      const connection = await opened(await ask({ port }).departed);
      await connection.write(request);
      await assert.rejects(connection.read(), { errno: 'ECONNRESET' });
      connection.close();
    }
  });

  it('tells a reset behind what came before it', async () => {
    const port = await serve(
      turning(1, ({ socket }) => {
        socket.write('HTTP/1.0 2', () => socket.resetAndDestroy());
      }),
    );
    const connection = await opened(await ask({ port }).departed);
    let text = '';
    await assert.rejects(
      async () => {
        for (;;) text += Buffer.from((await connection.read()) ?? []);
      },
      { errno: 'ECONNRESET' },
    );
    assert.ok('HTTP/1.0 2'.startsWith(text));
    connection.close();
  });

  it('closes the connection with the signal, and where nobody wants it', async () => {
    const open = () => readdirSync('/proc/self/fd').length;
    const port = await serve(turning(0, ({ socket }) => socket.write('other')));
    const told = await ask({ port }).departed;
    const abort = new AbortController();
    const connection = await opened(told, abort.signal);
    assert.equal(Buffer.from((await connection.read()) ?? []).toString(), 'other');
    const reading = connection.read();
    abort.abort(new Error('enough'));
    await assert.rejects(reading, /enough/);
    const again = await ask({ port }).departed;
    const before = open();
    assert.ok(again.outcome !== 'late');
    again.outcome.discard();
    assert.equal(open(), before - 1);
  });

  it('ends while it waits for an answer, and leaves nothing open', async () => {
    let heard = () => {};
    const asked = new Promise<void>((resolve) => {
      heard = resolve;
    });
    const port = await serve(() => heard());
    const { running } = ask({ port });
    await asked;
    const [waiting] = sockets;
    const gone = new Promise((resolve) => waiting?.once('end', resolve));
    const facts = running.end();
    assert.deepEqual([facts.isUnderWay, facts.rounds], [true, 0]);
    await gone;
  });

  it('hears of many at once, of which one ends the others', async () => {
    const port = await serve(({ socket }) => socket.end('other'));
    const all: RunningRoutine[] = [];
    let told = 0;
    await new Promise<void>((done) => {
      for (let i = 0; i < 50; i++) {
        const target = { address: '127.0.0.1', port };
        const question = { target, routine: asBefore, dueInMs: 0, delayLoopMs: 5, timeoutMs: patient };
        const own = routines.begin(question, ({ outcome }) => {
          if (outcome !== 'late') outcome.discard();
          told++;
          for (const one of all.splice(0)) if (one !== own) one.end();
          setTimeout(done, 50);
        });
        all.push(own);
      }
    });
    assert.equal(told, 1);
  });

  it('refuses what cannot be a routine', () => {
    const target = { address: '127.0.0.1', port: 1 };
    const begin = (routine: Routine) =>
      routines.begin({ target, routine, dueInMs: 0, delayLoopMs: 1000, timeoutMs: 1000 }, () => assert.fail('it began'));
    const one = { at: 0, text: 'x' };
    const wrong: readonly (readonly [unknown, RegExp])[] = [
      [{ answer: { octets: 65_537, parts: [one] } }, /"octets" of a routine must be a whole number, 1 to 65536, not 65537/],
      [{ answer: { octets: 1.5, parts: [one] } }, /"octets"/],
      [{ answer: { octets: 0, parts: [one] } }, /"octets"/],
      [{ answer: { octets: 5, parts: [] } }, /"parts" of a routine must be a list of 1 to 8/],
      [{ answer: { octets: 5, parts: Array(9).fill(one) } }, /"parts"/],
      [{ answer: { octets: 5, parts: [{ at: 5, text: 'x' }] } }, /a part of a routine must lie within its 5 octets/],
      [{ answer: { octets: 5, parts: [{ at: 0, text: '' }] } }, /a part/],
      [{ answer: { octets: 5, parts: [{ at: 0, text: 7 }] } }, /"text" of a routine must be text or bytes/],
      [{ answer: { octets: 65_000, parts: [1, 2, 3].map(() => ({ at: 0, text: 'x'.repeat(2000) })) } }, /4096 octets together/],
      [{ answer: { octets: 5, parts: [one], isOver: true } }, /"answer" has "isOver", and knows only octets, parts, isEnded/],
      [{ answer: true }, /"answer" must be an object/],
      [{ send: 'x' }, /must say what "answer" it expects/],
      [
        { send: 'x'.repeat(4097), answer: { octets: 5, parts: [one] } },
        /"send" of a routine must be text or bytes, 4096 octets at most/,
      ],
      [{ octets: 7 }, /a routine has "octets"/],
      [Promise.resolve({}), /a routine has "then"/],
      [true, /a routine must be an object/],
    ];
    for (const [routine, message] of wrong) assert.throws(() => begin(routine as Routine), message);
  });
});
