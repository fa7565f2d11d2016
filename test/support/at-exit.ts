/** What must be undone when the test process ends, however it ends short of SIGKILL. Used by everything that starts something. */

const undo = new Set<() => void>();
let armed = false;

/** Runs `action` when this process ends; the answer takes it back. */
export function atExit(action: () => void): () => void {
  if (!armed) {
    armed = true;
    process.once('exit', () => {
      for (const one of [...undo].reverse()) one();
    });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
  }
  undo.add(action);
  return () => undo.delete(action);
}
