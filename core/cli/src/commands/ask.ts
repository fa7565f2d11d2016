/** Asks a running daemon for the client commands, and says in one way when none answers. */
import { askDaemon } from '@mainstay/core/client';
import type { ClientArguments } from '../options.js';
import { controlSocketOf } from '../paths.js';

/** Exit code of `status`, `explain` and the others when no daemon answers. */
export const noDaemon = 3;

/** The answer's body. Throws a MainstayError where no daemon answers, and an Error with its words where it refuses. */
export async function ask<Body>(
  args: ClientArguments,
  path: string,
  method: 'GET' | 'POST' = 'GET',
  withinMs?: number,
): Promise<Body> {
  const { status, body } = await askDaemon(controlSocketOf(args), method, path, withinMs);
  if (status < 400 || status === 422) return body as Body;
  const { error, names } = body as { readonly error?: string; readonly names?: readonly string[] };
  const known = names === undefined || names.length === 0 ? '' : `; there are: ${names.join(', ')}`;
  throw new Error(`${error ?? `the daemon answers ${status}`}${known}`);
}
