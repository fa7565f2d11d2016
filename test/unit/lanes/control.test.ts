/** The control socket with a daemon that a test plays: answers, refusals, and the stream of events. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ActionOutcome,
  askDaemon,
  type Controlled,
  controlRoutes,
  followDaemon,
  Router,
  serveControl,
  systemClock,
} from '@mainstay/core';
import { afterEach, beforeEach, describe, it } from 'mocha';

const outcomes: Readonly<Record<string, ActionOutcome>> = {
  'a/b c': { ok: true, message: 'done' },
  no: { ok: false, why: 'refused', message: 'no', hint: 'ask b' },
  none: { ok: false, why: 'unknown-name', message: 'what?', names: ['no'] },
  late: { ok: false, why: 'unavailable', message: 'later' },
};
const objects = [{ kind: 'thing', name: 'a/b c', state: 'fine', summary: { size: 1 }, detail: {} }];

describe('the control socket', () => {
  let folder: string;
  let socket: string;
  let server: Server;
  let router: Router;
  let reloads: number;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mainstay-control-'));
    socket = join(folder, 'control.sock');
    router = new Router(() => [], systemClock);
    reloads = 0;
    const daemon: Controlled = {
      router,
      report: async () => ({
        generation: 1,
        files: ['f'],
        startedAt: 0,
        logRecordsDropped: 0,
        lanes: [],
        objects,
        plugins: [],
        taps: [],
      }),
      explain: async (name) => (name === 'a/b c' ? [{ name }] : []),
      reload: async () => {
        reloads++;
        return { ok: false, reason: 'no', diagnostics: [] };
      },
      actions: () => [{ verb: 'poke', object: 'thing', doc: 'pokes it', plugin: 'p', deadlineMs: 1 }],
      act: async (verb, name) =>
        (verb === 'poke' ? outcomes[name] : undefined) ?? { ok: false, why: 'unknown-verb', message: 'what?', names: ['poke'] },
      identity: { version: '1', pid: 2 },
    };
    server = await serveControl(socket, controlRoutes(daemon));
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('answers questions in JSON', async () => {
    const status = await askDaemon(socket, 'GET', '/v1/status');
    assert.deepEqual([status.status, (status.body as { pid: number }).pid], [200, 2]);
    assert.equal((await askDaemon(socket, 'GET', `/v1/objects/${encodeURIComponent('a/b c')}`)).status, 200);
    assert.equal((await askDaemon(socket, 'GET', `/v1/explain/${encodeURIComponent('a/b c')}`)).status, 200);
    assert.deepEqual((await askDaemon(socket, 'GET', '/v1/objects/none')).body, {
      error: 'nothing is called "none"',
      names: ['a/b c'],
    });
    assert.ok('vrrp.transitioned' in ((await askDaemon(socket, 'GET', '/v1/hooks')).body as { hooks: object }).hooks);
  });

  it('refuses what is not there', async () => {
    for (const path of ['/', '/v1', '/v2/status', '/v1/nonsense', '/v1/status/x', '/v1/explain', '/v1/explain/a/b']) {
      assert.equal((await askDaemon(socket, 'GET', path)).status, 404, path);
    }
    assert.equal((await askDaemon(socket, 'GET', '/v1/%zz')).status, 400);
    assert.equal((await askDaemon(socket, 'POST', '/v1/status')).status, 404);
  });

  it('reloads on POST only, and tells a refusal from success', async () => {
    assert.equal((await askDaemon(socket, 'GET', '/v1/reload')).status, 404);
    const { status, body } = await askDaemon(socket, 'POST', '/v1/reload');
    assert.deepEqual([status, body, reloads], [422, { ok: false, reason: 'no', diagnostics: [] }, 1]);
  });

  it('has plugins act on POST only, and answers with the status of what became of it', async () => {
    const { actions } = (await askDaemon(socket, 'GET', '/v1/actions')).body as { actions: readonly { verb: string }[] };
    assert.deepEqual(
      actions.map(({ verb }) => verb),
      ['poke'],
    );
    for (const [name, status] of [
      ['a/b c', 200],
      ['no', 409],
      ['none', 404],
      ['late', 503],
    ] as const) {
      const reply = await askDaemon(socket, 'POST', `/v1/actions/poke/${encodeURIComponent(name)}`);
      assert.deepEqual(reply, { status, body: outcomes[name] });
    }
    assert.equal((await askDaemon(socket, 'POST', '/v1/actions/pike/no')).status, 404);
    for (const path of ['/v1/actions', '/v1/actions/poke', '/v1/actions/poke/no/more', '/v1/reload/now', '/v2/actions/poke/no']) {
      const { status, body } = await askDaemon(socket, 'POST', path);
      assert.deepEqual([status, 'ok' in (body as object)], [404, false], path);
    }
    assert.equal((await askDaemon(socket, 'GET', '/v1/actions/poke/no')).status, 404);
  });

  it('streams the events that a client asks for, until it goes', async () => {
    const heard: string[] = [];
    const end = new AbortController();
    const payload = { lane: 'x', pid: 1, cause: 'exit 1', restartInMs: 0, at: 0 };
    const following = followDaemon(
      socket,
      '/v1/events?hook=lane.crashed',
      (event, data) => {
        heard.push(`${event} ${data}`);
        if (heard.length === 2) end.abort();
      },
      end.signal,
    );
    // The client is there when the router wants events for it.
    const raise = () => {
      router.event(undefined, { hook: 'plugin.parked', key: 'p', payload: {} });
      router.event(undefined, { hook: 'lane.crashed', key: 'x', payload });
      if (!end.signal.aborted) setImmediate(raise);
    };
    raise();
    await following;
    assert.equal(heard[0], `lane.crashed ${JSON.stringify({ key: 'x', payload })}`);
  });

  it('says where no daemon is', async () => {
    await assert.rejects(askDaemon(join(folder, 'none.sock'), 'GET', '/v1/status'), { code: 'CONTROL_UNREACHABLE' });
  });
});
