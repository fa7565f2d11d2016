/** Probes of checkers as the checking loop makes them, in real time over stream-ports.ts: context, deadline, memory that stays. */
import { ConfigRegistry, loadKeepalivedText, systemClock } from '@mainstay/core';
import { type Checker, checkerBlock, type Fields, failure, type Log, type Ports, type Verdict } from '@mainstay/sdk';
import { type StreamPorts, streamPorts } from './stream-ports.js';

export interface Probing {
  readonly ports: StreamPorts;
  readonly log: string[];
  /** One probe. `abort`: gives it up with a reason of its own. */
  probe(attempt?: number, abort?: AbortController): Promise<Verdict & { readonly durationMs: number }>;
}

export interface ProbingOptions {
  /** Lines of the block. */
  readonly config?: string;
  readonly port: number;
  readonly address?: string;
  readonly virtualHost?: string;
  readonly timeoutMs?: number;
}

/** The block of a checker, bound; throws with what is wrong with it. */
export function boundBlock<F extends Fields>(checker: Checker<F>, lines = ''): unknown {
  const registry = new ConfigRegistry();
  const handle = registry.pointsFor('checker').block(checker.keyword, checkerBlock(checker));
  const text = `${checker.keyword} {\n${lines}\n}\n`;
  const { tree, diagnostics } = loadKeepalivedText(text, { file: '/test.conf', configId: '', env: {} });
  const errors = [...diagnostics, ...registry.bind(tree, { unknownKeywords: 'error' })].filter((d) => d.severity === 'error');
  if (errors.length > 0)
    throw new Error(errors.map(({ at, message, hint = '' }) => `${at.line}:${at.column} ${message} (${hint})`).join('\n'));
  // As it arrives in the lane of the checkers.
  return structuredClone(handle.value);
}

export function probing<F extends Fields>(checker: Checker<F>, options: ProbingOptions): Probing {
  const ports = streamPorts();
  const config = boundBlock(checker, options.config);
  const memory = new Map<string, unknown>();
  const log: string[] = [];
  const say = (message: string) => void log.push(message);
  const timeoutMs = options.timeoutMs ?? 1000;
  const { connect_ip, connect_port } = config as { readonly connect_ip?: string; readonly connect_port?: number };
  return {
    ports,
    log,
    async probe(attempt = 1, abort = new AbortController()) {
      const began = performance.now();
      const limit = checker.timeoutMs?.(config as never, { delayLoopMs: 60_000, timeoutMs }) ?? timeoutMs;
      const timer = setTimeout(() => abort.abort(new DOMException('timeout', 'TimeoutError')), limit);
      const context = {
        target: { address: connect_ip ?? options.address ?? '127.0.0.1', port: connect_port ?? options.port },
        config: config as never,
        virtualHost: options.virtualHost,
        attempt,
        delayLoopMs: 60_000,
        timeoutMs: limit,
        memory,
        signal: abort.signal,
        clock: systemClock,
        log: { error: say, warn: say, info: say, debug: say } satisfies Log,
        ports: ports as unknown as Ports,
      };
      const verdict = await Promise.resolve(checker.check?.(context) ?? failure('no check')).catch(failure);
      clearTimeout(timer);
      return { ...verdict, durationMs: performance.now() - began };
    },
  };
}
