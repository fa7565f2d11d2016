/**
 * Without -n the daemon goes to the background as keepalived does: a process of a session of its own, detached from the
 * terminal. The one who started it learns from the exit code whether it came up.
 */
import { spawn } from 'node:child_process';
import type { Starter } from './commands/run.js';

const mark = 'MAINSTAY_BACKGROUND';
/** Longer than lanes may take to load and start. */
const longestStartMs = 60_000;

type Word = { readonly kind: 'ready' } | { readonly kind: 'complaint'; readonly text: string };

/** True in the process that is to be the daemon. */
export function isBackground(): boolean {
  return process.env[mark] === '1' && process.send !== undefined;
}

/** Starts this program again in the background; answers the exit code for the one who started it. */
export function goToBackground(argv: readonly string[], script: string): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...process.execArgv, script, ...argv], {
      detached: true,
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      env: { ...process.env, [mark]: '1' },
    });
    const timer = setTimeout(() => {
      process.stderr.write(`mainstay: still starting after ${longestStartMs / 1000} s; see the log (pid ${child.pid})\n`);
      done(0);
    }, longestStartMs);
    const done = (code: number) => {
      clearTimeout(timer);
      if (child.connected) child.disconnect();
      child.unref();
      resolve(code);
    };
    child.on('message', (word: Word) => {
      if (word.kind === 'ready') done(0);
      else process.stderr.write(`${word.text}\n`);
    });
    child.on('error', (error) => {
      process.stderr.write(`mainstay: cannot go to the background: ${error.message}\n`);
      done(1);
    });
    child.on('exit', (code) => done(code ?? 1));
  });
}

/** What the background process says to the one who started it, until it is ready. */
export function backgroundStarter(): Starter {
  delete process.env[mark];
  process.on('disconnect', () => {});
  const say = (word: Word, then?: () => void) => {
    if (process.connected) process.send?.(word, undefined, {}, () => then?.());
  };
  return {
    hasConsole: false,
    complain: (text) => say({ kind: 'complaint', text }),
    ready: () =>
      say({ kind: 'ready' }, () => {
        if (process.connected) process.disconnect();
      }),
  };
}
