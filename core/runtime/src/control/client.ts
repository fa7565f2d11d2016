/** Talks to a running daemon over its control socket: what `mainstay status`, `explain` and the others use. */
import { request } from 'node:http';
import { MainstayError } from '@mainstay/sdk';

export interface ControlReply {
  readonly status: number;
  readonly body: unknown;
}

const answerMs = 30_000;
/** An answer beyond this is not from our daemon. */
const largestAnswer = 64 << 20;

function unreachable(socket: string, error: NodeJS.ErrnoException): MainstayError {
  const hint =
    error.code === 'EACCES'
      ? 'only the user that runs the daemon, usually root, may ask it'
      : 'is `mainstay run` running? with another --run-dir or instance, say which';
  return new MainstayError('CONTROL_UNREACHABLE', `no daemon answers on ${socket}: ${error.message}`, hint);
}

/** One question. Rejects with CONTROL_UNREACHABLE where no daemon answers. */
export function askDaemon(socket: string, method: 'GET' | 'POST', path: string, withinMs = answerMs): Promise<ControlReply> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath: socket, method, path, timeout: withinMs }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > largestAnswer) call.destroy(new Error('the answer is too long'));
        else chunks.push(chunk);
      });
      response.on('end', () => {
        try {
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString('utf8')) });
        } catch (error) {
          reject(unreachable(socket, error as Error));
        }
      });
    });
    call.on('timeout', () => call.destroy(new Error(`no answer within ${withinMs / 1000} s`)));
    call.on('error', (error) => reject(unreachable(socket, error)));
    call.end();
  });
}

/** Follows the stream of events until the daemon or `signal` ends it. */
export function followDaemon(
  socket: string,
  path: string,
  hear: (event: string, data: string) => void,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath: socket, method: 'GET', path, signal }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
        for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
          const fields = new Map(
            text
              .slice(0, end)
              .split('\n')
              .map((line) => [line.split(': ', 1)[0] ?? '', line.replace(/^[^:]*: /, '')]),
          );
          text = text.slice(end + 2);
          const event = fields.get('event');
          if (event !== undefined) hear(event, fields.get('data') ?? '');
        }
      });
      response.on('end', resolve);
      response.on('error', resolve);
    });
    call.on('error', (error) => (signal.aborted ? resolve() : reject(unreachable(socket, error))));
    call.end();
  });
}
