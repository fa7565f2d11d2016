/** Runs a checker in a process of its own, with the real ports of this host. For checkerContract; checker-child.ts is the program. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Verdict } from '@mainstay/sdk';
import type { RunCheckerOptions } from './run-checker.js';

export type ElsewhereOptions = Pick<RunCheckerOptions, 'config' | 'target' | 'virtualHost'>;

export interface ElsewhereRequest {
  readonly module: string;
  readonly options: ElsewhereOptions;
}

export type ElsewhereAnswer = { readonly verdict: Verdict } | { readonly error: string };

const program = fileURLToPath(new URL('./checker-child.js', import.meta.url));
const longestMs = 20_000;

export function runElsewhere(module: URL, options: ElsewhereOptions): Promise<Verdict> {
  return new Promise((resolve, reject) => {
    const child = fork(program, [], { stdio: 'inherit' });
    const timer = setTimeout(() => child.kill('SIGKILL'), longestMs);
    child.once('message', (answer: ElsewhereAnswer) => {
      if ('error' in answer) reject(new Error(answer.error));
      else resolve(answer.verdict);
      child.kill('SIGKILL');
    });
    child.once('exit', () => {
      clearTimeout(timer);
      reject(new Error('the process of the checker ended without a verdict'));
    });
    child.send({ module: module.href, options } satisfies ElsewhereRequest);
  });
}
