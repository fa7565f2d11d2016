/**
 * Scripts are ordinary processes, whatever the lane that starts them is: a nice value and a badness for the out-of-memory killer
 * that suit the lane would be inherited. Called by the process port around each spawn.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

const badness = '/proc/self/oom_score_adj';

/**
 * Runs `start`, which forks on this thread, with nice 0 and oom_score_adj 0, and takes both back. What the privileges do not allow
 * stays as it is: in the child itself, once it has another user, even less would be allowed.
 */
export function withOrdinaryWeight<T>(start: () => T): T {
  const undo = [ordinaryNice(), ordinaryBadness()];
  try {
    return start();
  } finally {
    for (const back of undo) back?.();
  }
}

/** PRIO_PROCESS with 0 means this thread, which is the one that forks. Taking it back needs no privilege where nice grows again. */
function ordinaryNice(): (() => void) | undefined {
  return attempt(() => {
    const nice = getPriority(0);
    if (nice === 0) return undefined;
    // A realtime lane must get its priority back: without the right to take one, it keeps what it has.
    if (nice < 0) setPriority(0, nice - 1);
    setPriority(0, 0);
    return () => void attempt(() => setPriority(0, nice));
  });
}

function ordinaryBadness(): (() => void) | undefined {
  return attempt(() => {
    const mine = readFileSync(badness, 'utf8').trim();
    if (mine === '0') return undefined;
    if (Number(mine) < 0) writeFileSync(badness, String(Number(mine) - 1));
    writeFileSync(badness, '0');
    return () => void attempt(() => writeFileSync(badness, mine));
  });
}

function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
