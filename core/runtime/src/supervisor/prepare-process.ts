/**
 * Runs `prepare` in a process of its own: plugin code never runs in the supervisor, a hang or a leak there ends with the process,
 * and a reload sees changed modules. `prepareApart` is the supervisor's side; the rest is the program.
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { MainstayError, messageOf } from '@mainstay/sdk';
import { type PackedTree, packTree, unpackTree } from '../config/packed/packed-tree.js';
import type { Findings, OnOutlook, Outlook, Prepared, PrepareRequest } from './prepared.js';

type PackedOutlook = Omit<Outlook, 'tree'> & { readonly tree: PackedTree };

/** First the outlook where there is one, then one of the others. */
export type PrepareReply =
  | { readonly kind: 'outlook'; readonly outlook: PackedOutlook }
  /** With an outlook where it is not the one before: a mistake was found. */
  | { readonly kind: 'prepared'; readonly findings: Findings; readonly outlook?: PackedOutlook }
  | { readonly kind: 'failed'; readonly message: string; readonly code?: string };

const program = fileURLToPath(new URL('./prepare-main.js', import.meta.url));

/**
 * Only what hangs takes so long: at boot, when everything starts on a small router at once, a slow start is better than none; and forty
 * thousand real servers on a busy machine must fit into it.
 */
const longestMs = 120_000;

export interface PrepareApartOptions {
  readonly onOutlook?: OnOutlook;
  readonly withinMs?: number;
  /** The daemon stops: what is being read is of no use any more. */
  readonly signal?: AbortSignal;
}

/** Rejects where the configuration cannot be read, when it takes longer than `withinMs`, or when `signal` aborts. */
export function prepareApart(request: PrepareRequest, options: PrepareApartOptions = {}): Promise<Prepared> {
  const { onOutlook = () => {}, withinMs = longestMs, signal } = options;
  const stopped = 'the daemon stops';
  if (signal?.aborted) return Promise.reject(new Error(stopped));
  return new Promise((resolve, reject) => {
    const child = fork(program, [], { serialization: 'advanced', stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    let printed = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      printed = (printed + text).slice(-4000);
    });
    const timer = setTimeout(() => fail(`reading it took longer than ${withinMs / 1000} s`), withinMs);
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abandon);
      child.kill('SIGKILL');
    };
    const fail = (why: string) => {
      end();
      reject(new Error(why));
    };
    const abandon = () => fail(stopped);
    signal?.addEventListener('abort', abandon);
    let outlook: Outlook | undefined;
    child.on('message', (reply: PrepareReply) => {
      if (reply.kind === 'failed') {
        end();
        reject(errorOf(reply));
        return;
      }
      try {
        if (reply.outlook !== undefined) outlook = unpacked(reply.outlook);
      } catch (error) {
        fail(messageOf(error));
      }
      if (outlook === undefined) return;
      if (reply.kind === 'prepared') {
        end();
        resolve({ ...outlook, ...reply.findings });
      } else void onOutlook(outlook);
    });
    child.on('error', (error) => fail(messageOf(error)));
    child.on('exit', (code, signal) => fail(`the process that read it ended (${signal ?? `exit ${code}`}): ${printed.trim()}`));
    child.send(request);
  });
}

function errorOf(reply: Extract<PrepareReply, { kind: 'failed' }>): Error {
  const error = new Error(reply.message);
  return reply.code === undefined ? error : Object.assign(error, { code: reply.code });
}

function unpacked(outlook: PackedOutlook): Outlook {
  return { ...outlook, tree: unpackTree(outlook.tree) };
}

function packed({ tree, plans, settings }: Outlook): PackedOutlook {
  return { tree: packTree(tree), plans, settings };
}

/** The other side: `say` hears the outlook as soon as there is one; the last word is answered. */
export async function replyTo(
  work: (onOutlook: OnOutlook) => Promise<Prepared>,
  say: (reply: PrepareReply) => Promise<void>,
): Promise<PrepareReply> {
  let said: Outlook | undefined;
  try {
    const prepared = await work((outlook) => {
      said = outlook;
      return say({ kind: 'outlook', outlook: packed(outlook) });
    });
    const { diagnostics, remarks, plans } = prepared;
    const findings = { diagnostics, remarks };
    const isKnown = said?.plans === plans;
    return { kind: 'prepared', findings, ...(!isKnown && { outlook: packed(prepared) }) };
  } catch (error) {
    const { code } = error as { code?: unknown };
    const stack = error instanceof MainstayError || code !== undefined || !(error instanceof Error) ? '' : `\n${error.stack}`;
    return { kind: 'failed', message: `${messageOf(error)}${stack}`, ...(typeof code === 'string' && { code }) };
  }
}
