/** `mainstay watch [HOOK]...`: the events of a running daemon as they come, one line each, until it is interrupted. */
import { followDaemon } from '@mainstay/core/client';
import { catalogue, type HookName, hookNames } from '@mainstay/sdk';
import { UsageError } from '../getopt.js';
import type { ClientArguments } from '../options.js';
import { clean } from '../output/table.js';
import { controlSocketOf } from '../paths.js';

/** Come all the time while everything is well: shown only when they are asked for. */
const noisy: readonly HookName[] = ['vrrp.advert', 'checker.result'];

/** The hooks to watch: those named, or all that tell of a change. Throws UsageError for a name that does not exist. */
export function watched(names: readonly string[]): readonly HookName[] {
  const known = hookNames.filter((name) => catalogue[name].kind === 'observe');
  if (names.length === 0) return known.filter((name) => !noisy.includes(name));
  return names.map((name) => {
    const found = known.find((candidate) => candidate === name);
    if (found === undefined) throw new UsageError(`there is no event "${name}"; there are: ${known.join(', ')}`);
    return found;
  });
}

export async function watch(args: ClientArguments, print: (line: string) => void): Promise<void> {
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort());
  const path = `/v1/events?${watched(args.names)
    .map((name) => `hook=${name}`)
    .join('&')}`;
  const show = (event: string, data: string) => print(args.json ? jsonLine(event, data) : line(event, data));
  await followDaemon(controlSocketOf(args), path, show, interrupted.signal);
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
