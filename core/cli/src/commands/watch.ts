/** `mainstay watch`: the events of a running daemon as they come, one line each, until it is interrupted. */
import { followDaemon } from '@mainstay/core';
import type { ClientArguments } from '../options.js';
import { clean } from '../output/table.js';
import { controlSocketOf } from '../paths.js';

export async function watch(args: ClientArguments, print: (line: string) => void): Promise<void> {
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort());
  await followDaemon(
    controlSocketOf(args),
    '/v1/events',
    (event, data) => print(args.json ? jsonLine(event, data) : line(event, data)),
    interrupted.signal,
  );
}

function jsonLine(event: string, data: string): string {
  return `{"event":${JSON.stringify(event)},"data":${data}}\n`;
}

export function line(event: string, data: string): string {
  try {
    const { key, payload } = JSON.parse(data) as { readonly key: string; readonly payload: Readonly<Record<string, unknown>> };
    const at = new Date(typeof payload.at === 'number' ? payload.at : Date.now()).toISOString();
    const fields = Object.entries(payload).filter(([name, value]) => name !== 'at' && value !== key);
    return `${at} ${event} ${clean(key)} ${fields.map(([name, value]) => `${name}=${clean(value)}`).join(' ')}\n`;
  } catch {
    return `${event} ${clean(data)}\n`;
  }
}
