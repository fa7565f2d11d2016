/**
 * One run of nft(8): a transaction in on standard input, an exit code and a few words out, within a bounded time. Called by
 * firewall.ts.
 */
import { spawn } from 'node:child_process';
import { closeOthersOnExec } from '@mainstay/pacemaker';

/** Usually a run takes 20 ms; a very large rule set of the operator's, which nft reads first, some hundred. */
export const limitMs = 3000;
/** nft's words are for a log line. */
const maxWords = 2000;

export type FilterRun =
  | { readonly outcome: 'exited'; readonly code: number; readonly words: string }
  | { readonly outcome: 'missing' }
  | { readonly outcome: 'timedOut' }
  | { readonly outcome: 'failed'; readonly error: string };

/** Never rejects. */
export function runFilterProgram(program: string, script: string): Promise<FilterRun> {
  return new Promise((resolve) => {
    closeOthersOnExec();
    const child = spawn(program, ['-f', '-'], {
      // A group of its own: a Ctrl-C in the daemon's terminal must not end the removal of the rules.
      detached: true,
      cwd: '/',
      // Only where root puts programs of the system: nft is often not in the PATH that a daemon inherits.
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/run/current-system/sw/bin', LC_ALL: 'C' },
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    let words = '';
    const finish = (run: FilterRun): void => {
      clearTimeout(timer);
      child.stderr?.destroy();
      resolve(run);
    };
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      child.unref();
      finish({ outcome: 'timedOut' });
    }, limitMs);
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      words = (words + text).slice(0, maxWords);
    });
    // It may end before it has read everything: its exit code says why.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(script);
    child.on('error', (error: NodeJS.ErrnoException) =>
      finish(error.code === 'ENOENT' ? { outcome: 'missing' } : { outcome: 'failed', error: error.message }),
    );
    child.on('close', (code, signal) =>
      finish(code === null ? { outcome: 'failed', error: `it was ended by ${signal}` } : { outcome: 'exited', code, words }),
    );
  });
}
