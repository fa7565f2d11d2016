/**
 * Lanes of a daemon that starts, launched while its configuration is still being checked: the processes load their plugins and bind their
 * blocks meanwhile, and act only once they are told to. What they say waits until they are taken over. Used by supervisor.ts.
 */
import type { LaneSetup, ToLane } from '../lanes/messages.js';
import type { LanePlan } from '../lanes/plan.js';
import type { LaneProcess, LaneProcessLimits, LaneProcessListener, SpawnLane } from './lane-process.js';

/** So much of what a lane says is kept for later, beside what its start cannot do without. */
const mostKept = 1000;

export class EarlyLanes {
  readonly #spawn: SpawnLane;
  readonly #waiting = new Map<LanePlan, EarlyLane>();

  constructor(spawn: SpawnLane) {
    this.#spawn = spawn;
  }

  launch(plan: LanePlan, limits: LaneProcessLimits, setup: LaneSetup): void {
    this.#waiting.set(plan, new EarlyLane(setup, (listener) => this.#spawn(plan, limits, listener)));
  }

  /** Hands over the process that was launched for this very plan, or starts one. */
  readonly spawn: SpawnLane = (plan, limits, listener) => {
    const early = this.#waiting.get(plan);
    this.#waiting.delete(plan);
    return early === undefined ? this.#spawn(plan, limits, listener) : early.handOver(listener);
  };

  /** Those that nobody has taken over end: nothing of them has acted. */
  abandon(): void {
    for (const early of this.#waiting.values()) early.kill('SIGKILL');
    this.#waiting.clear();
  }
}

class EarlyLane implements LaneProcess {
  readonly isSetUp = true;
  readonly #process: LaneProcess;
  #listener: LaneProcessListener | undefined;
  readonly #heard: ((listener: LaneProcessListener) => void)[] = [];

  constructor(setup: LaneSetup, spawn: (listener: LaneProcessListener) => LaneProcess) {
    this.#process = spawn({
      message: (message) => {
        const isVital = message.kind === 'ready' || message.kind === 'failed';
        this.#tell((listener) => listener.message(message), isVital);
      },
      printed: (line) => this.#tell((listener) => listener.printed(line)),
      exited: (cause) => this.#tell((listener) => listener.exited(cause), true),
    });
    this.#process.send({ kind: 'setup', setup });
  }

  /** The listener then hears everything from the beginning, but nothing from within this call. */
  handOver(listener: LaneProcessListener): LaneProcess {
    queueMicrotask(() => {
      this.#listener = listener;
      for (const tell of this.#heard.splice(0)) tell(listener);
    });
    return this;
  }

  #tell(what: (listener: LaneProcessListener) => void, isVital = false): void {
    if (this.#listener !== undefined) what(this.#listener);
    else if (isVital || this.#heard.length < mostKept) this.#heard.push(what);
  }

  get pid(): number {
    return this.#process.pid;
  }
  get unsent(): number {
    return this.#process.unsent;
  }

  send(message: ToLane): void {
    this.#process.send(message);
  }

  kill(signal: 'SIGKILL' | 'SIGTERM'): void {
    this.#process.kill(signal);
  }
}
