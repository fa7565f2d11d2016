/**
 * Runs `prepare` in a process of its own: plugin code never runs in the supervisor, a hang or a leak there ends with the process,
 * and a reload sees changed modules. `prepareApart` is the supervisor's side; the rest is the program.
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { MainstayError, messageOf } from '@mainstay/sdk';
import { type PackedTree, packTree, unpackTree } from '../config/packed/packed-tree.js';
import type { Prepared, PrepareRequest } from './prepared.js';

export type PrepareReply =
  | { readonly ok: true; readonly prepared: Omit<Prepared, 'tree'> & { readonly tree: PackedTree } }
  | { readonly ok: false; readonly message: string; readonly code?: string };

const program = fileURLToPath(new URL('./prepare-main.js', import.meta.url));

/**
 * Only what hangs takes so long: at boot, when everything starts on a small router at once, a slow start is better than none; and forty
 * thousand real servers on a busy machine must fit into it.
 */
const longestMs = 120_000;

/** Rejects where the configuration cannot be read, or when it takes longer than `withinMs`. */
export function prepareApart(request: PrepareRequest, withinMs = longestMs): Promise<Prepared> {
  return new Promise((resolve, reject) => {
    const child = fork(program, [], { serialization: 'advanced', stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    let printed = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      printed = (printed + text).slice(-4000);
    });
    const timer = setTimeout(() => fail(`reading it took longer than ${withinMs / 1000} s`), withinMs);
    const fail = (why: string) => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      reject(new Error(why));
    };
    child.on('message', (reply: PrepareReply) => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      try {
        if (reply.ok) resolve({ ...reply.prepared, tree: unpackTree(reply.prepared.tree) });
        else reject(errorOf(reply));
      } catch (error) {
        reject(error as Error);
      }
    });
    child.on('error', (error) => fail(messageOf(error)));
    child.on('exit', (code, signal) => fail(`the process that read it ended (${signal ?? `exit ${code}`}): ${printed.trim()}`));
    child.send(request);
  });
}

function errorOf(reply: Extract<PrepareReply, { ok: false }>): Error {
  const error = new Error(reply.message);
  return reply.code === undefined ? error : Object.assign(error, { code: reply.code });
}

/** The other side: one request, one reply. */
export async function replyTo(work: () => Promise<Prepared>): Promise<PrepareReply> {
  try {
    const prepared = await work();
    return { ok: true, prepared: { ...prepared, tree: packTree(prepared.tree) } };
  } catch (error) {
    const { code } = error as { code?: unknown };
    const stack = error instanceof MainstayError || code !== undefined || !(error instanceof Error) ? '' : `\n${error.stack}`;
    return { ok: false, message: `${messageOf(error)}${stack}`, ...(typeof code === 'string' && { code }) };
  }
}
