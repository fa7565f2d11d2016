/**
 * Checkers over TCP against hostile servers on the loopback. TCP_CHECK: accepting is enough, whatever follows, and the native way of
 * probing finds the same. SSL_GET: what servers do behind a real handshake. The kernel says what stays open.
 */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { checkerHttp } from '@mainstay/checker-http';
import tcpCheck from '@mainstay/checker-tcp';
import { type Departed, openPorts } from '@mainstay/core';
import { LinuxRoutines } from '@mainstay/core/server-ports/routines';
import type { Checker } from '@mainstay/sdk';
import type { ContractCase } from '@mainstay/testing';
import { after, before, describe, it } from 'mocha';
import { Authority } from '../support/certificate.js';
import { bindChecks } from '../support/checker-config.js';
import { nothingBut, openNow } from '../support/descriptors.js';
import { type FullServer, fullServer } from '../support/full-server.js';
import { hostile, serve } from '../support/hostile-servers.js';
import { probing } from '../support/probing.js';
import { freePort } from '../support/real-servers.js';
import { holds } from './support/holds.js';

const [, sslGet] = bindChecks(checkerHttp(), '').checkers as [Checker, Checker];
const web = Object.entries(hostile('HTTP/1.1 200 OK\r\n', 'X-Header: x\r\n'));
/** Long: nothing depends on it but the patience of a test that fails. */
const patient = 60_000;
/** Those of which everything is asked that checkers promise; of the others, the verdict and what stays open. */
const inFull = new Set(['says nothing', 'resets at once', 'sends lines without end']);

/** In a row. What depends on who is first shows among so many. */
const often = 40;

/** Made before anything is counted: what Node has of its own from the first probe on. */
async function warmUp(): Promise<void> {
  const { close, port } = await serve(() => {});
  await probing(tcpCheck, { port }).probe();
  await close();
}

/** What native probes find: `up` where so many in a row were as before, `late`, `refused`, or `other`. */
async function natively(port: number, rounds: number, timeoutMs = patient): Promise<string> {
  const routines = new LinuxRoutines();
  const target = { address: '127.0.0.1', port };
  let departed: Departed | undefined;
  try {
    const question = { target, routine: {}, dueInMs: 0, delayLoopMs: 1, timeoutMs };
    const running = routines.begin(question, (one) => {
      departed = one;
    });
    while (departed === undefined && running.facts().rounds < rounds) await new Promise(setImmediate);
    const outcome = departed?.outcome;
    if (outcome === undefined) return 'up';
    if (outcome === 'late') return outcome;
    const taken = outcome.take({ signal: new AbortController().signal }, () => {});
    return await taken.then(
      (connection) => {
        connection.close();
        return 'other';
      },
      () => 'refused',
    );
  } finally {
    routines.close();
  }
}

describe('TCP_CHECK and hostile servers', function () {
  this.timeout(patient);
  let full: FullServer;
  before(async () => {
    await warmUp();
    full = await fullServer();
  });
  after(() => full.close());

  const stage = async (port: number, close: () => void | Promise<void>) => ({
    ports: await openPorts(new Set(['tcp']), () => {}),
    target: { address: '127.0.0.1', port },
    close,
  });
  const served = (name: string, greet: (socket: Socket) => void): ContractCase => ({
    name,
    stage: async () => {
      const { port, close } = await serve(greet, { allowHalfOpen: true });
      return stage(port, close);
    },
  });
  holds(tcpCheck, {
    time: 'real',
    module: new URL(import.meta.resolve('@mainstay/checker-tcp')),
    up: web.filter(([what]) => inFull.has(what)).map(([what, greet]) => served(`a server that ${what}`, greet)),
    down: [{ name: 'a closed port', stage: async () => stage(await freePort(), () => {}) }],
    slow: [{ name: 'a server that does not accept', stage: () => stage(full.port, () => {}) }],
  });

  for (const [what, greet] of web)
    it(`finds a server that ${what} up each time, by JavaScript and natively`, async () => {
      const open = openNow();
      const { port, close } = await serve(greet, { allowHalfOpen: true });
      const { probe } = probing(tcpCheck, { port, timeoutMs: patient });
      for (let n = 0; n < often; n++) assert.equal((await probe()).ok, true);
      assert.equal(await natively(port, often), 'up');
      await close();
      await nothingBut(open, what);
    });

  it('is refused and late natively, too, and leaves nothing open', async () => {
    const open = openNow();
    assert.equal(await natively(await freePort(), 1), 'refused');
    assert.equal(await natively(full.port, 1, 50), 'late');
    const { probe } = probing(tcpCheck, { port: full.port, timeoutMs: 50 });
    assert.equal((await probe()).ok, false);
    await nothingBut(open, 'a server that does not accept');
  });
});

describe('SSL_GET and servers that are hostile behind the handshake', function () {
  this.timeout(patient);
  const own = new Authority().sign('web', { names: ['127.0.0.1'] });
  before(warmUp);

  async function ask(greet: (socket: Socket) => void, timeoutMs: number, lines = '') {
    const open = openNow();
    let greeted = 0;
    const counted = (socket: Socket) => {
      greeted++;
      greet(socket);
    };
    const { port, close } = await serve(counted, { allowHalfOpen: true, tls: own });
    const { probe, ports } = probing(sslGet, { port, timeoutMs, config: `url {\npath /\n${lines}\n}` });
    const { durationMs: _, ...verdict } = await probe();
    assert.equal(ports.open(), 0, 'a connection was left open');
    await close();
    await nothingBut(open, 'after the probe');
    assert.equal(greeted, 1, 'there was no handshake');
    return verdict;
  }

  it('finds a server that behaves up', async () => {
    const page = 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx';
    assert.deepEqual(await ask((socket) => void socket.once('data', () => socket.write(page)), patient), {
      ok: true,
      detail: 'status 200',
    });
  });

  /** Behind which nothing can be found out but that time is over. */
  const lingers = new Set(['says nothing', 'sends a byte at a time']);
  for (const [what, greet] of web)
    it(`is down where the server ${what}`, async () => {
      const isLingering = lingers.has(what);
      const verdict = await ask(greet, isLingering ? 400 : patient);
      assert.ok(!verdict.ok && verdict.reason !== '');
      if (isLingering) assert.match(verdict.reason, /timeout/);
      else assert.doesNotMatch(verdict.reason, /timeout/);
    });

  it('reads no body without end', async () => {
    const endless = hostile('HTTP/1.1 200 OK\r\n\r\n', 'x\n')['sends lines without end'] ?? (() => {});
    assert.equal((await ask(endless, patient)).ok, true);
    const digest = await ask(endless, patient, `digest ${'0'.repeat(32)}`);
    assert.match(digest.ok ? '' : digest.reason, /the body is longer than 16777216 octets/);
  });
});
