/**
 * The control socket: HTTP and JSON on a unix socket that only the daemon's user may open. Answers questions, streams events,
 * takes wishes (to reload, to have a plugin act). Nothing that arrives here may end or stall the daemon. Started by the daemon.
 */
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { messageOf } from '@mainstay/sdk';

/** What a route answers: a status and a JSON body. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface ControlRoutes {
  /** `path` is decoded and without the query. `undefined`: there is no such thing. */
  answer(method: string, path: readonly string[], query: URLSearchParams): Promise<Answer | undefined>;
  /** Takes over the response as a stream of events; false where the path is not one. */
  stream(path: readonly string[], query: URLSearchParams, response: ServerResponse): boolean;
}

const largestBody = 64 * 1024;
const mostConnections = 64;

/** Listens; rejects where the socket cannot be made. */
export function serveControl(path: string, routes: ControlRoutes): Promise<Server> {
  const server = createServer({ maxHeaderSize: 8192, requestTimeout: 5000, headersTimeout: 5000, keepAliveTimeout: 1000 });
  server.maxConnections = mostConnections;
  server.on('request', (request, response) => {
    handle(request, response, routes).catch((error: unknown) => {
      if (!response.headersSent) send(response, { status: 500, body: { error: messageOf(error) } });
      else response.destroy();
    });
  });
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    else socket.destroy();
  });
  rmSync(path, { force: true });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // The mask closes the moment between bind and chmod.
    const mask = process.umask(0o177);
    server.listen(path, () => {
      server.off('error', reject);
      server.on('error', () => {});
      chmodSync(path, 0o600);
      resolve(server);
    });
    process.umask(mask);
  });
}

async function handle(request: IncomingMessage, response: ServerResponse, routes: ControlRoutes): Promise<void> {
  response.on('error', () => {});
  const isWhole = await drain(request);
  if (!isWhole) return send(response, { status: 413, body: { error: `a body of more than ${largestBody} bytes` } }, true);
  const url = parse(request.url ?? '/');
  if (url === undefined) return send(response, { status: 400, body: { error: 'the path cannot be read' } });
  if (request.method === 'GET' && routes.stream(url.path, url.query, response)) return;
  const answer = await routes.answer(request.method ?? 'GET', url.path, url.query);
  send(response, answer ?? { status: 404, body: { error: `there is no ${request.method} ${request.url}` } });
}

/** No route needs a body: it is read and dropped, up to a bound. */
async function drain(request: IncomingMessage): Promise<boolean> {
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > largestBody) return false;
  }
  return true;
}

function parse(text: string): { readonly path: readonly string[]; readonly query: URLSearchParams } | undefined {
  try {
    const url = new URL(text, 'http://mainstay');
    return { path: url.pathname.split('/').filter(Boolean).map(decodeURIComponent), query: url.searchParams };
  } catch {
    return undefined;
  }
}

function send(response: ServerResponse, { status, body }: Answer, mustClose = false): void {
  const text = `${JSON.stringify(body)}\n`;
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...(mustClose && { connection: 'close' }),
  });
  response.end(text);
}
