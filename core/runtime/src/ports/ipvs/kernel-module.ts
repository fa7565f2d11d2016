/** Loads the kernel module ip_vs with modprobe(8), where this host lets modules be loaded at all. Called once, by family.ts. */
import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { closeOthersOnExec } from '@mainstay/pacemaker';

/** Only where root puts it: nothing that the environment says chooses a program that runs with our privileges. */
const places = ['/usr/sbin/modprobe', '/sbin/modprobe', '/run/current-system/sw/bin/modprobe'];
const limitMs = 10_000;
/** After its end, for what it said last. */
const lastWordsMs = 50;
const mostWords = 500;

/** Why it could not be loaded; undefined where it could. */
export async function loadModule(name = 'ip_vs', programs: readonly string[] = places): Promise<string | undefined> {
  if (await isForbidden()) return 'the module is not loaded, and this host forbids loading any: kernel.modules_disabled is 1';
  for (const program of programs) {
    const isThere = await access(program, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return runModprobe(program, name);
  }
  return `the module is not loaded, and there is no ${places[0]} to load it with`;
}

async function isForbidden(): Promise<boolean> {
  const text = await readFile('/proc/sys/kernel/modules_disabled', 'utf8').catch(() => '0');
  return text.trim() === '1';
}

function runModprobe(program: string, name: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    closeOthersOnExec();
    const child = spawn(program, ['--', name], {
      cwd: '/',
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: limitMs,
      killSignal: 'SIGKILL',
    });
    let words = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      words = (words + text).slice(0, mostWords);
    });
    child.on('error', (error) => resolve(`${program} could not be run: ${error.message}`));
    child.on('exit', (code, signal) => {
      const ended = () => {
        clearTimeout(timer);
        child.stderr?.destroy();
        if (code === 0) resolve(undefined);
        else if (signal !== null) resolve(`${program} did not end within ${limitMs} ms and was killed`);
        else resolve(`${program} ${name} says: ${words.trim().split('\n')[0] || `nothing, exit code ${code}`}`);
      };
      // Whatever it started may hold its standard error open for ever.
      const timer = setTimeout(ended, lastWordsMs);
      child.once('close', ended);
    });
  });
}
