/** A supervisor whose lane processes a test plays, on a virtual clock. */
import assert from 'node:assert/strict';
import {
  type FromLane,
  type LanePlan,
  type LaneProcessListener,
  Logger,
  type Prepared,
  Supervisor,
  type ToLane,
} from '@mainstay/core';
import type { LaneKind } from '@mainstay/sdk';
import { createVirtualClock } from '@mainstay/testing';

export interface Played {
  readonly lane: string;
  readonly pid: number;
  readonly heard: ToLane[];
  readonly signals: string[];
  /** It does not read: what is sent to it stays unsent. */
  hangs: boolean;
  unsent: number;
  say(message: FromLane): void;
  end(cause?: string): void;
}

export const settings = { childWaitMs: 5000, laneMemoryMiB: 512, laneHeartbeatSeconds: 30, consent: [] };
export const at = { file: 't', line: 1, column: 1 };

export function planOf(lane: string, laneKind: LaneKind, plugin: string, hasChildren = false): LanePlan {
  const manifest = { api: '^0.1.0', lane: laneKind, needs: [] };
  return {
    lane,
    laneKind,
    schemaOf: [],
    hasChildren,
    plugins: [{ name: plugin, entry: `/${plugin}`, version: '1', origin: 't', manifest }],
  };
}

export const realtime = planOf('realtime', 'realtime', 'vrrp');
export const balance = planOf('balance', 'balance', 'ipvs');
/** What `leaving` says of itself. */
export const leaves = 'its services go on; `clear` removes them';
export const leaving: LanePlan = {
  ...balance,
  plugins: balance.plugins.map((plugin) => ({ ...plugin, manifest: { ...plugin.manifest, leaves } })),
};
export const extension = planOf('extension', 'extension', 'teller');

export function preparedOf(...plans: readonly LanePlan[]): Prepared {
  return { tree: { files: ['t'], statements: [] }, diagnostics: [], remarks: [], plans, settings };
}

/** With blocks by name, each with a line in it. */
export function withLines(prepared: Prepared, blocks: Readonly<Record<string, string>>): Prepared {
  return withThings(prepared, Object.entries(blocks));
}

/** With empty blocks, of which several may have the same name. */
export function withBlocks(prepared: Prepared, ...names: readonly string[]): Prepared {
  return withThings(
    prepared,
    names.map((name) => [name]),
  );
}

function withThings(prepared: Prepared, things: readonly (readonly [name: string, line?: string])[]): Prepared {
  const word = (text: string) => ({ text, at, quoted: false });
  const statements = things.map(([name, line]) => {
    const block = line === undefined ? [] : [{ keyword: word(line), args: [], rest: '', restAt: at }];
    return { keyword: word('thing'), args: [word(name)], rest: name, restAt: at, block };
  });
  return { ...prepared, tree: { files: ['t'], statements } };
}

type Hook = 'vrrp.transitioned' | 'lane.crashed' | 'bfd.decided' | 'ipvs.quorum';

export const event = (key: string): FromLane => ({ kind: 'event', hook: 'vrrp.transitioned', key, payload: { key } });
export const quorum = (key: string): FromLane => ({ kind: 'event', hook: 'ipvs.quorum', key, payload: { key } });

/** Whoever tracks a session wants to be reminded, others do not. */
const interestIn = (hook: Hook) =>
  ({ hook, keys: '*', ...(hook === 'bfd.decided' ? ({ isReminded: true } as const) : {}) }) as const;

export class Stage {
  readonly clock = createVirtualClock();
  readonly processes: Played[] = [];
  log = '';
  memory = 50;
  readonly ends: string[] = [];
  /** For the PID files. */
  readonly told: string[] = [];
  next: Prepared = preparedOf(realtime, extension);
  readonly supervisor: Supervisor;

  constructor(dontRespawn = false) {
    const { clock } = this;
    const write = (bytes: Uint8Array) => {
      this.log += Buffer.from(bytes).toString();
      return bytes.length;
    };
    this.supervisor = new Supervisor({
      prepare: async () => this.next,
      spawn: (plan, _limits, listener) => this.#play(plan, listener),
      memoryOf: async () => this.memory,
      clock,
      logger: new Logger({ least: 'debug', pid: 1, now: () => clock.wall(), lines: [{ write, format: 'console' }] }),
      configDirectory: () => '/',
      keepAddressesAtExit: false,
      dontRespawn,
      readyWithinMs: 5000,
      laneProcess: ({ plugins }, pid) =>
        void this.told.push(`${plugins.map((p) => p.name)} ${pid === undefined ? 'gone' : 'up'}`),
      fatal: (code, why) => this.ends.push(`${code} ${why}`),
    });
  }

  /** Plugins whose process cannot be made. */
  readonly unmakeable = new Set<string>();

  #play(plan: LanePlan, listener: LaneProcessListener) {
    if (plan.plugins.some(({ name }) => this.unmakeable.has(name))) throw new Error('no memory');
    const heard: ToLane[] = [];
    const signals: string[] = [];
    const pid = 100 + this.processes.length;
    const played: Played = {
      lane: plan.lane,
      pid,
      heard,
      signals,
      hangs: false,
      unsent: 0,
      say: (message) => listener.message(message),
      end: (cause) => listener.exited(cause),
    };
    this.processes.push(played);
    return {
      pid,
      get unsent() {
        return played.unsent;
      },
      send: (message: ToLane) => {
        heard.push(message);
        if (played.hangs) played.unsent++;
      },
      kill: (signal: string) => {
        signals.push(signal);
        listener.exited(`signal ${signal}`);
      },
    };
  }

  /** The last process of the lane. */
  the(lane: string): Played {
    const found = this.processes.findLast((played) => played.lane === lane);
    assert.ok(found !== undefined, `no ${lane} process`);
    return found;
  }

  /** Kinds of the messages that it heard. */
  kinds(lane: string) {
    return this.the(lane).heard.map(({ kind }) => kind);
  }

  ready(lane: string, ...hooks: Hook[]): void {
    this.the(lane).say({ kind: 'ready', interest: hooks.map(interestIn), isIdle: false });
  }

  startAll(prepared: Prepared, ...hooks: Hook[]): void {
    void this.supervisor.start(prepared);
    for (const { laneKind, lane } of [...prepared.plans].reverse()) {
      this.ready(lane, ...(laneKind === 'realtime' ? [] : hooks));
      this.the(lane).say({ kind: 'started' });
    }
  }

  startBoth(...hooks: Hook[]): void {
    this.startAll(preparedOf(realtime, extension), ...hooks);
  }

  /** The lane has reloaded. */
  answerReload(lane = 'realtime'): void {
    const message = this.the(lane).heard.findLast(({ kind }) => kind === 'reload');
    assert.ok(message?.kind === 'reload', `${lane} was not told to reload`);
    this.the(lane).say({ kind: 'reloaded', id: message.id, answer: { ok: true, restarted: [], failed: [] } });
  }
}
