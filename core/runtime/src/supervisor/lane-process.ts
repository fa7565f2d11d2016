/** A lane's process as the supervisor holds it. `forkLane` makes the real one; unit tests hand in their own. */
import { type ChildProcess, fork } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { type FromLane, isFromLane, type ToLane } from '../lanes/messages.js';
import type { LanePlan } from '../lanes/plan.js';

export interface LaneProcess {
  readonly pid: number;
  /** Never throws; a message to a dead process is lost. */
  send(message: ToLane): void;
  kill(signal: 'SIGKILL' | 'SIGTERM'): void;
}

export interface LaneProcessListener {
  message(message: FromLane): void;
  /** A line that the lane's program printed. */
  printed(line: string): void;
  /** Called once. `cause` is `exit CODE`, `signal NAME` or `memory limit`; undefined for a clean end (exit code 0). */
  exited(cause: string | undefined): void;
}

export interface LaneProcessLimits {
  /** Heap limit of V8 in MiB; absent: V8's own. */
  readonly heapMiB?: number;
}

export type SpawnLane = (plan: LanePlan, limits: LaneProcessLimits, listener: LaneProcessListener) => LaneProcess;

const program = fileURLToPath(new URL('../lanes/main.js', import.meta.url));
const longestLine = 2000;

/** Forks the lane program. The process ends itself when this one is gone. */
export const forkLane: SpawnLane = (plan, limits, listener) => {
  const heap = limits.heapMiB === undefined ? [] : [`--max-old-space-size=${limits.heapMiB}`];
  const child = fork(program, [plan.lane, plan.laneKind], {
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: [...process.execArgv.filter((arg) => !arg.startsWith('--max-old-space-size')), ...heap],
  });
  let isOutOfHeap = false;
  const printed = (line: string) => {
    if (/JavaScript heap out of memory/.test(line)) isOutOfHeap = true;
    listener.printed(line.slice(0, longestLine));
  };
  for (const stream of [child.stdout, child.stderr]) if (stream) lines(stream, printed);
  child.on('message', (message: unknown) => {
    if (isFromLane(message)) listener.message(message);
  });
  onceOver(child, (code, signal) => {
    if (isOutOfHeap) return listener.exited('memory limit');
    listener.exited(signal !== null ? `signal ${signal}` : code === 0 ? undefined : `exit ${code}`);
  });
  return {
    pid: child.pid ?? 0,
    send: (message) => {
      if (child.connected) child.send(message, () => {});
    },
    kill: (signal) => {
      child.kill(signal);
    },
  };
};

/** `error` (the fork failed) and `exit` in one; what was printed is read to its end first, for the cause stands there. */
function onceOver(child: ChildProcess, over: (code: number | null, signal: string | null) => void): void {
  let isOver = false;
  const end = (code: number | null, signal: string | null) => {
    if (!isOver) over(code, signal);
    isOver = true;
  };
  child.on('error', () => {
    if (child.pid === undefined) end(127, null);
  });
  // A grandchild may hold the pipes open for ever: `close` is waited for only a moment after `exit`.
  child.on('exit', (code, signal) => setTimeout(() => end(code, signal), 200));
  child.on('close', (code, signal) => end(code, signal));
}

function lines(stream: Readable, each: (line: string) => void): void {
  const reader = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
  reader.on('line', each);
  stream.on('error', () => {});
}
