/** `runChecker`: one probe of a checker, with its block given as keepalived.conf text and a deadline on the virtual clock. */
import { ConfigRegistry } from '@mainstay/core';
import {
  type Block,
  type Checker,
  type CheckTarget,
  type Clock,
  checkerBlock,
  type Fields,
  failure,
  type Infer,
  type Log,
  MainstayError,
  type NetworkCheckerConfig,
  type PortName,
  type Ports,
  portNames,
  type Verdict,
} from '@mainstay/sdk';
import { createVirtualClock, type VirtualClock } from '../clock/virtual-clock.js';
import { readConfigText, refuseErrors } from './config-text.js';
import type { LogRecord } from './log-record.js';
import { systemClock } from './system-clock.js';

export interface RunCheckerOptions {
  /** The checker's block: `KEYWORD { ... }`. Default: the block without a keyword in it. */
  readonly config?: string;
  /** The real server; `connect_ip` and the like in the block move it. Default 192.0.2.10, port 80. */
  readonly target?: Partial<CheckTarget>;
  readonly virtualHost?: string;
  /** Default 1. */
  readonly attempt?: number;
  /** `delay_loop` in milliseconds. Default 60000, as keepalived's; what the block says goes before. */
  readonly delayLoopMs?: number;
  /** What earlier probes left; hand over the same map to play several probes of one check. */
  readonly memory?: Map<string, unknown>;
  /** Milliseconds until the signal aborts and the verdict is `timeout`. Default: what the block or the checker says, else 5000. */
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
  /** Ports that it touched, those that it was refused among them. */
  readonly touched: ReadonlySet<PortName>;
}

/** Rejects with ConfigRefused where the block is wrong; whatever the checker does wrong is a verdict. */
export async function runChecker<F extends Fields>(checker: Checker<F>, options: RunCheckerOptions = {}): Promise<CheckerRun> {
  const config = await bindCheckerBlock(checker, options.config);
  if (options.time === 'real') return probe(checker, config, options, systemClock);
  const clock = options.clock ?? createVirtualClock();
  return clock.drive(probe(checker, config, options, clock));
}

/** The values of a checker's block, as in a `real_server`: with the keywords that every checker has. Rejects with ConfigRefused. */
export async function bindCheckerBlock<F extends Fields>(
  checker: Checker<F>,
  text = `${checker.keyword} {\n}`,
): Promise<Infer<Block<F>>> {
  const registry = new ConfigRegistry();
  const handle = registry.pointsFor('checker').block(checker.keyword, checkerBlock(checker));
  refuseErrors(registry.bind(await readConfigText(text), { unknownKeywords: 'error' }));
  return handle.value as Infer<Block<F>>;
}

/** What the loop makes of the real server and of the keywords of the block. */
function targetOf(block: Partial<NetworkCheckerConfig>, server: CheckTarget): CheckTarget {
  const { connect_ip, connect_port, bindto, bind_port, bind_if, fwmark } = block;
  return {
    ...server,
    ...(connect_ip !== undefined && { address: connect_ip }),
    ...(connect_port !== undefined && { port: connect_port }),
    ...(bindto !== undefined && { localAddress: bindto }),
    ...(bind_port !== undefined && { localPort: bind_port }),
    ...(bind_if !== undefined && { link: bind_if }),
    ...(fwmark !== undefined && { mark: fwmark }),
  };
}

function deadlineOf<F extends Fields>(checker: Checker<F>, config: Infer<Block<F>>, delayLoopMs: number): number {
  const timeoutMs = (config as Partial<NetworkCheckerConfig>).connect_timeout ?? 5000;
  return checker.timeoutMs?.(config, { delayLoopMs, timeoutMs }) ?? timeoutMs;
}

function probe<F extends Fields>(
  checker: Checker<F>,
  config: Infer<Block<F>>,
  options: RunCheckerOptions,
  clock: Clock,
): Promise<CheckerRun> {
  const log: LogRecord[] = [];
  const touched = new Set<PortName>();
  const abort = new AbortController();
  const startedAt = clock.now();
  const block = config as { readonly delay_loop?: number } & Partial<NetworkCheckerConfig>;
  const delayLoopMs = block.delay_loop ?? options.delayLoopMs ?? 60_000;
  const deadlineMs = options.deadlineMs ?? deadlineOf(checker, config, delayLoopMs);
  const context = {
    target: targetOf(block, { address: '192.0.2.10', port: 80, ...options.target }),
    config,
    virtualHost: options.virtualHost,
    attempt: options.attempt ?? 1,
    delayLoopMs,
    timeoutMs: deadlineMs,
    memory: options.memory ?? new Map<string, unknown>(),
    signal: abort.signal,
    clock,
    log: collect(log, checker.keyword, clock),
    ports: portsOf(checker, options.ports ?? {}, touched),
  };
  return new Promise((resolve) => {
    let end = (verdict: Verdict, reason = new DOMException('the probe is over', 'AbortError')) => {
      end = () => {};
      timer.cancel();
      resolve({ verdict, durationMs: clock.now() - startedAt, log, touched });
      abort.abort(reason);
    };
    const timer = clock.after(deadlineMs, () => {
      end({ ok: false, reason: 'timeout' }, new DOMException('the probe took too long', 'TimeoutError'));
    });
    const ask = async (): Promise<Verdict> => {
      if (checker.check !== undefined) return checker.check(context);
      const ending = checker.watch?.({ ...context, report: (verdict) => end(verdict) });
      // What is known already is reported before there is anything to end.
      if (abort.signal.aborted) ending?.();
      else abort.signal.addEventListener('abort', () => ending?.());
      return new Promise(() => {});
    };
    ask().then(
      (verdict) => end(verdict),
      (error: unknown) => end(failure(error)),
    );
  });
}

function collect(records: LogRecord[], plugin: string, clock: Clock): Log {
  const say = (level: LogRecord['level']) => (message: string, fields?: Readonly<Record<string, unknown>>) => {
    records.push({ level, plugin, message, at: clock.wall(), ...(fields === undefined ? {} : { fields }) });
  };
  return { error: say('error'), warn: say('warn'), info: say('info'), debug: say('debug') };
}

function portsOf(checker: Pick<Checker, 'keyword' | 'needs'>, given: Partial<Ports>, touched: Set<PortName>): Ports {
  const ports = {};
  for (const name of portNames) {
    const get = () => {
      touched.add(name);
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
