/** A lane's process as the supervisor holds it. `forkLane` makes the real one; unit tests hand in their own. */
import { type ChildProcess, fork } from 'node:child_process';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { fileURLToPath } from 'node:url';
import { messageOf } from '@mainstay/sdk';
import { type Batch, type FromLane, isFromLane, messagesIn, type SentToLane, type ToLane, toSend } from '../lanes/messages.js';
import type { LanePlan } from '../lanes/plan.js';
import { LineCutter } from '../log/line-cutter.js';

export interface LaneProcess {
  /** 0 where the system could not start one; `exited` then follows. */
  readonly pid: number;
  /** It was sent its setup before it was handed over. */
  readonly isSetUp?: boolean;
  /** Never throws; a message to a dead process is lost. */
  send(message: ToLane): void;
  /** Messages that the system has not taken, because the process does not read. */
  readonly unsent: number;
  kill(signal: 'SIGKILL' | 'SIGTERM'): void;
}

export interface LaneProcessListener {
  message(message: FromLane): void;
  /** A line that the lane's program printed. */
  printed(line: string): void;
  /**
   * Called once, never from within `spawn`. `cause` is `exit CODE`, `signal NAME`, `memory limit` or why there is no process;
   * undefined for a clean end (exit code 0).
   */
  exited(cause: string | undefined): void;
}

export interface LaneProcessLimits {
  /** Heap limit of V8 in MiB; absent: V8's own. */
  readonly heapMiB?: number;
}

export type SpawnLane = (plan: LanePlan, limits: LaneProcessLimits, listener: LaneProcessListener) => LaneProcess;

const program = fileURLToPath(new URL('../lanes/main.js', import.meta.url));
/** Forks the lane program. The process ends itself when this one is gone. Never throws: a host short of memory gets another try. */
export const forkLane: SpawnLane = (plan, limits, listener) => {
  try {
    return forked(plan, limits, listener);
  } catch (error) {
    setImmediate(() => listener.exited(`no process could be started: ${messageOf(error)}`));
    return { pid: 0, unsent: 0, send: () => {}, kill: () => {} };
  }
};

const forked: SpawnLane = (plan, limits, listener) => {
  const heap = limits.heapMiB === undefined ? [] : [`--max-old-space-size=${limits.heapMiB}`];
  const child = fork(program, [plan.lane, plan.laneKind], {
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: [...process.execArgv.filter((arg) => !arg.startsWith('--max-old-space-size')), ...heap],
  });
  let isOutOfHeap = false;
  const printed = (line: string) => {
    if (/JavaScript heap out of memory/.test(line)) isOutOfHeap = true;
    listener.printed(line);
  };
  for (const stream of [child.stdout, child.stderr]) if (stream) lines(stream, printed);
  child.on('message', (arrived: unknown) => {
    for (const message of messagesIn(arrived)) if (isFromLane(message)) listener.message(message);
  });
  onceOver(child, (cause) => listener.exited(isOutOfHeap ? 'memory limit' : cause));
  const outbox = new Outbox((batch, done) => {
    if (child.connected) child.send(batch, done);
    else done();
  });
  return {
    pid: child.pid ?? 0,
    send: (message) => outbox.put(message),
    get unsent() {
      return outbox.unsent;
    },
    kill: (signal) => {
      child.kill(signal);
    },
  };
};

/** Messages of one turn of the event loop together: a thousand events need not be a thousand writes. */
class Outbox {
  #waiting: SentToLane[] = [];
  unsent = 0;

  /** `send` calls `done` once the system has the batch, or never will. */
  constructor(private readonly send: (batch: Batch<SentToLane>, done: () => void) => void) {}

  put(message: ToLane): void {
    this.#waiting.push(toSend(message));
    this.unsent++;
    if (this.#waiting.length > 1) return;
    setImmediate(() => {
      const batch = this.#waiting;
      this.#waiting = [];
      this.send({ batch }, () => {
        this.unsent -= batch.length;
      });
    });
  }
}

/** `error` (the fork failed) and `exit` in one; what was printed is read to its end first, for the cause stands there. */
function onceOver(child: ChildProcess, over: (cause: string | undefined) => void): void {
  let isOver = false;
  const end = (cause: string | undefined) => {
    if (!isOver) over(cause);
    isOver = true;
  };
  const ended = (code: number | null, signal: string | null) =>
    end(signal !== null ? `signal ${signal}` : code === 0 ? undefined : `exit ${code}`);
  child.on('error', (error) => {
    if (child.pid === undefined) end(`no process could be started: ${error.message}`);
  });
  // A grandchild may hold the pipes open for ever: `close` is waited for only a moment after `exit`.
  child.on('exit', (code, signal) => setTimeout(() => ended(code, signal), 200));
  child.on('close', ended);
}

function lines(stream: Readable, each: (line: string) => void): void {
  const decoder = new StringDecoder('utf8');
  const cutter = new LineCutter(each);
  stream.on('data', (chunk: Buffer) => cutter.push(decoder.write(chunk)));
  stream.on('end', () => cutter.end());
  stream.on('error', () => {});
}
