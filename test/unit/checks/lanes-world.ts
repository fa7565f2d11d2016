/** Lanes that are played under the real supervisor, with the real ends of the checks in them. Used by across-lanes.test.ts. */
import { type CheckNews, type FromLane, HookBus, HostChecks, type LanePlan, type ToLane } from '@mainstay/core';
import { type CheckState, type Checks, defineChecker, down, type LaneKind, type Ports, up } from '@mainstay/sdk';
import { type Played, planOf, preparedOf, Stage } from '../lanes/supervisor-stage.js';

export function planned(lane: string, laneKind: LaneKind, plugin: string, needs: readonly 'checks'[] = []): LanePlan {
  const plan = planOf(lane, laneKind, plugin);
  return { ...plan, plugins: plan.plugins.map((one) => ({ ...one, manifest: { ...one.manifest, needs } })) };
}
export const balance = planned('balance', 'balance', 'lb', ['checks']);
export const health = planned('health', 'health', 'x');
export const more = planned('health:y', 'health', 'y');
export const timing = { delayLoopMs: 1000, retry: 0 };

/** What a lane tells that has nothing to check. */
export const quiet = { checks: 0, probes: 0, planned: 0, underWay: 0, inRoutine: 0, unserved: 0, unsent: 0 };

const kinds = ['checks', 'checked', 'checksAsked', 'checksTold', 'checkers', 'checksHeld'];

export class World {
  readonly stage = new Stage();
  readonly told: CheckState[] = [];
  readonly ends: HostChecks[] = [];
  port!: Checks;
  readonly checkers: Record<string, readonly string[]> = { health: ['X_CHECK'], 'health:y': ['Y_CHECK'] };
  isUp = true;
  probes = 0;
  readonly #unread: (() => void)[] = [];
  /** Asked of everything that a lane sends. */
  busy = 0;

  constructor(...plans: readonly LanePlan[]) {
    void this.stage.supervisor.start(preparedOf(...plans));
    for (const { lane } of plans) this.begin(lane);
  }

  get lines(): readonly string[] {
    return this.told.map(({ id, isUp }) => `${id} ${isUp ? 'up' : 'down'}`);
  }

  /** The last process of the lane comes up, and its plugin starts. */
  begin(lane: string): HostChecks {
    const process = this.stage.the(lane);
    const end = this.#endOf(lane, process);
    this.ends.push(end);
    const checkers = this.checkers[lane] ?? [];
    for (const keyword of checkers) {
      end.define(keyword);
      const check = () => {
        this.probes++;
        return this.isUp ? up(keyword) : down('no');
      };
      const none = () => {};
      const log = { error: none, warn: none, info: none, debug: none };
      end.begin(keyword, { plugin: lane, spec: defineChecker({ keyword, fields: {}, check }), log, ports: {} as Ports });
    }
    if (lane.startsWith('balance')) {
      this.port = end.portFor('lb', new AbortController().signal);
      this.port.watch((states) => this.told.push(...states));
    }
    process.say({ kind: 'ready', interest: [], isIdle: false, checkers });
    return end;
  }

  /** As kill -9 does it, and the supervisor starts the next at once. */
  async crash(lane: string): Promise<void> {
    const process = this.stage.the(lane);
    this.ends[this.stage.processes.indexOf(process)]?.close();
    process.end('signal SIGKILL');
    await this.stage.clock.advance(0);
  }

  /** Its process stands still, and reads nothing. */
  hang(lane: string): Played {
    const process = this.stage.the(lane);
    process.hangs = true;
    return process;
  }

  resume(process: Played): void {
    process.hangs = false;
    process.unsent = 0;
    for (const read of this.#unread.splice(0)) read();
  }

  #endOf(lane: string, process: Played): HostChecks {
    const { clock } = this.stage;
    const bus = new HookBus({ lane, clock, log: () => {} });
    const log = (level: string, plugin: string, message: string) => {
      this.stage.log += `${plugin} ${level}: ${message}\n`;
    };
    const end = new HostChecks({ lane, clock, random: () => 0, hooks: bus.callsFor('checkers'), log });
    const isAlive = () => this.stage.the(lane) === process;
    const over = (message: FromLane | ToLane) => structuredClone(message);
    end.connect({ send: (message) => isAlive() && process.say(over(message) as FromLane), isBusy: () => this.busy-- > 0 });
    const hear = (message: ToLane) => {
      if (process.hangs) this.#unread.push(() => hear(message));
      else if (kinds.includes(message.kind)) end.receive(over(message) as CheckNews);
      if (message.kind === 'start') process.say({ kind: 'started' });
    };
    process.heard.push = (...messages) => {
      for (const message of messages) hear(message);
      return Array.prototype.push.apply(process.heard, messages);
    };
    return end;
  }
}
