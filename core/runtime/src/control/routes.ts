/** What the control socket answers, in terms of the supervisor. Version 1 of the paths; used by server.ts. */
import type { ServerResponse } from 'node:http';
import { catalogue, type HookName, hookNames } from '@mainstay/sdk';
import { InterestSet } from '../hooks/interest.js';
import type { ActionFacts } from '../host/actions.js';
import type { ActionOutcome } from '../supervisor/actions.js';
import type { LaneEvent } from '../supervisor/lane-handle.js';
import type { ReloadOutcome } from '../supervisor/reload-outcome.js';
import type { DaemonReport } from '../supervisor/report.js';
import type { Router } from '../supervisor/router.js';
import type { Answer, ControlRoutes } from './server.js';

/** The part of the daemon that a client may see. */
export interface Controlled {
  readonly router: Router;
  report(): Promise<DaemonReport>;
  explain(name: string): Promise<readonly unknown[]>;
  reload(): Promise<ReloadOutcome>;
  actions(): readonly ActionFacts[];
  act(verb: string, name: string): Promise<ActionOutcome>;
  readonly identity: { readonly version: string; readonly pid: number; readonly instance?: string };
}

/** A client that reads slower than this much behind loses events, and is told how many. */
const streamBacklog = 256 * 1024;
const mostStreams = 16;

export function controlRoutes(daemon: Controlled): ControlRoutes {
  let streams = 0;
  return {
    async answer(method, path, query) {
      const [version, what, name] = path;
      if (version !== 'v1') return undefined;
      if (method === 'POST') return change(daemon, path.slice(1));
      if (path.length > 3) return undefined;
      if (method !== 'GET') return { status: 405, body: { error: `${method} is not for here` } };
      return read(daemon, what ?? '', name, query);
    },
    stream([version, what, more], query, response) {
      if (version !== 'v1' || what !== 'events' || more !== undefined) return false;
      if (streams >= mostStreams) {
        response.writeHead(503).end();
        return true;
      }
      streams++;
      response.once('close', () => streams--);
      streamEvents(daemon.router, hooksOf(query), response);
      return true;
    },
  };
}

async function change(daemon: Controlled, path: readonly string[]): Promise<Answer | undefined> {
  const [what, verb, name] = path;
  if (what === 'reload' && path.length === 1) return reload(daemon);
  if (what === 'actions' && verb !== undefined && name !== undefined && path.length === 3) return act(daemon, verb, name);
  return undefined;
}

async function read(
  daemon: Controlled,
  what: string,
  name: string | undefined,
  query: URLSearchParams,
): Promise<Answer | undefined> {
  if (what === 'explain' && name !== undefined) return explain(daemon, name);
  if (what === 'objects' && name !== undefined) return object(daemon, name, query.get('kind'));
  if (name !== undefined) return undefined;
  switch (what) {
    case 'status': {
      const { objects, lanes, plugins: _plugins, taps: _taps, ...rest } = await daemon.report();
      return { status: 200, body: { ...daemon.identity, ...rest, lanes, objects } };
    }
    case 'plugins':
      return { status: 200, body: { plugins: (await daemon.report()).plugins } };
    case 'actions':
      return { status: 200, body: { actions: daemon.actions() } };
    case 'hooks':
      return { status: 200, body: { hooks: catalogue, taps: (await daemon.report()).taps } };
    default:
      return undefined;
  }
}

async function explain(daemon: Controlled, name: string): Promise<Answer> {
  const explanations = await daemon.explain(name);
  if (explanations.length > 0) return { status: 200, body: { explanations } };
  return { status: 404, body: { error: `nothing is called "${name}"`, names: await namesOf(daemon) } };
}

async function object(daemon: Controlled, name: string, kind: string | null): Promise<Answer> {
  const { objects } = await daemon.report();
  const found = objects.filter((o) => o.name === name && (kind === null || o.kind === kind));
  if (found.length > 0) return { status: 200, body: { objects: found } };
  return { status: 404, body: { error: `nothing is called "${name}"`, names: objects.map((o) => o.name) } };
}

async function namesOf(daemon: Controlled): Promise<readonly string[]> {
  return (await daemon.report()).objects.map((o) => o.name);
}

async function reload(daemon: Controlled): Promise<Answer> {
  const outcome = await daemon.reload();
  return { status: outcome.ok ? 200 : 422, body: outcome };
}

const statusOfFailure = { refused: 409, 'unknown-verb': 404, 'unknown-name': 404, unavailable: 503 } as const;

async function act(daemon: Controlled, verb: string, name: string): Promise<Answer> {
  const outcome = await daemon.act(verb, name);
  return { status: outcome.ok ? 200 : statusOfFailure[outcome.why], body: outcome };
}

/** `?hook=NAME`, which may stand several times; without it every observable hook. */
function hooksOf(query: URLSearchParams): readonly HookName[] {
  const wanted = query.getAll('hook');
  return hookNames.filter((name) => catalogue[name].kind === 'observe' && (wanted.length === 0 || wanted.includes(name)));
}

/** Server-sent events: `event: HOOK`, `data: {"key":...,"payload":...}`. Ends when the client goes. */
function streamEvents(router: Router, hooks: readonly HookName[], response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.write(': listening\n\n');
  const interest = new InterestSet();
  for (const hook of hooks) interest.add(hook, '*');
  let lost = 0;
  const hear = ({ hook, key, payload }: LaneEvent) => {
    if (response.writableLength > streamBacklog) {
      lost++;
      return;
    }
    if (lost > 0) response.write(`event: lost\ndata: ${lost}\n\n`);
    lost = 0;
    response.write(`event: ${hook}\ndata: ${dataOf(key, payload)}\n\n`);
  };
  const end = router.listen({ interest, hear });
  response.once('close', end);
}

/** What a lane sends may hold more than JSON can say. Never throws: that would be the end of the event for others. */
function dataOf(key: string, payload: unknown): string {
  try {
    return JSON.stringify({ key, payload }, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
  } catch {
    return JSON.stringify({ key, payload: {} });
  }
}
