/** `runChecker`: one probe of a checker, with its block given as keepalived.conf text and a deadline on the virtual clock. */
import { ConfigRegistry } from '@mainstay/core';
import {
  type Block,
  type Checker,
  type CheckTarget,
  type Clock,
  type Fields,
  type Infer,
  type Log,
  MainstayError,
  messageOf,
  type Ports,
  portNames,
  s,
  type Verdict,
} from '@mainstay/sdk';
import { createVirtualClock, type VirtualClock } from '../clock/virtual-clock.js';
import { readConfigText, refuseErrors } from './config-text.js';
import type { LogRecord } from './log-record.js';
import { systemClock } from './system-clock.js';

export interface RunCheckerOptions {
  /** The checker's block: `KEYWORD { ... }`. Default: the block without a keyword in it. */
  readonly config?: string;
  /** Default 192.0.2.10, port 80. */
  readonly target?: Partial<CheckTarget>;
  /** Default 1. */
  readonly attempt?: number;
  /** Milliseconds until the signal aborts and the verdict is `timeout`. Default 5000, as keepalived's connect_timeout. */
  readonly deadlineMs?: number;
  /** For checkers that declare `needs`: those ports, simulated or made for the test. */
  readonly ports?: Partial<Ports>;
  /**
   * `virtual` (default): time passes as fast as the checker's timers allow, and a check that waits for nothing ends at the
   * deadline at once. `real`: for checkers that talk to a real server that the test started.
   */
  readonly time?: 'virtual' | 'real';
  /** A clock that the test also uses, for instance of a simulation. Only with virtual time. */
  readonly clock?: VirtualClock;
}

export interface CheckerRun {
  readonly verdict: Verdict;
  readonly durationMs: number;
  readonly log: readonly LogRecord[];
}

/** Rejects with ConfigRefused where the block is wrong; whatever the checker does wrong is a verdict. */
export async function runChecker<F extends Fields>(checker: Checker<F>, options: RunCheckerOptions = {}): Promise<CheckerRun> {
  const config = await bindBlock(checker, options.config);
  if (options.time === 'real') return probe(checker, config, options, systemClock);
  const clock = options.clock ?? createVirtualClock();
  return clock.drive(probe(checker, config, options, clock));
}

async function bindBlock<F extends Fields>(checker: Checker<F>, text = `${checker.keyword} {\n}`): Promise<Infer<Block<F>>> {
  const registry = new ConfigRegistry();
  const handle = registry.pointsFor('checker').block(checker.keyword, s.block(checker.fields));
  refuseErrors(registry.bind(await readConfigText(text), { unknownKeywords: 'error' }));
  return handle.value as Infer<Block<F>>;
}

function probe<F extends Fields>(
  checker: Checker<F>,
  config: Infer<Block<F>>,
  options: RunCheckerOptions,
  clock: Clock,
): Promise<CheckerRun> {
  const log: LogRecord[] = [];
  const abort = new AbortController();
  const startedAt = clock.now();
  const context = {
    target: { address: '192.0.2.10', port: 80, ...options.target },
    config,
    virtualHost: undefined,
    attempt: options.attempt ?? 1,
    delayLoopMs: 60_000,
    timeoutMs: options.deadlineMs ?? 5000,
    memory: new Map<string, unknown>(),
    signal: abort.signal,
    clock,
    log: collect(log, checker.keyword, clock),
    ports: portsOf(checker, options.ports ?? {}),
  };
  return new Promise((resolve) => {
    const end = (verdict: Verdict) => {
      timer.cancel();
      resolve({ verdict, durationMs: clock.now() - startedAt, log });
    };
    const timer = clock.after(options.deadlineMs ?? 5000, () => {
      end({ ok: false, reason: 'timeout' });
      abort.abort();
    });
    (async () => checker.check?.(context) ?? ({ ok: false, reason: 'it has no check()' } satisfies Verdict))().then(
      end,
      (error: unknown) => end({ ok: false, reason: messageOf(error) }),
    );
  });
}

function collect(records: LogRecord[], plugin: string, clock: Clock): Log {
  const say = (level: LogRecord['level']) => (message: string, fields?: Readonly<Record<string, unknown>>) => {
    records.push({ level, plugin, message, at: clock.wall(), ...(fields === undefined ? {} : { fields }) });
  };
  return { error: say('error'), warn: say('warn'), info: say('info'), debug: say('debug') };
}

function portsOf(checker: Pick<Checker, 'keyword' | 'needs'>, given: Partial<Ports>): Ports {
  const ports = {};
  for (const name of portNames) {
    const get = () => {
      if (checker.needs?.includes(name) !== true) {
        throw new MainstayError('PORT_NOT_GRANTED', `checker ${checker.keyword} touched the port "${name}"`, `add it to "needs"`);
      }
      if (given[name] === undefined) throw new Error(`the test gave no port "${name}": pass it in the option "ports"`);
      return given[name];
    };
    Object.defineProperty(ports, name, { get });
  }
  return ports as Ports;
}
