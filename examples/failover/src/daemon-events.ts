/** Follows a daemon's states over its control socket: what it says of itself, as it happens. Used by namespaces.ts. */
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { VrrpTransitioned } from '@mainstay/sdk';
import { forEachLine } from './lines.js';

/** Connects as soon as the daemon listens; ends with `signal`. */
export function followStates(runFolder: string, signal: AbortSignal, hear: (event: VrrpTransitioned) => void): void {
  void keepTrying(join(runFolder, 'control.sock'), signal, hear);
}

async function keepTrying(socketPath: string, signal: AbortSignal, hear: (event: VrrpTransitioned) => void): Promise<void> {
  while (!signal.aborted) {
    await stream(socketPath, signal, hear);
    await sleep(20);
  }
}

/** One connection to the stream of server-sent events; resolves when it ends or cannot be made. */
function stream(socketPath: string, signal: AbortSignal, hear: (event: VrrpTransitioned) => void): Promise<void> {
  return new Promise((resolve) => {
    const call = request({ socketPath, path: '/v1/events?hook=vrrp.transitioned', signal }, (response) => {
      forEachLine(response, (line) => {
        if (line.startsWith('data: ')) hear((JSON.parse(line.slice(6)) as { payload: VrrpTransitioned }).payload);
      });
      response.on('close', resolve).on('error', () => resolve());
    });
    call.on('error', () => resolve());
    call.end();
  });
}
